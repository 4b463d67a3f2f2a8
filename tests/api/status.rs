//! `status`: an app that was killed goes on with its stored ticket.

use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    start: super::optional_server;
    a_ticket_shows_where_its_flow_is,
    a_status_does_not_reveal_who_has_an_account,
    a_change_of_credentials_ends_the_flows_of_the_user,
);

mod questions {
    use super::*;
    server_tests!(
        start: super::strict_server;
        a_flow_of_a_dormant_account_says_so,
        a_flow_whose_act_is_held_or_refused_says_so,
        a_change_of_number_that_is_held_says_so,
    );
}

const DAY: Duration = Duration::from_secs(86_400);
const PUBLIC: [&str; 3] = ["login", "password-reset", "account-deletion"];
/// Flows with a ticket, and the path of the request that ends each.
const FLOWS: [(&str, Method, &str); 9] = [
    ("register", Method::POST, "/v1/register/verify-code"),
    ("login", Method::POST, "/v1/login/verify-code"),
    ("password-reset", Method::POST, "/v1/password-reset/verify-code"),
    ("account-deletion", Method::POST, "/v1/account-deletion/verify-code"),
    ("reclaim", Method::POST, "/v1/reclaim/verify-code"),
    ("me/phone", Method::POST, "/v1/me/phone/verify-code"),
    ("me/phone/confirm", Method::POST, "/v1/me/phone/confirm/verify-code"),
    ("me/password", Method::PUT, "/v1/me/password"),
    ("me/deletion", Method::DELETE, "/v1/me"),
];

/// Service where an account can be without a password, and get its first one.
async fn optional_server(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[("PASSWORD_MODE", "optional"), ("NUMBER_STALE_DAYS", "90")]).await
}

async fn strict_server(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[("NUMBER_CONFIRM_DAYS", "3")]).await
}

/// Flow that waits for its code.
struct Started {
    flow: &'static str,
    user: TestUser,
    phone: String,
    ticket: String,
    code: String,
}

impl Started {
    async fn call(&self, server: &TestServer, method: Method, path: &str, body: Value) -> Response {
        if path.starts_with("/v1/me") {
            return server.call(method, path, &self.user.access_token, body).await;
        }
        server.post(path, body).await
    }

    async fn status(&self, server: &TestServer) -> Response {
        let path = format!("/v1/{}/status", self.flow);
        self.call(server, Method::POST, &path, json!({"ticket": self.ticket})).await
    }

    async fn verify(&self, server: &TestServer, code: &str) -> Response {
        let (_, method, path) = FLOWS.iter().find(|(flow, ..)| *flow == self.flow).unwrap();
        let mut body = json!({"ticket": self.ticket, "code": code});
        if self.flow == "me/password" {
            body["new_password"] = json!(PASSWORD);
        }
        self.call(server, method.clone(), path, body).await
    }
}

async fn start(server: &TestServer, flow: &'static str) -> Started {
    let user = match flow {
        "me/password" => server.create_user_without_password().await,
        _ => server.create_user().await,
    };
    start_for(server, flow, user).await
}

async fn start_for(server: &TestServer, flow: &'static str, user: TestUser) -> Started {
    let phone = if ["register", "reclaim", "me/phone"].contains(&flow) { fresh_phone() } else { user.phone.clone() };
    let path = format!("/v1/{flow}/send-code");
    let before = server.sms.messages_for(&phone).len();
    let sent = match flow {
        "me/phone" => {
            let body = json!({"phone_number": phone, "current_password": PASSWORD});
            server.call(Method::POST, &path, &user.access_token, body).await
        }
        "me/phone/confirm" | "me/password" | "me/deletion" => {
            server.call(Method::POST, &path, &user.access_token, Value::Null).await
        }
        "reclaim" => {
            let former = server.detached_phone().await;
            server.advance(Duration::from_secs(3_600));
            server.post(&path, server.reclaim_body(&former, &phone).await).await
        }
        _ => {
            let captcha = server.captcha().await;
            server.post(&path, json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS})).await
        }
    };
    sent.assert_status(200);
    let code = server.next_code(&phone, before).await;
    Started { flow, user, phone, ticket: sent.text("ticket"), code }
}

fn masked(phone: &str) -> String {
    format!("{}****{}", &phone[..6], &phone[10..])
}

async fn a_ticket_shows_where_its_flow_is(server: TestServer) {
    for (flow, ..) in FLOWS {
        let started = start(&server, flow).await;
        let waiting = |left: u32, expires_in: u32, resend_in: u32| {
            json!({
                "step": "verify_code", "phone_number": masked(&started.phone), "expires_in": expires_in,
                "resend_in": resend_in, "attempts_left": left,
            })
        };
        assert_eq!(started.status(&server).await.body, waiting(5, 300, 60), "{flow}");
        started.verify(&server, &wrong_code(&started.code)).await.assert_error(422, "code_wrong");
        server.advance(Duration::from_secs(10));
        assert_eq!(started.status(&server).await.body, waiting(4, 290, 50), "{flow}");
        server.advance(Duration::from_secs(55));
        // A status costs nothing and changes nothing.
        for _ in 0..10 {
            assert_eq!(started.status(&server).await.body, waiting(4, 235, 0), "{flow}");
        }
        let done = started.verify(&server, &started.code).await;
        let status = started.status(&server).await;
        match flow {
            "register" | "password-reset" => {
                let body = json!({"step": "set_password", "phone_number": started.phone, "expires_in": 900});
                assert_eq!(status.body, body, "{flow}");
            }
            // It is held.
            "account-deletion" | "me/deletion" | "me/phone" => {
                done.assert_error(409, "act_held");
                assert_eq!(status.text("step"), "prove_account", "{flow}");
            }
            _ => {
                assert!(done.status.is_success(), "{flow}: {done:?}");
                status.assert_error(410, "ticket_expired");
            }
        }
    }
}

async fn a_status_does_not_reveal_who_has_an_account(server: TestServer) {
    for flow in PUBLIC {
        let (user, unknown) = (server.create_user().await, fresh_phone());
        let mut tickets = Vec::new();
        for phone in [&user.phone, &unknown] {
            tickets.push((phone, server.send_code_for(flow, phone).await.text("ticket")));
        }
        server.next_code(&user.phone, 1).await;
        let compare = async |step: &str| {
            let mut answers = Vec::new();
            for (phone, ticket) in &tickets {
                let mut answer = server.post(&format!("/v1/{flow}/status"), json!({"ticket": ticket})).await;
                if answer.status.is_success() {
                    assert_eq!(answer.body["phone_number"], masked(phone), "{flow} {step}");
                }
                for own in ["phone_number", "request_id"] {
                    answer.body.as_object_mut().unwrap().remove(own);
                }
                for own in ["x-request-id", "date"] {
                    answer.headers.remove(own);
                }
                answers.push((answer.status, answer.headers, answer.body));
            }
            assert_eq!(answers[0], answers[1], "{flow} {step}");
            answers.remove(0).2
        };
        let sent = json!({"step": "verify_code", "expires_in": 300, "resend_in": 60, "attempts_left": 5});
        assert_eq!(compare("after the first message").await, sent);
        server.advance(Duration::from_secs(60));
        for (_, ticket) in &tickets {
            server.post(&format!("/v1/{flow}/resend-code"), json!({"ticket": ticket})).await.assert_status(200);
        }
        let resent = json!({"step": "verify_code", "expires_in": 240, "resend_in": 120, "attempts_left": 5});
        assert_eq!(compare("after the second message").await, resent);
        let code = server.next_code(&user.phone, 2).await;
        for left in (1..5).rev() {
            for (_, ticket) in &tickets {
                let body = json!({"ticket": ticket, "code": wrong_code(&code)});
                server.post(&format!("/v1/{flow}/verify-code"), body).await.assert_error(422, "code_wrong");
            }
            assert_eq!(compare("after a wrong code").await["attempts_left"], left);
        }
        for (_, ticket) in &tickets {
            let body = json!({"ticket": ticket, "code": wrong_code(&code)});
            server.post(&format!("/v1/{flow}/verify-code"), body).await.assert_error(410, "code_exhausted");
        }
        assert_eq!(compare("after the last wrong code").await["code"], "ticket_expired");
        assert!(server.sms.messages_for(&unknown).is_empty());
    }
}

async fn a_change_of_credentials_ends_the_flows_of_the_user(server: TestServer) {
    for flow in ["me/phone", "me/phone/confirm", "me/deletion"] {
        let mut started = start(&server, flow).await;
        started.status(&server).await.assert_status(200);
        let body = json!({"current_password": PASSWORD, "new_password": "staple battery horse"});
        let changed = server.call(Method::PUT, "/v1/me/password", &started.user.access_token, body).await;
        changed.assert_status(200);
        started.user.access_token = changed.text("access_token");
        started.status(&server).await.assert_error(410, "ticket_expired");
        started.verify(&server, &started.code).await.assert_error(410, "ticket_expired");
    }
}

/// Fields of a status that say why a right code was not enough.
fn question(status: &Response) -> [Value; 5] {
    status.assert_status(200);
    ["step", "act", "reason", "start_anew", "retry_after"].map(|field| status.body[field].clone())
}

async fn a_flow_of_a_dormant_account_says_so(mut server: TestServer) {
    for (flow, act) in [("login", "sign_in"), ("password-reset", "password_reset"), ("register", "sign_in")] {
        let user = server.dormant_user().await;
        if flow == "register" {
            // Otherwise the sign-up is refused.
            server.vars.push(("REGISTER_CONCEAL_TAKEN".to_owned(), "true".to_owned()));
            server.url = server.serve().await;
        }
        let (ticket, code) = server.ticket_and_code(flow, &user.phone).await;
        server.verify(flow, &ticket, &code).await.assert_error(409, "account_dormant");
        let status = async |flow: &str| server.post(&format!("/v1/{flow}/status"), json!({"ticket": ticket})).await;
        let found = status(flow).await;
        let expected = [json!("prove_account"), json!(act), json!("account_dormant"), json!(true), Value::Null];
        assert_eq!(question(&found), expected, "{flow}");
        assert_eq!((found.number("expires_in"), found.text("phone_number")), (900, user.phone.clone()));

        server.start_anew(flow, &ticket).await.assert_status(200);
        if flow != "register" {
            status(flow).await.assert_error(410, "ticket_expired");
        }
        let anew = status("register").await;
        assert_eq!(question(&anew), [json!("set_password"), Value::Null, Value::Null, Value::Null, Value::Null]);
        server.advance(Duration::from_secs(3_600));
    }
}

async fn a_flow_whose_act_is_held_or_refused_says_so(server: TestServer) {
    for (flow, act, start_anew) in [
        ("login", "sign_in", true),
        ("password-reset", "password_reset", true),
        ("account-deletion", "deletion", true),
        ("me/deletion", "deletion", false),
    ] {
        let mut user = server.create_user().await;
        server.advance(4 * DAY);
        server.renew(&mut user).await;
        let started = start_for(&server, flow, user).await;
        started.verify(&server, &started.code).await.assert_error(409, "act_held");
        let expected = |reason: &str, retry_after: u32| {
            [json!("prove_account"), json!(act), json!(reason), json!(start_anew), json!(retry_after)]
        };
        assert_eq!(question(&started.status(&server).await), expected("act_held", 86_400), "{flow}");
        server.advance(Duration::from_secs(600));
        assert_eq!(question(&started.status(&server).await), expected("act_held", 85_800), "{flow}");

        if flow != "me/deletion" {
            let pending = server.pending(&started.user.access_token).await;
            server.resolve(&started.user.access_token, &pending[0], "refuse").await.assert_status(204);
            started.verify(&server, &started.code).await.assert_error(409, "act_refused");
            assert_eq!(question(&started.status(&server).await), expected("act_refused", 604_800), "{flow}");
        }
        server.advance(Duration::from_secs(3_600));
    }
}

async fn a_change_of_number_that_is_held_says_so(server: TestServer) {
    let started = start(&server, "me/phone").await;
    started.verify(&server, &started.code).await.assert_error(409, "act_held");
    let expected = [json!("prove_account"), json!("phone_change"), json!("act_held"), json!(false), json!(86_400)];
    assert_eq!(question(&started.status(&server).await), expected);
}

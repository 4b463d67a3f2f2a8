//! Purposes: a ticket is valid only for its flow and its user.

use crate::server_tests;
use crate::test_server::{BYPASS, PASSWORD, TestServer, fresh_phone};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};

server_tests!(
    an_unverified_ticket_is_unknown_to_other_flows,
    a_verified_ticket_is_unknown_to_other_flows,
    a_ticket_of_a_signed_in_user_is_unknown_to_other_users,
);

/// Every endpoint with a ticket: its flow, method, path, whether it requires an access token, and its other fields.
fn endpoints() -> Vec<(&'static str, Method, String, bool, Value)> {
    let mut all = Vec::new();
    let code = json!({"code": "CODE"});
    let password = json!({"password": PASSWORD});
    for flow in ["register", "login", "password-reset", "account-deletion", "me/phone", "me/phone/confirm"] {
        let needs_token = flow.starts_with("me/");
        all.push((flow, Method::POST, format!("/v1/{flow}/resend-code"), needs_token, json!({})));
        all.push((flow, Method::POST, format!("/v1/{flow}/verify-code"), needs_token, code.clone()));
    }
    all.push(("me/password", Method::POST, "/v1/me/password/resend-code".to_owned(), true, json!({})));
    all.push(("me/deletion", Method::POST, "/v1/me/deletion/resend-code".to_owned(), true, json!({})));
    all.push(("me/deletion", Method::DELETE, "/v1/me".to_owned(), true, code));
    for flow in ["register", "login", "password-reset", "account-deletion"] {
        all.push((flow, Method::POST, format!("/v1/{flow}/start-anew"), false, json!({})));
    }
    all.push(("login", Method::POST, "/v1/login/claim".to_owned(), false, password.clone()));
    for flow in FLOWS.into_iter().chain(["me/password", "reclaim"]) {
        all.push((flow, Method::POST, format!("/v1/{flow}/status"), flow.starts_with("me/"), json!({})));
    }
    all.push(("register", Method::POST, "/v1/register/set-password".to_owned(), false, password.clone()));
    all.push(("register", Method::POST, "/v1/register/submit-profile".to_owned(), false, json!({"nickname": "Eve"})));
    all.push(("password-reset", Method::POST, "/v1/password-reset/set-password".to_owned(), false, password));
    all
}

/// Checks that the ticket is unknown to every endpoint of other flows. With `include_own`, also to the endpoints of its
/// own flow that require an access token, with the token of another user.
async fn assert_unknown_elsewhere(
    server: &TestServer,
    own: &str,
    ticket: &str,
    code: &str,
    user: &TestUser,
    include_own: bool,
) {
    for (flow, method, path, needs_token, other_fields) in endpoints() {
        if flow == own && !(include_own && needs_token) {
            continue;
        }
        let mut body = other_fields;
        body["ticket"] = json!(ticket);
        if !body["code"].is_null() {
            body["code"] = json!(code);
        }
        let response = if needs_token {
            server.call(method, &path, &user.access_token, body).await
        } else {
            server.post(&path, body).await
        };
        assert_eq!(
            (response.status.as_u16(), response.code()),
            (410, "ticket_expired"),
            "{own} at {path}: {response:?}"
        );
    }
}

/// Starts a flow and returns its ticket, its code and its user.
async fn start_flow(server: &TestServer, flow: &str) -> (String, String, TestUser) {
    let user = server.create_user().await;
    let (phone, before) = match flow {
        "register" => (fresh_phone(), 0),
        "me/phone" => (fresh_phone(), 0),
        _ => (user.phone.clone(), server.sms.messages_for(&user.phone).len()),
    };
    let captcha = server.captcha().await;
    let sent = match flow {
        "me/phone" => {
            let body = json!({"phone_number": phone, "current_password": PASSWORD});
            server.call(Method::POST, "/v1/me/phone/send-code", &user.access_token, body).await
        }
        "me/deletion" | "me/phone/confirm" => {
            server.call(Method::POST, &format!("/v1/{flow}/send-code"), &user.access_token, Value::Null).await
        }
        _ => {
            let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
            server.post(&format!("/v1/{flow}/send-code"), body).await
        }
    };
    sent.assert_status(200);
    (sent.text("ticket"), server.next_code(&phone, before).await, user)
}

const FLOWS: [&str; 7] =
    ["register", "login", "password-reset", "account-deletion", "me/phone", "me/phone/confirm", "me/deletion"];

async fn an_unverified_ticket_is_unknown_to_other_flows(server: TestServer) {
    for flow in FLOWS {
        let (ticket, code, user) = start_flow(&server, flow).await;
        assert_unknown_elsewhere(&server, flow, &ticket, &code, &user, false).await;
        // The attempts did not use up the ticket.
        let (path, body) = (format!("/v1/{flow}/verify-code"), json!({"ticket": ticket, "code": code}));
        let response = match flow {
            "me/phone" | "me/phone/confirm" => server.call(Method::POST, &path, &user.access_token, body).await,
            "me/deletion" => server.call(Method::DELETE, "/v1/me", &user.access_token, body).await,
            _ => server.post(&path, body).await,
        };
        // A deletion with a code, and a change of number on a new device, are held.
        assert!(response.status.is_success() || response.code() == "act_held", "{flow}: {response:?}");
    }
}

async fn a_verified_ticket_is_unknown_to_other_flows(server: TestServer) {
    for flow in ["register", "password-reset"] {
        let (ticket, code, user) = start_flow(&server, flow).await;
        let body = json!({"ticket": ticket, "code": code});
        server.post(&format!("/v1/{flow}/verify-code"), body).await.assert_status(200);
        assert_unknown_elsewhere(&server, flow, &ticket, &code, &user, false).await;
        server.log_in(&user.phone, PASSWORD).await.assert_status(200);
    }
}

async fn a_ticket_of_a_signed_in_user_is_unknown_to_other_users(server: TestServer) {
    for flow in ["me/phone", "me/phone/confirm", "me/deletion"] {
        let (ticket, code, user) = start_flow(&server, flow).await;
        let attacker = server.create_user().await;
        assert_unknown_elsewhere(&server, flow, &ticket, &code, &attacker, true).await;
        server.log_in(&user.phone, PASSWORD).await.assert_status(200);
        server.me(&attacker.access_token).await.assert_status(200);
    }
}

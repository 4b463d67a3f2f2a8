//! A ticket is good for what it was made for, and for whom, and for nothing else.

use crate::over_both_back_ends;
use crate::people::Person;
use crate::test_server::{BYPASS, PASSWORD, TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};

over_both_back_ends!(
    a_ticket_that_waits_for_its_code_is_unknown_elsewhere,
    a_ticket_with_a_verified_phone_is_unknown_elsewhere,
    a_ticket_of_a_signed_in_person_is_unknown_to_others,
);

/// Every endpoint that takes a ticket: the flow it belongs to, method, path, whether it needs a bearer, and what else it takes.
fn endpoints() -> Vec<(&'static str, Method, String, bool, Value)> {
    let mut all = Vec::new();
    let code = json!({"code": "CODE"});
    let password = json!({"password": PASSWORD});
    for flow in ["register", "login", "password-reset", "account-deletion", "me/phone"] {
        all.push((flow, Method::POST, format!("/v1/{flow}/resend-code"), flow == "me/phone", json!({})));
        all.push((flow, Method::POST, format!("/v1/{flow}/verify-code"), flow == "me/phone", code.clone()));
    }
    all.push(("me/deletion", Method::POST, "/v1/me/deletion/resend-code".to_owned(), true, json!({})));
    all.push(("me/deletion", Method::DELETE, "/v1/me".to_owned(), true, code));
    all.push(("register", Method::POST, "/v1/register/status".to_owned(), false, json!({})));
    all.push(("register", Method::POST, "/v1/register/set-password".to_owned(), false, password.clone()));
    all.push(("register", Method::POST, "/v1/register/submit-profile".to_owned(), false, json!({"nickname": "Eve"})));
    all.push(("password-reset", Method::POST, "/v1/password-reset/set-password".to_owned(), false, password));
    all
}

/// Tries the ticket at every endpoint of every other flow, and at those of its own flow that need a bearer with another one.
async fn try_elsewhere(server: &TestServer, own: &str, ticket: &str, code: &str, bearer: &Person, own_too: bool) {
    for (flow, method, path, needs_bearer, rest) in endpoints() {
        if flow == own && !(own_too && needs_bearer) {
            continue;
        }
        let mut body = rest;
        body["ticket"] = json!(ticket);
        if !body["code"].is_null() {
            body["code"] = json!(code);
        }
        let answer = if needs_bearer {
            server.call(method, &path, &bearer.access, body).await
        } else {
            server.post(&path, body).await
        };
        assert_eq!((answer.status.as_u16(), answer.code()), (410, "ticket_expired"), "{own} at {path}: {answer:?}");
    }
}

/// A ticket of each flow, with its code and whose it is.
async fn ticket(server: &TestServer, flow: &str) -> (String, String, Person) {
    let person = server.person().await;
    let (phone, before) = match flow {
        "register" => (fresh_phone(), 0),
        "me/phone" => (fresh_phone(), 0),
        _ => (person.phone.clone(), server.sms.messages_for(&person.phone).len()),
    };
    let captcha = server.captcha().await;
    let sent = match flow {
        "me/phone" => {
            let body = json!({"phone_number": phone, "current_password": PASSWORD});
            server.call(Method::POST, "/v1/me/phone/send-code", &person.access, body).await
        }
        "me/deletion" => server.call(Method::POST, "/v1/me/deletion/send-code", &person.access, Value::Null).await,
        _ => {
            let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
            server.post(&format!("/v1/{flow}/send-code"), body).await
        }
    };
    sent.assert_done(200);
    (sent.text("ticket"), server.next_code(&phone, before).await, person)
}

const FLOWS: [&str; 6] = ["register", "login", "password-reset", "account-deletion", "me/phone", "me/deletion"];

async fn a_ticket_that_waits_for_its_code_is_unknown_elsewhere(server: TestServer) {
    for flow in FLOWS {
        let (ticket, code, person) = ticket(&server, flow).await;
        try_elsewhere(&server, flow, &ticket, &code, &person, false).await;
        // And it was not used up by that.
        let (path, body) = (format!("/v1/{flow}/verify-code"), json!({"ticket": ticket, "code": code}));
        let answer = match flow {
            "me/phone" => server.call(Method::POST, &path, &person.access, body).await,
            "me/deletion" => server.call(Method::DELETE, "/v1/me", &person.access, body).await,
            _ => server.post(&path, body).await,
        };
        assert!(answer.status.is_success(), "{flow}: {answer:?}");
    }
}

async fn a_ticket_with_a_verified_phone_is_unknown_elsewhere(server: TestServer) {
    for flow in ["register", "password-reset"] {
        let (ticket, code, person) = ticket(&server, flow).await;
        let body = json!({"ticket": ticket, "code": code});
        server.post(&format!("/v1/{flow}/verify-code"), body).await.assert_done(200);
        try_elsewhere(&server, flow, &ticket, &code, &person, false).await;
        server.log_in(&person.phone, PASSWORD).await.assert_done(200);
    }
}

async fn a_ticket_of_a_signed_in_person_is_unknown_to_others(server: TestServer) {
    for flow in ["me/phone", "me/deletion"] {
        let (ticket, code, person) = ticket(&server, flow).await;
        let thief = server.person().await;
        try_elsewhere(&server, flow, &ticket, &code, &thief, true).await;
        server.log_in(&person.phone, PASSWORD).await.assert_done(200);
        server.me(&thief.access).await.assert_done(200);
    }
}

//! Idempotency of every POST in the OpenAPI document that is not harmless to repeat.

use super::{post, post_as, request_with_key, send_code_body};
use crate::response::{DOCUMENT, resolve};
use crate::support::redis;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use crate::users::{TestUser, wait_until};
use deadpool_redis::redis::cmd;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Settings of an avatar storage. The test uploads nothing.
const STORAGE: [(&str, &str); 7] = [
    ("AVATAR_STORAGE", "s3"),
    ("AVATAR_BASE_URL", "https://cdn.example.com/avatars/"),
    ("AVATAR_S3_ENDPOINT", "https://s3.example.com"),
    ("AVATAR_S3_REGION", "nowhere-1"),
    ("AVATAR_S3_BUCKET", "pictures"),
    ("AVATAR_S3_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AVATAR_S3_SECRET_ACCESS_KEY", "secret"),
];

const DAY: Duration = Duration::from_secs(86_400);

/// Tells whether the description of the key says that the operation ignores it, because it is harmless to repeat.
fn ignores_the_key(operation: &'static Value) -> bool {
    let parameters = operation["parameters"].as_array().unwrap();
    let key = parameters.iter().map(resolve).find(|parameter| parameter["name"] == "Idempotency-Key").unwrap();
    key["description"].as_str().unwrap().starts_with("Ignored")
}

/// Paths with a POST, and whether it requires an access token.
fn posts() -> Vec<(String, bool)> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    // It needs a service that conceals taken numbers; `ownership/` tests it.
    let paths = paths.filter(|(path, _)| *path != "/v1/register/start-anew");
    let posts = paths.filter(|(_, item)| item.get("post").is_some() && !ignores_the_key(&item["post"]));
    posts
        .map(|(path, item)| (path.clone(), item["post"]["security"].as_array().is_some_and(|all| !all.is_empty())))
        .collect()
}

/// Request that is prepared to succeed.
struct Prepared {
    user: Option<TestUser>,
    body: Value,
    /// Number of messages that the service sends for it.
    messages: usize,
}

impl Prepared {
    fn new(body: Value) -> Self {
        Self { user: None, body, messages: 0 }
    }

    fn with_message(self) -> Self {
        Self { messages: 1, ..self }
    }

    fn sent_by(self, user: TestUser) -> Self {
        Self { user: Some(user), ..self }
    }

    async fn send(&self, server: &TestServer, key: &str, path: &str, body: &Value) -> Response {
        match &self.user {
            Some(user) => post_as(server, key, &user.access_token, path, body).await,
            None => post(server, key, path, body).await,
        }
    }
}

async fn prepare_sign_up(server: &TestServer, step: &str) -> Prepared {
    let phone = fresh_phone();
    match step {
        "send-code" => Prepared::new(send_code_body(server, &phone).await).with_message(),
        "set-password" => Prepared::new(json!({"ticket": server.verified_ticket(&phone).await, "password": PASSWORD})),
        "submit-profile" => {
            Prepared::new(json!({"ticket": server.ticket_with_password(&phone).await, "nickname": "小明"}))
        }
        _ => {
            let ticket = server.new_ticket(&phone).await;
            with_ticket(server, step, &ticket, &server.sms.code_for(&phone).unwrap())
        }
    }
}

/// Prepares a step of a flow that starts with a captcha and the phone of an existing account.
async fn prepare_flow(server: &TestServer, flow: &str, step: &str) -> Prepared {
    if ["claim", "start-anew"].contains(&step) {
        return prepare_account_in_question(server, flow, step).await;
    }
    let mut user = server.create_user().await;
    if step == "send-code" {
        return Prepared::new(send_code_body(server, &user.phone).await).with_message();
    }
    if (flow, step) == ("account-deletion", "verify-code") {
        // The deletion is held for a day.
        let (ticket, code) = server.ticket_and_code(flow, &user.phone).await;
        server.verify(flow, &ticket, &code).await.assert_error(409, "act_held");
        server.advance(DAY);
        server.renew(&mut user).await;
    }
    let (ticket, code) = server.ticket_and_code(flow, &user.phone).await;
    if step == "set-password" {
        let verify = json!({"ticket": ticket, "code": code});
        server.post(&format!("/v1/{flow}/verify-code"), verify).await.assert_status(200);
        return Prepared::new(json!({"ticket": ticket, "password": "staple battery horse"}));
    }
    with_ticket(server, step, &ticket, &code)
}

/// The number was proven two days ago, so that a code alone is not enough.
async fn prepare_account_in_question(server: &TestServer, flow: &str, step: &str) -> Prepared {
    let mut user = server.create_user().await;
    server.advance(2 * DAY);
    server.renew(&mut user).await;
    let (ticket, code) = server.ticket_and_code(flow, &user.phone).await;
    server.verify(flow, &ticket, &code).await.assert_error(409, "act_held");
    Prepared::new(if step == "claim" {
        json!({"ticket": ticket, "password": PASSWORD})
    } else {
        json!({"ticket": ticket})
    })
}

/// Another person has signed up with the number of an account.
async fn prepare_reclaim(server: &TestServer, step: &str) -> Prepared {
    let former = server.detached_phone().await;
    let new = fresh_phone();
    let body = server.reclaim_body(&former, &new).await;
    if step == "send-code" {
        return Prepared::new(body).with_message();
    }
    let ticket = server.post("/v1/reclaim/send-code", body).await.text("ticket");
    with_ticket(server, step, &ticket, &server.sms.code_for(&new).unwrap())
}

fn with_ticket(server: &TestServer, step: &str, ticket: &str, code: &str) -> Prepared {
    if step == "resend-code" {
        server.advance(Duration::from_secs(60));
        return Prepared::new(json!({"ticket": ticket})).with_message();
    }
    assert_eq!(step, "verify-code", "this test does not know the step");
    Prepared::new(json!({"ticket": ticket, "code": code}))
}

async fn prepare_signed_in(server: &TestServer, endpoint: &str) -> Prepared {
    let user = match endpoint {
        "password/send-code" | "password/resend-code" => server.create_user_without_password().await,
        _ => server.create_owner().await,
    };
    let new = fresh_phone();
    let change = json!({"phone_number": new, "current_password": PASSWORD});
    let call = |path: &'static str, body: Value| server.call(Method::POST, path, &user.access_token, body);
    let prepared = match endpoint {
        "avatar" => Prepared::new(json!({"content_type": "image/png", "content_length": 2_000})),
        "deletion/send-code" | "password/send-code" | "phone/confirm/send-code" => {
            Prepared::new(json!({})).with_message()
        }
        "deletion/resend-code" => {
            let ticket = call("/v1/me/deletion/send-code", Value::Null).await.text("ticket");
            with_ticket(server, "resend-code", &ticket, "")
        }
        "password/resend-code" => {
            let ticket = call("/v1/me/password/send-code", Value::Null).await.text("ticket");
            with_ticket(server, "resend-code", &ticket, "")
        }
        "phone/confirm/resend-code" | "phone/confirm/verify-code" => {
            let ticket = call("/v1/me/phone/confirm/send-code", Value::Null).await.text("ticket");
            let code = server.sms.code_for(&user.phone).unwrap();
            with_ticket(server, &endpoint["phone/confirm/".len()..], &ticket, &code)
        }
        "phone/send-code" => Prepared::new(change).with_message(),
        "phone/resend-code" | "phone/verify-code" => {
            let ticket = call("/v1/me/phone/send-code", change).await.text("ticket");
            // After the last step the service sends a notice to the earlier number.
            with_ticket(server, &endpoint["phone/".len()..], &ticket, &server.sms.code_for(&new).unwrap())
                .with_message()
        }
        _ => panic!("this test does not know the path /v1/me/{endpoint}"),
    };
    prepared.sent_by(user)
}

async fn prepare(server: &TestServer, path: &str) -> Prepared {
    let parts: Vec<&str> = path.trim_start_matches("/v1/").splitn(2, '/').collect();
    match parts[..] {
        ["register", step] => prepare_sign_up(server, step).await,
        ["reclaim", step] => prepare_reclaim(server, step).await,
        ["login"] => Prepared::new(json!({"phone_number": server.create_user().await.phone, "password": PASSWORD})),
        ["me", endpoint] => prepare_signed_in(server, endpoint).await,
        [flow, step] => prepare_flow(server, flow, step).await,
        _ => panic!("this test does not know the path {path}"),
    }
}

async fn every_post_is_idempotent(back_ends: BackEnds) {
    // Where passwords are optional, no account is dormant by default.
    let own = [("NUMBER_CONFIRM_DAYS", "1"), ("PASSWORD_MODE", "optional"), ("NUMBER_STALE_DAYS", "90")];
    let settings = [&STORAGE[..], &own].concat();
    let server = TestServer::with(back_ends, &settings).await;
    let posts = posts();
    assert!(posts.len() >= 24, "{posts:?}");
    for (path, needs_token) in posts {
        let prepared = prepare(&server, &path).await;
        assert_eq!(prepared.user.is_some(), needs_token, "{path}");
        let before = server.sms.accepted();
        let first = prepared.send(&server, &path, &path, &prepared.body).await;
        assert!(first.status.is_success() && !first.replayed(), "{path}: {first:?}");
        assert_eq!(first.status == StatusCode::NO_CONTENT, !first.headers.contains_key("content-length"), "{path}");
        wait_until("message", || server.sms.accepted() >= before + prepared.messages).await;
        for _ in 0..3 {
            prepared.send(&server, &path, &path, &prepared.body).await.assert_replays(&first);
        }
        let other = prepared.send(&server, &path, &path, &json!({"another": "body"})).await;
        other.assert_error(422, "idempotency_key_reused");
        if let Some(url) = server.redis_url() {
            remove_stored_responses(url);
            let parallel = prepared.send(&server, &path, &path, &prepared.body).await;
            parallel.assert_error(409, "request_in_progress");
            assert_eq!(parallel.headers["retry-after"], "1");
        }
        let twice = request_with_key(&server, "a", &path, &prepared.body).header("idempotency-key", "b");
        let twice = server.send(twice, &path).await;
        twice.assert_field_error(400, "malformed_request", "Idempotency-Key", "invalid_format");
        assert_eq!(server.sms.requests(), before + prepared.messages, "{path}");
        if needs_token {
            post(&server, &path, &path, &prepared.body).await.assert_error(401, "token_missing");
            let other_user = request_with_key(&server, &path, &path, &json!({"another": "body"}))
                .bearer_auth(server.create_user().await.access_token);
            let other_user = server.send(other_user, &path).await;
            assert!(
                other_user.status.is_client_error() && other_user.code() != "idempotency_key_reused",
                "{other_user:?}"
            );
        }
    }
}

/// Removes the stored responses and keeps the claims, as if the first requests were still running.
fn remove_stored_responses(url: &str) {
    let mut redis = redis::connection(url);
    let names: Vec<String> = cmd("KEYS").arg("idempotency:*").query(&mut redis).unwrap();
    assert!(!names.is_empty());
    for name in names {
        cmd("HDEL").arg(name).arg("response").exec(&mut redis).unwrap();
    }
}

#[actix_web::test]
async fn every_post_is_idempotent_embedded() {
    every_post_is_idempotent(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn every_post_is_idempotent_real() {
    every_post_is_idempotent(BackEnds::Real).await;
}

/// The document tells app developers what these tests prove.
#[test]
fn every_post_and_put_documents_the_idempotency_key() {
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let key = parameters.map(resolve).find(|parameter| parameter["name"] == "Idempotency-Key");
            assert_eq!(key.is_some(), ["post", "put"].contains(&method.as_str()), "{method} {path}");
            let Some(key) = key else { continue };
            assert_eq!((&key["in"], &key["required"]), (&json!("header"), &json!(false)));
            let responses = operation["responses"].as_object().unwrap();
            let response = |status| resolve(&responses[status]);
            if ignores_the_key(operation) {
                let has_replays = |response: &Value| response["headers"]["Idempotency-Replayed"].is_object();
                let in_progress = |response: &Value| response.to_string().contains("request_in_progress");
                let documents = |test: &dyn Fn(&Value) -> bool| responses.values().map(resolve).any(test);
                assert!(!documents(&has_replays) && !documents(&in_progress), "{path}");
                continue;
            }
            let success = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap().1;
            assert!(success["headers"]["Idempotency-Replayed"].is_object(), "{path}");
            assert!(response("409")["headers"]["Retry-After"].is_object(), "{path}");
            for (status, code) in [("409", "request_in_progress"), ("422", "idempotency_key_reused")] {
                let example = &response(status)["content"]["application/problem+json"]["examples"][code];
                assert!(example.is_object(), "{path} {code}");
            }
        }
    }
}

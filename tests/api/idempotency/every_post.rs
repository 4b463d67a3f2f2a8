//! The promise of the key, held against every POST that the contract knows.

use super::{named, post, post_as, send_code_body};
use crate::people::{Person, until};
use crate::support::redis;
use crate::test_server::{Answer, BackEnds, PASSWORD, TestServer, fresh_phone};
use deadpool_redis::redis::cmd;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Nobody uploads here.
const STORAGE: [(&str, &str); 7] = [
    ("AVATAR_STORAGE", "s3"),
    ("AVATAR_BASE_URL", "https://cdn.example.com/avatars/"),
    ("AVATAR_S3_ENDPOINT", "https://s3.example.com"),
    ("AVATAR_S3_REGION", "nowhere-1"),
    ("AVATAR_S3_BUCKET", "pictures"),
    ("AVATAR_S3_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AVATAR_S3_SECRET_ACCESS_KEY", "secret"),
];

/// The paths with a POST, and whether it is for signed-in people.
fn posts() -> Vec<(String, bool)> {
    let document: Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let posts = paths.filter_map(|(path, item)| Some((path.clone(), item.get("post")?["security"].is_array())));
    posts.collect()
}

/// A request that will be granted, if it is made.
struct Prepared {
    person: Option<Person>,
    body: Value,
    /// Messages that go out for it.
    messages: usize,
}

impl Prepared {
    fn new(body: Value) -> Self {
        Self { person: None, body, messages: 0 }
    }

    fn sends(self) -> Self {
        Self { messages: 1, ..self }
    }

    fn by(self, person: Person) -> Self {
        Self { person: Some(person), ..self }
    }

    async fn make(&self, server: &TestServer, key: &str, path: &str, body: &Value) -> Answer {
        match &self.person {
            Some(person) => post_as(server, key, &person.access, path, body).await,
            None => post(server, key, path, body).await,
        }
    }
}

async fn in_sign_up(server: &TestServer, step: &str) -> Prepared {
    let phone = fresh_phone();
    match step {
        "send-code" => Prepared::new(send_code_body(server, &phone).await).sends(),
        "set-password" => Prepared::new(json!({"ticket": server.verified(&phone).await, "password": PASSWORD})),
        "submit-profile" => Prepared::new(json!({"ticket": server.with_password(&phone).await, "nickname": "小明"})),
        "status" => Prepared::new(json!({"ticket": server.ticket(&phone).await})),
        _ => {
            let ticket = server.ticket(&phone).await;
            with_ticket(server, step, &ticket, &server.sms.code_for(&phone).unwrap())
        }
    }
}

/// Of the flows that begin with a captcha and a phone that has an account.
async fn in_flow(server: &TestServer, flow: &str, step: &str) -> Prepared {
    let person = server.person().await;
    if step == "send-code" {
        return Prepared::new(send_code_body(server, &person.phone).await).sends();
    }
    let (ticket, code) = server.ticket_for(flow, &person.phone).await;
    if step == "set-password" {
        let verify = json!({"ticket": ticket, "code": code});
        server.post(&format!("/v1/{flow}/verify-code"), verify).await.assert_done(200);
        return Prepared::new(json!({"ticket": ticket, "password": "staple battery horse"}));
    }
    with_ticket(server, step, &ticket, &code)
}

fn with_ticket(server: &TestServer, step: &str, ticket: &str, code: &str) -> Prepared {
    if step == "resend-code" {
        server.advance(Duration::from_secs(60));
        return Prepared::new(json!({"ticket": ticket})).sends();
    }
    assert_eq!(step, "verify-code", "a step that this test does not know");
    Prepared::new(json!({"ticket": ticket, "code": code}))
}

async fn signed_in(server: &TestServer, rest: &str) -> Prepared {
    let person = server.person().await;
    let new = fresh_phone();
    let change = json!({"phone_number": new, "current_password": PASSWORD});
    let ask = |path: &'static str, body: Value| server.call(Method::POST, path, &person.access, body);
    let prepared = match rest {
        "avatar" => Prepared::new(json!({"content_type": "image/png", "content_length": 2_000})),
        "deletion/send-code" => Prepared::new(json!({})).sends(),
        "deletion/resend-code" => {
            let ticket = ask("/v1/me/deletion/send-code", Value::Null).await.text("ticket");
            with_ticket(server, "resend-code", &ticket, "")
        }
        "phone/send-code" => Prepared::new(change).sends(),
        "phone/resend-code" | "phone/verify-code" => {
            let ticket = ask("/v1/me/phone/send-code", change).await.text("ticket");
            // After the last step the earlier number is told.
            with_ticket(server, &rest["phone/".len()..], &ticket, &server.sms.code_for(&new).unwrap()).sends()
        }
        _ => panic!("/v1/me/{rest}: a path that this test does not know"),
    };
    prepared.by(person)
}

async fn prepare(server: &TestServer, path: &str) -> Prepared {
    let parts: Vec<&str> = path.trim_start_matches("/v1/").splitn(2, '/').collect();
    match parts[..] {
        ["captchas"] => Prepared::new(json!({})),
        ["register", step] => in_sign_up(server, step).await,
        ["login"] => Prepared::new(json!({"phone_number": server.person().await.phone, "password": PASSWORD})),
        ["token", "refresh"] => Prepared::new(json!({"refresh_token": server.person().await.refresh})),
        ["logout"] => Prepared::new(json!({})).by(server.person().await),
        ["me", rest] => signed_in(server, rest).await,
        [flow, step] => in_flow(server, flow, step).await,
        _ => panic!("{path}: a path that this test does not know"),
    }
}

async fn every_post_is_done_once(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &STORAGE).await;
    let posts = posts();
    assert!(posts.len() >= 23, "{posts:?}");
    for (path, for_bearer) in posts {
        let mut prepared = prepare(&server, &path).await;
        assert_eq!(prepared.person.is_some(), for_bearer, "{path}");
        let before = server.sms.accepted();
        let first = prepared.make(&server, &path, &path, &prepared.body).await;
        assert!(first.status.is_success() && !first.replayed(), "{path}: {first:?}");
        assert_eq!(first.status == StatusCode::NO_CONTENT, !first.headers.contains_key("content-length"), "{path}");
        until("message", || server.sms.accepted() >= before + prepared.messages).await;
        if path == "/v1/logout" {
            // It has ended its own session: another device of hers may ask.
            let person = prepared.person.take().unwrap();
            prepared.make(&server, &path, &path, &prepared.body).await.assert_refused(401, "token_missing");
            prepared.person = Some(server.signed_in(&person.phone).await);
        }
        for _ in 0..3 {
            prepared.make(&server, &path, &path, &prepared.body).await.assert_replays(&first);
        }
        let other = prepared.make(&server, &path, &path, &json!({"another": "body"})).await;
        other.assert_refused(422, "idempotency_key_reused");
        if let Some(url) = server.redis_url() {
            as_if_it_were_under_way(url);
            let parallel = prepared.make(&server, &path, &path, &prepared.body).await;
            parallel.assert_refused(409, "request_in_progress");
            assert_eq!(parallel.headers["retry-after"], "1");
        }
        let twice = named(&server, "a", &path, &prepared.body).header("idempotency-key", "b");
        let twice = server.send(twice, &path).await;
        twice.assert_field(400, "malformed_request", "Idempotency-Key", "invalid_format");
        assert_eq!(server.sms.requests(), before + prepared.messages, "{path}");
        if for_bearer {
            post(&server, &path, &path, &prepared.body).await.assert_refused(401, "token_missing");
            let stranger =
                named(&server, &path, &path, &json!({"another": "body"})).bearer_auth(server.person().await.access);
            let stranger = server.send(stranger, &path).await;
            assert!(stranger.status.is_client_error() && stranger.code() != "idempotency_key_reused", "{stranger:?}");
        }
    }
}

/// Takes back that anything was answered.
fn as_if_it_were_under_way(url: &str) {
    let mut redis = redis::connection(url);
    let names: Vec<String> = cmd("KEYS").arg("answer:*").query(&mut redis).unwrap();
    assert!(!names.is_empty());
    for name in names {
        cmd("HDEL").arg(name).arg("answer").exec(&mut redis).unwrap();
    }
}

#[actix_web::test]
async fn every_post_is_done_once_embedded() {
    every_post_is_done_once(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn every_post_is_done_once_real() {
    every_post_is_done_once(BackEnds::Real).await;
}

/// An app developer reads in the document what these tests hold.
#[test]
fn every_post_documents_its_key() {
    let document: Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let key = parameters.iter().find(|parameter| parameter["name"] == "Idempotency-Key");
            assert_eq!(key.is_some(), method == "post", "{method} {path}");
            let Some(key) = key else { continue };
            assert_eq!((&key["in"], &key["required"]), (&json!("header"), &json!(false)));
            let responses = operation["responses"].as_object().unwrap();
            let success = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap().1;
            assert!(success["headers"]["Idempotency-Replayed"].is_object(), "{path}");
            assert!(responses["409"]["headers"]["Retry-After"].is_object(), "{path}");
            for (status, code) in [("409", "request_in_progress"), ("422", "idempotency_key_reused")] {
                let example = &responses[status]["content"]["application/problem+json"]["examples"][code];
                assert!(example.is_object(), "{path} {code}");
            }
        }
    }
}

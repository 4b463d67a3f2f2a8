//! Every code: one shape, two languages, and the table of the design.

use crate::support::cloopen::Behaviour;
use crate::test_server::{Answer, BYPASS, BackEnds, PASSWORD, TestServer, fresh_phone, other_than};
use diesel::connection::SimpleConnection;
use doorstep::http::error::Code;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// The design's table of statuses and codes.
const TABLE: &[(u16, &[&str])] = &[
    (400, &["malformed_json", "malformed_request"]),
    (
        401,
        &[
            "credentials_invalid",
            "token_missing",
            "token_invalid",
            "token_expired",
            "refresh_invalid",
            "refresh_reused",
        ],
    ),
    (404, &["not_found", "avatar_uploads_disabled"]),
    (405, &["method_not_allowed"]),
    (408, &["request_timeout"]),
    (409, &["phone_already_registered", "wrong_step", "request_in_progress"]),
    (410, &["ticket_expired", "code_exhausted"]),
    (413, &["payload_too_large"]),
    (415, &["unsupported_media_type"]),
    (
        422,
        &[
            "validation_failed",
            "captcha_expired",
            "captcha_wrong",
            "captcha_required",
            "proof_of_work_required",
            "proof_of_work_invalid",
            "code_wrong",
            "region_not_supported",
            "password_too_weak",
            "password_wrong",
            "idempotency_key_reused",
        ],
    ),
    (429, &["resend_cooldown", "phone_limit_reached", "too_many_requests"]),
    (500, &["internal_error"]),
    (502, &["sms_delivery_failed"]),
    (503, &["sms_budget_exhausted", "sms_region_suspended", "overloaded", "dependency_unavailable"]),
];

/// What is answered only when something is broken or overrun (`a_broken_database_is_an_internal_error`, and `failures.rs`), or
/// while something else is under way (`idempotency.rs`).
const BROKEN: [&str; 4] = ["internal_error", "dependency_unavailable", "overloaded", "request_in_progress"];

#[test]
fn the_table_has_every_code_once() {
    let designed: BTreeSet<_> =
        TABLE.iter().flat_map(|(status, names)| names.iter().map(|name| (*status, *name))).collect();
    let built: BTreeSet<_> = Code::ALL.iter().map(|code| (code.row().status, code.row().name)).collect();
    assert_eq!(built, designed);
}

/// Walks every code: the running service is brought to answer each of them at least once.
async fn every_code_is_answered(back_ends: BackEnds) {
    let mut answered = BTreeSet::new();
    let mut recorded_codes =
        |answer: Answer| assert!(answered.insert(answer.code().to_owned()), "{} twice", answer.code());
    let settings = [
        ("SMS_BUDGET_HOUR", "9"),
        ("LIMIT_IP_CAPTCHAS", "32"),
        ("PHONE_REGIONS", "CN,DE"),
        ("SMS_BUDGET_REGION_HOUR", "100,DE=1"),
    ];
    let server = TestServer::with(back_ends, &settings).await;
    let json = |path: &'static str, body: &'static str| {
        let request = server.request(Method::POST, path).header("content-type", "application/json").body(body);
        server.send(request, path)
    };
    let get = |path: &'static str, token: &str| server.send(server.request(Method::GET, path).bearer_auth(token), path);
    // The form of requests.
    recorded_codes(json("/v1/captchas", "{").await);
    recorded_codes(json("/v1/captchas", "[]").await);
    recorded_codes(server.post("/v1/captchas", json!({"replaces": "short"})).await);
    recorded_codes(server.send(server.request(Method::POST, "/v1/captchas").body("{}"), "/v1/captchas").await);
    recorded_codes(server.post("/v1/captchas", json!({"replaces": "x".repeat(20_000)})).await);
    recorded_codes(get("/nowhere", "").await);
    recorded_codes(server.send(server.request(Method::PUT, "/v1/captchas"), "/v1/captchas").await);
    recorded_codes(server.stalled_body("/v1/captchas", 100).await);
    let named = |body| server.request(Method::POST, "/v1/captchas").header("idempotency-key", "one").json(&body);
    server.send(named(json!({})), "/v1/captchas").await;
    recorded_codes(server.send(named(json!({"replaces": null})), "/v1/captchas").await);
    // The gate in front of captchas.
    let gate = TestServer::with(back_ends, &[("PROOF_OF_WORK", "always")]).await;
    recorded_codes(gate.ask().await);
    let guess = json!({"proof_of_work": {"challenge": "A".repeat(56), "nonce": "1"}});
    recorded_codes(gate.post("/v1/captchas", guess).await);
    // Captchas and phones.
    let send = |phone: &str, captcha: &str, answer: &str| {
        server.post(
            "/v1/register/send-code",
            json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": answer}),
        )
    };
    let (phone, captcha) = (fresh_phone(), server.captcha().await);
    recorded_codes(send("+14155552671", &captcha, BYPASS).await);
    recorded_codes(send(&phone, &captcha, "wrong").await);
    recorded_codes(send(&phone, &captcha, BYPASS).await);
    server.sms.behave(Behaviour::Refuse("160040"));
    recorded_codes(server.send_code(&phone).await);
    server.sms.behave(Behaviour::Accept);
    // The steps.
    let ticket = server.ticket(&phone).await;
    recorded_codes(server.send_code(&phone).await);
    recorded_codes(server.set_password(&ticket).await);
    let code = server.sms.code_for(&phone).unwrap();
    recorded_codes(server.verify(&ticket, &other_than(&code)).await);
    assert_eq!(server.verify(&ticket, &code).await.status.as_u16(), 200);
    recorded_codes(server.post("/v1/register/set-password", json!({"ticket": ticket, "password": "password"})).await);
    server.set_password(&ticket).await;
    let token = server.submit(&ticket).await.text("access_token");
    recorded_codes(server.submit(&ticket).await);
    server.advance(Duration::from_secs(60));
    recorded_codes(server.send_code(&phone).await);
    let guessed = fresh_phone();
    let ticket = server.ticket(&guessed).await;
    let wrong = other_than(&server.sms.code_for(&guessed).unwrap());
    for _ in 0..4 {
        server.verify(&ticket, &wrong).await;
    }
    recorded_codes(server.verify(&ticket, &wrong).await);
    // Tokens.
    recorded_codes(server.send(server.request(Method::GET, "/v1/me"), "/v1/me").await);
    recorded_codes(get("/v1/me", "nonsense").await);
    let avatar = json!({"content_type": "image/png", "content_length": 1});
    let avatar = server.request(Method::POST, "/v1/me/avatar").bearer_auth(&token).json(&avatar);
    recorded_codes(server.send(avatar, "/v1/me/avatar").await);
    server.advance(Duration::from_secs(900));
    recorded_codes(get("/v1/me", &token).await);
    // Signing in, and staying so.
    recorded_codes(server.log_in(&phone, "wrong horse battery").await);
    for _ in 1..3 {
        server.log_in(&phone, "wrong horse battery").await;
    }
    recorded_codes(server.log_in(&phone, PASSWORD).await);
    let signed_in = server.log_in_with_captcha(&phone, PASSWORD).await;
    let change = json!({"current_password": "wrong horse battery", "new_password": PASSWORD});
    recorded_codes(server.call(Method::PUT, "/v1/me/password", &signed_in.text("access_token"), change).await);
    let first = signed_in.text("refresh_token");
    let second = server.refresh(&first).await.text("refresh_token");
    server.refresh(&second).await;
    recorded_codes(server.refresh(&first).await);
    recorded_codes(server.refresh(&second).await);
    // Limits: one message to a region, five to one phone, nine of the service, thirty-two captchas.
    server.ticket("+4915123456789").await;
    recorded_codes(server.send_code("+4915123456780").await);
    let eager = fresh_phone();
    for _ in 0..5 {
        server.ticket(&eager).await;
        server.advance(Duration::from_secs(300));
    }
    recorded_codes(server.send_code(&eager).await);
    server.ticket(&fresh_phone()).await;
    while server.send_code(&fresh_phone()).await.status == StatusCode::OK {}
    recorded_codes(server.send_code(&fresh_phone()).await);
    while server.post("/v1/captchas", json!({})).await.status == StatusCode::CREATED {}
    recorded_codes(server.post("/v1/captchas", json!({})).await);
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.row().name.to_owned()).collect();
    let elsewhere = BROKEN.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(all.difference(&answered).cloned().collect::<BTreeSet<_>>(), elsewhere);
}

#[actix_web::test]
async fn every_code_is_answered_embedded() {
    every_code_is_answered(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn every_code_is_answered_real() {
    every_code_is_answered(BackEnds::Real).await;
}

/// A table that is gone is a defect of ours: 500, and not a word of it to the client.
#[actix_web::test]
async fn a_broken_database_is_an_internal_error() {
    let server = TestServer::new(BackEnds::Real).await;
    server.database().batch_execute("DROP TABLE sessions, users").unwrap();
    let broken = server.send_code(&fresh_phone()).await;
    broken.assert_refused(500, "internal_error");
    assert!(!broken.body.to_string().contains("users"), "{broken:?}");
}

/// A code that nothing answers any more, or one that is answered and not documented, shows here.
#[test]
fn the_contract_names_every_code_that_is_answered() {
    let document: serde_json::Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    let documented = document["paths"].to_string();
    // This one belongs to no operation.
    let elsewhere = ["method_not_allowed"];
    for code in Code::ALL {
        let name = code.row().name;
        let expected = !elsewhere.contains(&name);
        assert_eq!(documented.contains(&format!("\"code\":\"{name}\"")), expected, "{name}");
    }
}

#[actix_web::test]
async fn titles_and_details_follow_the_reader() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let ask = |languages: &'static str| {
        let request = server.request(Method::POST, "/v1/register/status").header("accept-language", languages);
        server.send(request.json(&serde_json::json!({"ticket": "short"})), "/v1/register/status")
    };
    let english = ask("en-US,en;q=0.9").await;
    assert_eq!(english.headers["content-language"], "en");
    assert_eq!((english.text("title").as_str(), english.code()), ("Invalid input", "validation_failed"));
    assert_eq!(english.body["errors"][0]["detail"], "Not in the expected form.");
    let chinese = ask("zh-Hans-CN,zh;q=0.9,en;q=0.8").await;
    assert_eq!(chinese.headers["content-language"], "zh-CN");
    assert_eq!((chinese.text("title").as_str(), chinese.code()), ("输入有误", "validation_failed"));
    assert_eq!(chinese.body["errors"][0]["detail"], "格式不正确。");
}

async fn id_for(server: &TestServer, given: &str) -> String {
    let request = server.request(Method::GET, "/healthz").header("x-request-id", given);
    server.send(request, "/healthz").await.headers["x-request-id"].to_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_request_id_is_ours_unless_a_proxy_gave_it() {
    let stranger = TestServer::new(BackEnds::Embedded).await;
    let ours = id_for(&stranger, "chosen-by-client").await;
    assert_eq!((ours.len(), ours.as_bytes()[14]), (36, b'7'));
    let proxied = TestServer::with(BackEnds::Embedded, &[("TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    assert_eq!(id_for(&proxied, "lb-0042.a_b").await, "lb-0042.a_b");
    assert_ne!(id_for(&proxied, "with space").await, "with space");
}

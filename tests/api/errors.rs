//! Error codes: one table, one format, two languages.

use crate::support::cloopen::Behaviour;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use diesel::connection::SimpleConnection;
use doorstep::http::error::Code;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Expected statuses and error codes.
const TABLE: &[(u16, &[&str])] = &[
    (400, &["malformed_json", "malformed_request", "invalid_dpop_proof", "use_dpop_nonce"]),
    (
        401,
        &[
            "credentials_invalid",
            "token_missing",
            "token_invalid",
            "token_expired",
            "refresh_invalid",
            "refresh_reused",
            "refresh_key_mismatch",
        ],
    ),
    (404, &["not_found", "avatar_uploads_disabled", "passwords_disabled"]),
    (405, &["method_not_allowed"]),
    (408, &["request_timeout"]),
    (
        409,
        &[
            "phone_already_registered",
            "phone_missing",
            "password_already_set",
            "password_too_new",
            "account_dormant",
            "act_held",
            "act_refused",
            "start_anew_unavailable",
            "device_too_new",
            "wrong_step",
            "new_device",
            "request_in_progress",
        ],
    ),
    (410, &["ticket_expired", "code_exhausted", "response_gone"]),
    (413, &["payload_too_large"]),
    (415, &["unsupported_media_type"]),
    (
        422,
        &[
            "validation_failed",
            "consent_required",
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

/// Codes that the service returns only during a failure or overload (`a_broken_database_is_an_internal_error`,
/// `failures.rs`), during another request with the same key (`idempotency/mod.rs`), or days after a sign-up
/// (`ownership/`). Other tests cover them.
const TESTED_ELSEWHERE: [&str; 10] = [
    "internal_error",
    "dependency_unavailable",
    "overloaded",
    "request_in_progress",
    "phone_missing",
    "account_dormant",
    "act_held",
    "act_refused",
    "start_anew_unavailable",
    "device_too_new",
];

#[test]
fn the_error_table_contains_every_code_once() {
    let expected: BTreeSet<_> =
        TABLE.iter().flat_map(|(status, names)| names.iter().map(|name| (*status, *name))).collect();
    let actual: BTreeSet<_> = Code::all().map(|code| (code.row().status, code.row().name)).collect();
    assert_eq!(actual, expected);
}

/// Makes the running service return each error code at least once.
async fn the_service_returns_every_error_code(back_ends: BackEnds) {
    let mut returned = BTreeSet::new();
    let mut record =
        |response: Response| assert!(returned.insert(response.code().to_owned()), "{} twice", response.code());
    let settings = [
        ("SMS_BUDGET_HOUR", "13"),
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
    // Malformed requests.
    record(json("/v1/captchas", "{").await);
    record(json("/v1/captchas", "[]").await);
    record(server.post("/v1/captchas", json!({"replaces": "short"})).await);
    record(server.send(server.request(Method::POST, "/v1/captchas").body("{}"), "/v1/captchas").await);
    record(server.post("/v1/captchas", json!({"replaces": "x".repeat(20_000)})).await);
    record(get("/nowhere", "").await);
    record(server.send(server.request(Method::PUT, "/v1/captchas"), "/v1/captchas").await);
    record(server.stalled_body("/v1/captchas", 100).await);
    let with_key = |password: &str| {
        let body = json!({"phone_number": "+8613900000000", "password": password});
        server.request(Method::POST, "/v1/login").header("idempotency-key", "one").json(&body)
    };
    server.send(with_key("staple battery horse"), "/v1/login").await;
    record(server.send(with_key("another battery horse"), "/v1/login").await);
    // Proof of work.
    let server_with_proof_of_work = TestServer::with(back_ends, &[("PROOF_OF_WORK", "always")]).await;
    record(server_with_proof_of_work.request_captcha().await);
    let invalid_proof = json!({"proof_of_work": {"challenge": "A".repeat(56), "nonce": "1"}});
    record(server_with_proof_of_work.post("/v1/captchas", invalid_proof).await);
    // Consent.
    let server_with_documents = TestServer::with(back_ends, &[("LEGAL_DOCUMENTS", "terms@1")]).await;
    record(server_with_documents.send_code(&fresh_phone()).await);
    // Passwords.
    let server_without_passwords = TestServer::with(back_ends, &[("PASSWORD_MODE", "none")]).await;
    record(server_without_passwords.log_in(&fresh_phone(), PASSWORD).await);
    for response in crate::first_password::every_error(&TestServer::new(back_ends).await).await {
        record(response);
    }
    // New devices.
    let server_with_code = TestServer::with(back_ends, &[("NEW_DEVICE_CODE", "true")]).await;
    let known_phone = fresh_phone();
    server_with_code.sign_up(&known_phone).await;
    record(server_with_code.log_in_with_captcha(&known_phone, PASSWORD).await);
    // Captchas and phone numbers.
    let send = |phone: &str, captcha: &str, answer: &str| {
        server.post(
            "/v1/register/send-code",
            json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": answer}),
        )
    };
    let (phone, captcha) = (fresh_phone(), server.captcha().await);
    record(send("+14155552671", &captcha, BYPASS).await);
    record(send(&phone, &captcha, "wrong").await);
    record(send(&phone, &captcha, BYPASS).await);
    server.sms.behave(Behaviour::Refuse("160032"));
    record(server.send_code(&phone).await);
    server.sms.behave(Behaviour::Accept);
    // Steps of the sign-up.
    let ticket = server.new_ticket(&phone).await;
    record(server.send_code(&phone).await);
    record(server.set_password(&ticket).await);
    let code = server.sms.code_for(&phone).unwrap();
    record(server.verify_code(&ticket, &wrong_code(&code)).await);
    assert_eq!(server.verify_code(&ticket, &code).await.status.as_u16(), 200);
    record(server.post("/v1/register/set-password", json!({"ticket": ticket, "password": "password"})).await);
    server.set_password(&ticket).await;
    let token = server.submit_profile(&ticket).await.text("access_token");
    record(server.submit_profile(&ticket).await);
    server.advance(Duration::from_secs(60));
    record(server.send_code(&phone).await);
    let other_phone = fresh_phone();
    let ticket = server.new_ticket(&other_phone).await;
    let wrong = wrong_code(&server.sms.code_for(&other_phone).unwrap());
    for _ in 0..4 {
        server.verify_code(&ticket, &wrong).await;
    }
    record(server.verify_code(&ticket, &wrong).await);
    // Tokens.
    record(server.send(server.request(Method::GET, "/v1/me"), "/v1/me").await);
    record(get("/v1/me", "nonsense").await);
    let avatar = json!({"content_type": "image/png", "content_length": 1});
    let avatar = server.request(Method::POST, "/v1/me/avatar").bearer_auth(&token).json(&avatar);
    record(server.send(avatar, "/v1/me/avatar").await);
    server.advance(Duration::from_secs(900));
    record(get("/v1/me", &token).await);
    // Login and refresh.
    record(server.log_in(&phone, "wrong horse battery").await);
    for _ in 1..3 {
        server.log_in(&phone, "wrong horse battery").await;
    }
    record(server.log_in(&phone, PASSWORD).await);
    let signed_in = server.log_in_with_captcha(&phone, PASSWORD).await;
    let change = json!({"current_password": "wrong horse battery", "new_password": PASSWORD});
    record(server.call(Method::PUT, "/v1/me/password", &signed_in.text("access_token"), change).await);
    let first = signed_in.text("refresh_token");
    let second = server.refresh(&first).await.text("refresh_token");
    server.refresh(&second).await;
    record(server.refresh(&first).await);
    record(server.refresh(&second).await);
    // Sessions that are bound to a key.
    let server_with_dpop = TestServer::with(back_ends, &[("PUBLIC_URLS", "https://api.example.com")]).await;
    for response in crate::dpop::every_error(&server_with_dpop).await {
        record(response);
    }
    // Limits: one message to a region, five messages to one phone, nine of the service to new numbers, 32 captchas.
    server.new_ticket("+4915123456789").await;
    record(server.send_code("+4915123456780").await);
    let limited_phone = fresh_phone();
    for _ in 0..5 {
        server.new_ticket(&limited_phone).await;
        server.advance(Duration::from_secs(300));
    }
    record(server.send_code(&limited_phone).await);
    server.new_ticket(&fresh_phone()).await;
    while server.send_code(&fresh_phone()).await.status == StatusCode::OK {}
    record(server.send_code(&fresh_phone()).await);
    while server.post("/v1/captchas", json!({})).await.status == StatusCode::CREATED {}
    record(server.post("/v1/captchas", json!({})).await);
    let all: BTreeSet<_> = Code::all().map(|code| code.row().name.to_owned()).collect();
    let elsewhere = TESTED_ELSEWHERE.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(all.difference(&returned).cloned().collect::<BTreeSet<_>>(), elsewhere);
}

#[actix_web::test]
async fn the_service_returns_every_error_code_embedded() {
    the_service_returns_every_error_code(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn the_service_returns_every_error_code_real() {
    the_service_returns_every_error_code(BackEnds::Real).await;
}

/// A missing table is a defect of the service: the response is 500 and contains no details.
#[actix_web::test]
async fn a_broken_database_is_an_internal_error() {
    let server = TestServer::new(BackEnds::Real).await;
    // The comparison with a text is a type error. A missing table would be a missing migration: 503.
    server.database().batch_execute("ALTER TABLE users DROP COLUMN phone, ADD COLUMN phone BOOLEAN").unwrap();
    let broken = server.send_code(&fresh_phone()).await;
    broken.assert_error(500, "internal_error");
    assert!(!broken.body.to_string().contains("users"), "{broken:?}");
}

/// Finds codes that no endpoint documents: the code is unused, or its documentation is missing.
#[test]
fn the_openapi_document_lists_every_error_code() {
    let document: serde_json::Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    let documented = document["components"]["responses"].to_string();
    // This code belongs to no operation.
    let undocumented = ["method_not_allowed"];
    for code in Code::all() {
        let name = code.row().name;
        let expected = !undocumented.contains(&name);
        assert_eq!(documented.contains(&format!("#/components/examples/{name}\"")), expected, "{name}");
    }
}

#[actix_web::test]
async fn titles_and_details_are_in_the_language_of_the_request() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let get_status = |languages: &'static str| {
        let request = server.request(Method::POST, "/v1/register/status").header("accept-language", languages);
        server.send(request.json(&serde_json::json!({"ticket": "short"})), "/v1/register/status")
    };
    let english = get_status("en-US,en;q=0.9").await;
    assert_eq!(english.headers["content-language"], "en");
    assert_eq!((english.text("title").as_str(), english.code()), ("Invalid input", "validation_failed"));
    assert_eq!(english.body["errors"][0]["detail"], "The format is invalid.");
    let chinese = get_status("zh-Hans-CN,zh;q=0.9,en;q=0.8").await;
    assert_eq!(chinese.headers["content-language"], "zh-CN");
    assert_eq!((chinese.text("title").as_str(), chinese.code()), ("输入有误", "validation_failed"));
    assert_eq!(chinese.body["errors"][0]["detail"], "格式不正确。");
}

/// Sends this `X-Request-ID` and returns the one of the response.
async fn request_id(server: &TestServer, sent: &str) -> String {
    let request = server.request(Method::GET, "/healthz").header("x-request-id", sent);
    server.send(request, "/healthz").await.headers["x-request-id"].to_str().unwrap().to_owned()
}

#[actix_web::test]
async fn only_a_trusted_proxy_can_set_the_request_id() {
    let without_proxy = TestServer::new(BackEnds::Embedded).await;
    let generated = request_id(&without_proxy, "chosen-by-client").await;
    assert_eq!((generated.len(), generated.as_bytes()[14]), (36, b'7'));
    let with_proxy = TestServer::with(BackEnds::Embedded, &[("TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    assert_eq!(request_id(&with_proxy, "lb-0042.a_b").await, "lb-0042.a_b");
    assert_ne!(request_id(&with_proxy, "with space").await, "with space");
}

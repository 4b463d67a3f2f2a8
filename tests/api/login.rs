//! Login with the password. Mistake 18 in docs/mistakes.md: login distinguished an unknown phone number from a wrong
//! password, and did not limit password attempts.

use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use crate::users::join_all;
use serde_json::{Value, json};
use std::time::Duration;

const WRONG: &str = "wrong horse battery";

server_tests!(
    the_correct_password_signs_in,
    an_unknown_phone_and_a_wrong_password_get_the_same_response,
    three_wrong_passwords_require_a_captcha,
    ten_wrong_passwords_pause_password_login_but_not_login_by_code,
    no_hour_of_a_phone_has_more_than_ten_wrong_passwords,
    concurrent_password_attempts_are_all_counted,
    correct_passwords_use_up_no_attempts,
    invalid_fields_are_rejected,
);

async fn the_correct_password_signs_in(server: TestServer) {
    let user = server.create_user().await;
    let body = json!({"phone_number": user.phone[3..], "password": PASSWORD, "device_name": "Mate 70"});
    let signed_in = server.post("/v1/login", body).await;
    signed_in.assert_status(200);
    assert_eq!(signed_in.body["user"], user.profile);
    assert_eq!((signed_in.text("token_type").as_str(), signed_in.number("expires_in")), ("Bearer", 900));
    assert_eq!(signed_in.number("refresh_expires_in"), 30 * 86_400);
    assert_eq!(server.me(&signed_in.text("access_token")).await.body, user.profile);
    assert_eq!(server.me(&user.access_token).await.body, user.profile, "the login ended another session");
}

async fn an_unknown_phone_and_a_wrong_password_get_the_same_response(server: TestServer) {
    let user = server.create_user().await;
    let comparable = |response: Response| {
        response.assert_error(401, "credentials_invalid");
        assert_eq!(response.headers["www-authenticate"], "Bearer realm=\"doorstep\"");
        let mut body = response.body;
        body["request_id"] = Value::Null;
        body
    };
    let unknown_phone = fresh_phone();
    for _ in 0..3 {
        let known = comparable(server.log_in(&user.phone, WRONG).await);
        assert_eq!(known, comparable(server.log_in(&unknown_phone, WRONG).await));
    }
    // The limits do not distinguish them either.
    for phone in [&user.phone, &unknown_phone] {
        server.log_in(phone, WRONG).await.assert_error(422, "captcha_required");
    }
}

async fn three_wrong_passwords_require_a_captcha(server: TestServer) {
    let user = server.create_user().await;
    for _ in 0..3 {
        server.log_in(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    }
    server.log_in(&user.phone, PASSWORD).await.assert_error(422, "captcha_required");
    let captcha = server.captcha().await;
    let mut body = json!({"phone_number": user.phone, "password": PASSWORD, "captcha_id": captcha});
    server.post("/v1/login", body.clone()).await.assert_field_error(
        422,
        "validation_failed",
        "captcha_answer",
        "required",
    );
    body["captcha_answer"] = json!("nonsense");
    server.post("/v1/login", body.clone()).await.assert_error(422, "captcha_wrong");
    server.post("/v1/login", body).await.assert_error(422, "captcha_expired");
    server.log_in_with_captcha(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    server.log_in_with_captcha(&user.phone, PASSWORD).await.assert_status(200);
    server.new_session(&other_account(&server).await).await;
    server.advance(Duration::from_secs(3_600));
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}

/// Creates another account, which the wrong passwords do not affect.
async fn other_account(server: &TestServer) -> String {
    let phone = fresh_phone();
    server.sign_up(&phone).await;
    phone
}

async fn ten_wrong_passwords_pause_password_login_but_not_login_by_code(server: TestServer) {
    let user = server.create_user().await;
    for _ in 0..3 {
        server.log_in(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    }
    for _ in 3..10 {
        server.log_in_with_captcha(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    }
    let paused = server.log_in_with_captcha(&user.phone, PASSWORD).await;
    paused.assert_error(429, "phone_limit_reached");
    assert!((3_500..=3_600).contains(&paused.number("retry_after")), "{paused:?}");
    server.log_in(&user.phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
    // The owner is not locked out.
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    server.advance(Duration::from_secs(3_600));
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}

/// A fixed window of an hour would compare nine passwords before its end, and ten after it.
async fn no_hour_of_a_phone_has_more_than_ten_wrong_passwords(server: TestServer) {
    let (user, minute) = (server.create_user().await, Duration::from_secs(60));
    server.log_in(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    server.advance(59 * minute);
    for _ in 0..9 {
        server.log_in_with_captcha(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    }
    server.advance(minute);
    server.log_in_with_captcha(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    let denied = server.log_in_with_captcha(&user.phone, PASSWORD).await;
    denied.assert_error(429, "phone_limit_reached");
    assert!((3_500..=3_540).contains(&denied.number("retry_after")), "{denied:?}");
}

async fn concurrent_password_attempts_are_all_counted(server: TestServer) {
    let user = server.create_user().await;
    let responses = join_all((0..24).map(|_| server.log_in(&user.phone, WRONG))).await;
    let checked = responses.iter().filter(|response| response.code() == "credentials_invalid").count();
    let rejected = responses.iter().filter(|response| response.code() == "captcha_required").count();
    assert_eq!((checked, rejected), (3, 21));
}

async fn correct_passwords_use_up_no_attempts(server: TestServer) {
    let user = server.create_user().await;
    for _ in 0..2 {
        server.log_in(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    }
    for _ in 0..12 {
        server.log_in(&user.phone, PASSWORD).await.assert_status(200);
    }
    server.log_in(&user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    server.log_in(&user.phone, WRONG).await.assert_error(422, "captcha_required");
}

async fn invalid_fields_are_rejected(server: TestServer) {
    let good = json!({"phone_number": "13800138000", "password": WRONG});
    for (field, value, reason) in [
        ("phone_number", json!("13800138000abc"), "invalid_format"),
        ("phone_number", json!(""), "too_short"),
        ("password", json!("short"), "too_short"),
        ("password", json!("x".repeat(129)), "too_long"),
        ("captcha_id", json!("x"), "invalid_format"),
        ("captcha_answer", json!("x".repeat(33)), "too_long"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        server.post("/v1/login", body).await.assert_field_error(422, "validation_failed", field, reason);
    }
    let mut body = good.clone();
    body["captcha_answer"] = json!("ABCDE");
    server.post("/v1/login", body).await.assert_field_error(422, "validation_failed", "captcha_id", "required");
    // An existing account may be in a region without sign-up, so login does not check the region.
    server.log_in("+14155552671", WRONG).await.assert_error(401, "credentials_invalid");
    server.post("/v1/login", json!([])).await.assert_error(400, "malformed_request");
    server.post("/v1/login", json!({"password": WRONG})).await.assert_field_error(
        400,
        "malformed_request",
        "phone_number",
        "required",
    );
}

/// The service also limits one password that is tried on many phones.
async fn wrong_passwords_from_one_ip_block_require_a_captcha_for_every_phone(back_ends: BackEnds) {
    let settings = [("LOGIN_IP_CAPTCHA_AFTER", "5"), ("LIMIT_IP_WRONG_PASSWORDS_HOUR", "7")];
    let server = TestServer::with(back_ends, &settings).await;
    for _ in 0..5 {
        server.log_in(&fresh_phone(), WRONG).await.assert_error(401, "credentials_invalid");
    }
    server.log_in(&fresh_phone(), WRONG).await.assert_error(422, "captcha_required");
    for _ in 5..7 {
        server.log_in_with_captcha(&fresh_phone(), WRONG).await.assert_error(401, "credentials_invalid");
    }
    server.log_in_with_captcha(&fresh_phone(), WRONG).await.assert_error(429, "too_many_requests");
}

#[actix_web::test]
async fn wrong_passwords_from_one_ip_block_require_a_captcha_for_every_phone_embedded() {
    wrong_passwords_from_one_ip_block_require_a_captcha_for_every_phone(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn wrong_passwords_from_one_ip_block_require_a_captcha_for_every_phone_real() {
    wrong_passwords_from_one_ip_block_require_a_captcha_for_every_phone(BackEnds::Real).await;
}

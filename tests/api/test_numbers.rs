//! Test numbers with a fixed code, for store review and QA: the service sends no message to them, and limits wrong
//! codes as for every number.

use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

server_tests!(
    start: std::future::ready;
    sign_up_with_a_test_number_sends_no_message,
    every_flow_accepts_the_fixed_code,
    a_code_enters_the_dormant_account_of_a_test_number,
    a_test_number_is_exempt_from_send_limits_and_budgets,
    verification_of_a_test_number_refunds_nothing,
    wrong_codes_of_a_test_number_are_counted,
    a_test_number_expires_after_its_last_day,
    a_taken_test_number_is_concealed,
    a_test_number_requires_a_captcha,
);

/// Number that is never assigned, in a region that the service does not support.
const UNASSIGNED: &str = "+15550100001";
const CODE: &str = "012345";
/// Mobile number of the default region. It expires after the first day of the tests' clock.
const MOBILE: &str = "+8613900000001";
const TEST_PHONES: (&str, &str) = ("TEST_PHONES", "+15550100001=012345@2027-11-18, +8613900000001=012345@2026-11-18");

async fn server(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[TEST_PHONES]).await
}

impl TestServer {
    async fn test_ticket(&self, flow: &str, phone: &str) -> String {
        let sent = self.send_code_for(flow, phone).await;
        assert_eq!((sent.status.as_u16(), sent.number("resend_in")), (200, 0), "{sent:?}");
        sent.text("ticket")
    }

    async fn test_account(&self, phone: &str) -> Response {
        let ticket = self.test_ticket("register", phone).await;
        self.verify_code(&ticket, CODE).await.assert_status(200);
        self.set_password(&ticket).await.assert_status(200);
        let account = self.submit_profile(&ticket).await;
        account.assert_status(201);
        account
    }
}

async fn sign_up_with_a_test_number_sends_no_message(back_ends: BackEnds) {
    let server = server(back_ends).await;
    for (phone, typed) in [(UNASSIGNED, "+1 555-010-0001"), (MOBILE, "139 0000 0001")] {
        let account = server.test_account(typed).await;
        assert_eq!(account.body["user"]["phone_number"], phone);
        server.log_in(typed, PASSWORD).await.assert_status(200);
        server.send_code_for("register", typed).await.assert_error(409, "phone_already_registered");
    }
    assert_eq!(server.sms.accepted(), 0);
    // The next number is not a test number.
    server.send_code("+15550100002").await.assert_field_error(
        422,
        "validation_failed",
        "phone_number",
        "invalid_format",
    );
}

async fn every_flow_accepts_the_fixed_code(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[TEST_PHONES]).await;
    let access = server.test_account(UNASSIGNED).await.text("access_token");
    // Login.
    let ticket = server.test_ticket("login", UNASSIGNED).await;
    let again = server.post("/v1/login/resend-code", json!({"ticket": ticket})).await;
    assert_eq!((again.status.as_u16(), again.number("resend_in")), (200, 0), "{again:?}");
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": CODE})).await.assert_status(200);
    // Change of the phone to the other test number, more often than the limit for real numbers, and without a notice.
    for _ in 0..4 {
        for to in [MOBILE, UNASSIGNED] {
            let body = json!({"phone_number": to, "current_password": PASSWORD});
            let sent = server.call(Method::POST, "/v1/me/phone/send-code", &access, body).await;
            sent.assert_status(200);
            let body = json!({"ticket": sent.text("ticket"), "code": CODE});
            let changed = server.call(Method::POST, "/v1/me/phone/verify-code", &access, body).await;
            assert_eq!(changed.body["phone_number"], to, "{changed:?}");
        }
    }
    // Password reset.
    let ticket = server.test_ticket("password-reset", UNASSIGNED).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": CODE})).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": "staple battery horse"});
    server.post("/v1/password-reset/set-password", body).await.assert_status(204);
    // Account deletion, with a session and without one. It is not held.
    let access = server.log_in(UNASSIGNED, "staple battery horse").await.text("access_token");
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &access, Value::Null).await;
    let body = json!({"ticket": sent.text("ticket"), "code": CODE});
    server.call(Method::DELETE, "/v1/me", &access, body).await.assert_status(204);
    server.test_account(UNASSIGNED).await;
    let ticket = server.test_ticket("account-deletion", UNASSIGNED).await;
    server.post("/v1/account-deletion/verify-code", json!({"ticket": ticket, "code": CODE})).await.assert_status(204);
    // A real message is sent after any message of the test number, and is the only one.
    server.new_ticket(&fresh_phone()).await;
    assert_eq!((server.sms.accepted(), server.sms.notices_for(MOBILE).len()), (1, 0));
}

/// Nobody gets the number from a carrier, and a test must not wait for a day.
async fn a_code_enters_the_dormant_account_of_a_test_number(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[TEST_PHONES]).await;
    let account = server.test_account(UNASSIGNED).await;
    server.advance(91 * 24 * HOUR);
    let ticket = server.test_ticket("login", UNASSIGNED).await;
    let entered = server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": CODE})).await;
    assert_eq!(entered.body["user"]["id"], account.body["user"]["id"], "{entered:?}");
}

async fn a_test_number_is_exempt_from_send_limits_and_budgets(back_ends: BackEnds) {
    let ip_limits =
        ["LIMIT_IP_SENDS", "LIMIT_IP_PHONES_HOUR", "LIMIT_IP_UNVERIFIED_HOUR", "SMS_BUDGET_REGION_UNVERIFIED_HOUR"];
    let other_limits =
        ["SMS_BUDGET_REGION_HOUR", "SMS_BUDGET_HOUR", "SMS_BUDGET_DAY", "LIMIT_PHONE_HOUR", "LIMIT_PHONE_DAY"];
    let mut settings: Vec<_> = ip_limits.into_iter().chain(other_limits).map(|name| (name, "1")).collect();
    settings.push(TEST_PHONES);
    let server = TestServer::with(back_ends, &settings).await;
    for _ in 0..12 {
        server.test_ticket("register", MOBILE).await;
    }
    // The only allowed message is sent to a real number.
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    server.send_code(&fresh_phone()).await.assert_error(429, "too_many_requests");
    // Every budget is exhausted, and the test number still works.
    let test = server.test_ticket("register", MOBILE).await;
    for _ in 0..6 {
        server.post("/v1/register/resend-code", json!({"ticket": test})).await.assert_status(200);
    }
    server.verify_code(&test, CODE).await.assert_status(200);
    server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_status(200);
    assert_eq!(server.sms.accepted(), 1);
}

/// Otherwise an attacker who knows a test number could refund codes, and send any number of codes to other people.
async fn verification_of_a_test_number_refunds_nothing(back_ends: BackEnds) {
    for (budget, status, error_code) in [
        ("LIMIT_IP_UNVERIFIED_HOUR", 429, "too_many_requests"),
        ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", 503, "sms_region_suspended"),
    ] {
        let server = TestServer::with(back_ends, &[TEST_PHONES, (budget, "1")]).await;
        server.new_ticket(&fresh_phone()).await;
        let test = server.test_ticket("register", MOBILE).await;
        server.post("/v1/register/resend-code", json!({"ticket": test})).await.assert_status(200);
        server.verify_code(&test, CODE).await.assert_status(200);
        server.send_code(&fresh_phone()).await.assert_error(status, error_code);
    }
}

async fn wrong_codes_of_a_test_number_are_counted(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let wrong = wrong_code(CODE);
    for _ in 0..6 {
        let ticket = server.test_ticket("register", UNASSIGNED).await;
        for left in (1..5).rev() {
            let response = server.verify_code(&ticket, &wrong).await;
            response.assert_error(422, "code_wrong");
            assert_eq!(response.number("attempts_left"), left);
        }
        server.verify_code(&ticket, &wrong).await.assert_error(410, "code_exhausted");
        server.verify_code(&ticket, CODE).await.assert_error(410, "ticket_expired");
    }
    server.send_code(UNASSIGNED).await.assert_error(429, "phone_limit_reached");
    server.advance(Duration::from_secs(86_400));
    server.test_ticket("register", UNASSIGNED).await;
}

/// The tests' clock starts at 11:06:40 of the last day.
async fn a_test_number_expires_after_its_last_day(back_ends: BackEnds) {
    let server = server(back_ends).await;
    server.advance(Duration::from_secs(46_400 - 100));
    let (early, late) = (server.test_ticket("register", MOBILE).await, server.test_ticket("register", MOBILE).await);
    server.verify_code(&early, CODE).await.assert_status(200);
    server.advance(Duration::from_secs(100));
    server.verify_code(&late, CODE).await.assert_error(422, "code_wrong");
    // From now on it is a normal number.
    server.post("/v1/register/resend-code", json!({"ticket": late})).await.assert_status(200);
    server.verify_code(&late, &server.sms.code_for(MOBILE).unwrap()).await.assert_status(200);
    server.send_code(MOBILE).await.assert_error(429, "resend_cooldown");
    server.advance(Duration::from_secs(365 * 86_400));
    server.send_code(UNASSIGNED).await.assert_field_error(422, "validation_failed", "phone_number", "invalid_format");
}

async fn a_taken_test_number_is_concealed(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[TEST_PHONES, ("REGISTER_CONCEAL_TAKEN", "true")]).await;
    server.test_account(UNASSIGNED).await;
    let ticket = server.test_ticket("register", UNASSIGNED).await;
    server.verify_code(&ticket, CODE).await.assert_error(422, "code_wrong");
    // Login does not reveal either that the other number has no account.
    let ticket = server.test_ticket("login", MOBILE).await;
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": CODE})).await.assert_error(422, "code_wrong");
}

async fn a_test_number_requires_a_captcha(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let body = json!({"phone_number": UNASSIGNED, "captcha_id": server.captcha().await, "captcha_answer": "WRONG"});
    server.post("/v1/register/send-code", body).await.assert_error(422, "captcha_wrong");
}

//! Numbers with a fixed code, for store review and QA: nothing is sent to them, and the code is guarded like every other.

use crate::test_server::{Answer, BackEnds, PASSWORD, TestServer, fresh_phone, other_than};
use crate::with_both_back_ends;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

with_both_back_ends!(
    the_whole_way_without_a_message,
    every_flow_takes_the_fixed_code,
    no_limit_and_no_budget_holds_it_up_or_is_touched,
    its_codes_give_nothing_back,
    wrong_codes_count_as_ever,
    the_last_day_ends_it,
    a_number_that_is_taken_is_concealed_all_the_same,
    the_captcha_stays_in_front,
);

/// Nobody can have it, and its region is not served.
const NOBODY: &str = "+15550100001";
const CODE: &str = "012345";
/// A mobile number of the default region; until the day on which the tests' clock begins.
const MOBILE: &str = "+8613900000001";
const NUMBERS: (&str, &str) = ("TEST_PHONES", "+15550100001=012345@2027-11-18, +8613900000001=012345@2026-11-18");

async fn server(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[NUMBERS]).await
}

impl TestServer {
    async fn test_ticket(&self, flow: &str, phone: &str) -> String {
        let sent = self.send_code_for(flow, phone).await;
        assert_eq!((sent.status.as_u16(), sent.number("resend_in")), (200, 0), "{sent:?}");
        sent.text("ticket")
    }

    async fn test_account(&self, phone: &str) -> Answer {
        let ticket = self.test_ticket("register", phone).await;
        self.verify(&ticket, CODE).await.assert_done(200);
        self.set_password(&ticket).await.assert_done(200);
        let account = self.submit(&ticket).await;
        account.assert_done(201);
        account
    }
}

async fn the_whole_way_without_a_message(back_ends: BackEnds) {
    let server = server(back_ends).await;
    for (phone, typed) in [(NOBODY, "+1 555-010-0001"), (MOBILE, "139 0000 0001")] {
        let account = server.test_account(typed).await;
        assert_eq!(account.body["user"]["phone_number"], phone);
        server.log_in(typed, PASSWORD).await.assert_done(200);
        server.send_code_for("register", typed).await.assert_refused(409, "phone_already_registered");
    }
    assert_eq!(server.sms.accepted(), 0);
    // A neighbour is none.
    server.send_code("+15550100002").await.assert_field(422, "validation_failed", "phone_number", "invalid_format");
}

async fn every_flow_takes_the_fixed_code(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let access = server.test_account(NOBODY).await.text("access_token");
    // Signing in.
    let ticket = server.test_ticket("login", NOBODY).await;
    let again = server.post("/v1/login/resend-code", json!({"ticket": ticket})).await;
    assert_eq!((again.status.as_u16(), again.number("resend_in")), (200, 0), "{again:?}");
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": CODE})).await.assert_done(200);
    // To the other test number, more often than a user may change to numbers that cost something, and without a notice.
    for _ in 0..4 {
        for to in [MOBILE, NOBODY] {
            let body = json!({"phone_number": to, "current_password": PASSWORD});
            let sent = server.call(Method::POST, "/v1/me/phone/send-code", &access, body).await;
            sent.assert_done(200);
            let body = json!({"ticket": sent.text("ticket"), "code": CODE});
            let changed = server.call(Method::POST, "/v1/me/phone/verify-code", &access, body).await;
            assert_eq!(changed.body["phone_number"], to, "{changed:?}");
        }
    }
    // A forgotten password.
    let ticket = server.test_ticket("password-reset", NOBODY).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": CODE})).await.assert_done(200);
    let body = json!({"ticket": ticket, "password": "staple battery horse"});
    server.post("/v1/password-reset/set-password", body).await.assert_done(204);
    // The end, in the app and without it.
    let access = server.log_in(NOBODY, "staple battery horse").await.text("access_token");
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &access, Value::Null).await;
    let body = json!({"ticket": sent.text("ticket"), "code": CODE});
    server.call(Method::DELETE, "/v1/me", &access, body).await.assert_done(204);
    server.test_account(NOBODY).await;
    let ticket = server.test_ticket("account-deletion", NOBODY).await;
    server.post("/v1/account-deletion/verify-code", json!({"ticket": ticket, "code": CODE})).await.assert_done(204);
    // A message that somebody waits for comes after whatever nobody waited for.
    server.ticket(&fresh_phone()).await;
    assert_eq!((server.sms.accepted(), server.sms.notices_for(MOBILE).len()), (1, 0));
}

async fn no_limit_and_no_budget_holds_it_up_or_is_touched(back_ends: BackEnds) {
    let one =
        ["LIMIT_IP_SENDS", "LIMIT_IP_PHONES_HOUR", "LIMIT_IP_UNVERIFIED_HOUR", "SMS_BUDGET_REGION_UNVERIFIED_HOUR"];
    let more = ["SMS_BUDGET_REGION_HOUR", "SMS_BUDGET_HOUR", "SMS_BUDGET_DAY", "LIMIT_PHONE_HOUR", "LIMIT_PHONE_DAY"];
    let mut settings: Vec<_> = one.into_iter().chain(more).map(|name| (name, "1")).collect();
    settings.push(NUMBERS);
    let server = TestServer::with(back_ends, &settings).await;
    for _ in 0..12 {
        server.test_ticket("register", MOBILE).await;
    }
    // The one message that there is goes to a person.
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    server.send_code(&fresh_phone()).await.assert_refused(429, "too_many_requests");
    // All is spent, and a test number goes on.
    let test = server.test_ticket("register", MOBILE).await;
    for _ in 0..6 {
        server.post("/v1/register/resend-code", json!({"ticket": test})).await.assert_done(200);
    }
    server.verify(&test, CODE).await.assert_done(200);
    server.verify(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_done(200);
    assert_eq!(server.sms.accepted(), 1);
}

/// Else whoever knows a test number could send as many codes as he likes to people who never asked.
async fn its_codes_give_nothing_back(back_ends: BackEnds) {
    for (budget, status, refusal) in [
        ("LIMIT_IP_UNVERIFIED_HOUR", 429, "too_many_requests"),
        ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", 503, "sms_region_suspended"),
    ] {
        let server = TestServer::with(back_ends, &[NUMBERS, (budget, "1")]).await;
        server.ticket(&fresh_phone()).await;
        let test = server.test_ticket("register", MOBILE).await;
        server.post("/v1/register/resend-code", json!({"ticket": test})).await.assert_done(200);
        server.verify(&test, CODE).await.assert_done(200);
        server.send_code(&fresh_phone()).await.assert_refused(status, refusal);
    }
}

async fn wrong_codes_count_as_ever(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let wrong = other_than(CODE);
    for _ in 0..6 {
        let ticket = server.test_ticket("register", NOBODY).await;
        for left in (1..5).rev() {
            let answer = server.verify(&ticket, &wrong).await;
            answer.assert_refused(422, "code_wrong");
            assert_eq!(answer.number("attempts_left"), left);
        }
        server.verify(&ticket, &wrong).await.assert_refused(410, "code_exhausted");
        server.verify(&ticket, CODE).await.assert_refused(410, "ticket_expired");
    }
    server.send_code(NOBODY).await.assert_refused(429, "phone_limit_reached");
    server.advance(Duration::from_secs(86_400));
    server.test_ticket("register", NOBODY).await;
}

/// The tests' clock begins at 11:06:40 of the last day.
async fn the_last_day_ends_it(back_ends: BackEnds) {
    let server = server(back_ends).await;
    server.advance(Duration::from_secs(46_400 - 100));
    let (early, late) = (server.test_ticket("register", MOBILE).await, server.test_ticket("register", MOBILE).await);
    server.verify(&early, CODE).await.assert_done(200);
    server.advance(Duration::from_secs(100));
    server.verify(&late, CODE).await.assert_refused(422, "code_wrong");
    // From now on it is a phone like every other.
    server.post("/v1/register/resend-code", json!({"ticket": late})).await.assert_done(200);
    server.verify(&late, &server.sms.code_for(MOBILE).unwrap()).await.assert_done(200);
    server.send_code(MOBILE).await.assert_refused(429, "resend_cooldown");
    server.advance(Duration::from_secs(365 * 86_400));
    server.send_code(NOBODY).await.assert_field(422, "validation_failed", "phone_number", "invalid_format");
}

async fn a_number_that_is_taken_is_concealed_all_the_same(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[NUMBERS, ("REGISTER_CONCEAL_TAKEN", "true")]).await;
    server.test_account(NOBODY).await;
    let ticket = server.test_ticket("register", NOBODY).await;
    server.verify(&ticket, CODE).await.assert_refused(422, "code_wrong");
    // Whether the other one has an account is not told either.
    let ticket = server.test_ticket("login", MOBILE).await;
    server
        .post("/v1/login/verify-code", json!({"ticket": ticket, "code": CODE}))
        .await
        .assert_refused(422, "code_wrong");
}

async fn the_captcha_stays_in_front(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let body = json!({"phone_number": NOBODY, "captcha_id": server.captcha().await, "captcha_answer": "WRONG"});
    server.post("/v1/register/send-code", body).await.assert_refused(422, "captcha_wrong");
}

//! Codes that a known device requests without a captcha, beside the limits that strangers can use up.

use crate::limits::BEHIND_A_PROXY;
use crate::server_tests;
use crate::support::cloopen::Behaviour;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    start: std::future::ready;
    a_known_device_gets_a_code_without_a_captcha,
    a_new_device_needs_a_captcha_for_codes,
    a_known_device_has_three_codes_a_day,
    a_resend_counts_like_a_code,
    the_limits_of_the_number_and_of_the_device_are_separate,
    ten_wrong_codes_end_the_codes_of_a_device,
    the_response_does_not_say_whether_a_number_has_an_account,
    a_client_needs_a_captcha_or_a_token,
    a_message_that_is_not_sent_is_refunded,
    known_devices_keep_a_share_of_every_total,
    a_region_block_stops_known_devices,
    a_test_number_ignores_device_tokens,
);

const LOGIN: &str = "login";
const RESET: &str = "password-reset";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// Number with an account, and the device token of its session. The counters are empty.
async fn owner(server: &TestServer) -> (String, String) {
    let user = server.create_user().await;
    let token = server.log_in(&user.phone, PASSWORD).await.text("device_token");
    server.advance(DAY);
    (user.phone, token)
}

/// Requests a code for the number of an account with a device token alone.
pub async fn send_on(server: &TestServer, flow: &str, token: &str, phone: &str) -> Response {
    let body = json!({"phone_number": phone, "device_token": token});
    server.post(&format!("/v1/{flow}/send-code"), body).await
}

/// Requests a code like [`send_on`], and returns the ticket and the code.
pub async fn ticket_and_code_on(server: &TestServer, flow: &str, token: &str, phone: &str) -> (String, String) {
    let before = server.sms.messages_for(phone).len();
    let sent = send_on(server, flow, token, phone).await;
    sent.assert_status(200);
    (sent.text("ticket"), server.next_code(phone, before).await)
}

pub async fn verify(server: &TestServer, flow: &str, ticket: &str, code: &str) -> Response {
    server.post(&format!("/v1/{flow}/verify-code"), json!({"ticket": ticket, "code": code})).await
}

async fn a_known_device_gets_a_code_without_a_captcha(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (phone, token) = owner(&server).await;
    let (ticket, code) = ticket_and_code_on(&server, LOGIN, &token, &phone).await;
    let wrong = verify(&server, LOGIN, &ticket, &wrong_code(&code)).await;
    wrong.assert_error(422, "code_wrong");
    assert_eq!(wrong.number("attempts_left"), 4);
    verify(&server, LOGIN, &ticket, &code).await.assert_status(200);
    server.advance(HOUR);
    let (ticket, code) = ticket_and_code_on(&server, RESET, &token, &phone).await;
    verify(&server, RESET, &ticket, &code).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": "staple battery horse"});
    server.post("/v1/password-reset/set-password", body).await.assert_status(204);
}

/// Otherwise each new account could send codes to its number without a captcha.
async fn a_new_device_needs_a_captcha_for_codes(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let user = server.create_user().await;
    let token = server.log_in(&user.phone, PASSWORD).await.text("device_token");
    server.advance(DAY - MINUTE);
    for flow in [LOGIN, RESET] {
        send_on(&server, flow, &token, &user.phone).await.assert_error(422, "captcha_required");
    }
    server.advance(MINUTE);
    send_on(&server, LOGIN, &token, &user.phone).await.assert_status(200);
}

async fn a_known_device_has_three_codes_a_day(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (phone, token) = owner(&server).await;
    let sent = send_on(&server, LOGIN, &token, &phone).await;
    assert_eq!((sent.number("expires_in"), sent.number("resend_in")), (300, 60));
    let cooling = send_on(&server, LOGIN, &token, &phone).await;
    cooling.assert_error(429, "resend_cooldown");
    for (wait, resend_in) in [(60, 120), (120, 300)] {
        server.advance(Duration::from_secs(wait));
        assert_eq!(send_on(&server, RESET, &token, &phone).await.number("resend_in"), resend_in);
    }
    // At once: the device goes on with a captcha.
    send_on(&server, LOGIN, &token, &phone).await.assert_error(422, "captcha_required");
    let body = json!({
        "phone_number": phone, "device_token": token, "captcha_id": server.captcha().await, "captcha_answer": BYPASS,
    });
    server.post("/v1/login/send-code", body).await.assert_status(200);
    server.advance(DAY);
    send_on(&server, LOGIN, &token, &phone).await.assert_status(200);
}

async fn a_resend_counts_like_a_code(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (phone, token) = owner(&server).await;
    let (ticket, code) = ticket_and_code_on(&server, LOGIN, &token, &phone).await;
    let resend = async || server.post("/v1/login/resend-code", json!({"ticket": ticket})).await;
    resend().await.assert_error(429, "resend_cooldown");
    let before = server.sms.messages_for(&phone).len();
    for (n, wait) in [60, 120].into_iter().enumerate() {
        server.advance(Duration::from_secs(wait));
        resend().await.assert_status(200);
        assert_eq!(server.next_code(&phone, before + n).await, code);
    }
    resend().await.assert_error(429, "phone_limit_reached");
    send_on(&server, LOGIN, &token, &phone).await.assert_error(422, "captcha_required");
    verify(&server, LOGIN, &ticket, &code).await.assert_status(200);
}

/// Uses up the messages of a number, and its wrong codes.
async fn use_up_number(server: &TestServer, phone: &str) {
    for _ in 0..6 {
        let (ticket, code) = server.ticket_and_code(LOGIN, phone).await;
        for _ in 0..5 {
            verify(server, LOGIN, &ticket, &wrong_code(&code)).await;
        }
        server.advance(HOUR);
    }
    server.send_code_for(LOGIN, phone).await.assert_error(429, "phone_limit_reached");
}

async fn the_limits_of_the_number_and_of_the_device_are_separate(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (phone, token) = owner(&server).await;
    use_up_number(&server, &phone).await;
    let (ticket, code) = ticket_and_code_on(&server, LOGIN, &token, &phone).await;
    verify(&server, LOGIN, &ticket, &code).await.assert_status(200);
    // The other way round: the codes of the device do not count for the number.
    server.advance(DAY);
    for wait in [60, 120, 300] {
        send_on(&server, LOGIN, &token, &phone).await.assert_status(200);
        server.advance(Duration::from_secs(wait));
    }
    let sent = server.send_code_for(LOGIN, &phone).await;
    assert_eq!(sent.number("resend_in"), 60, "the first message to the number");
}

async fn ten_wrong_codes_end_the_codes_of_a_device(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (phone, token) = owner(&server).await;
    for _ in 0..2 {
        let (ticket, code) = ticket_and_code_on(&server, LOGIN, &token, &phone).await;
        for _ in 0..4 {
            verify(&server, LOGIN, &ticket, &wrong_code(&code)).await.assert_error(422, "code_wrong");
        }
        verify(&server, LOGIN, &ticket, &wrong_code(&code)).await.assert_error(410, "code_exhausted");
        server.advance(2 * MINUTE);
    }
    send_on(&server, LOGIN, &token, &phone).await.assert_error(422, "captcha_required");
    // Its wrong codes do not count for the number.
    let (ticket, code) = server.ticket_and_code(LOGIN, &phone).await;
    verify(&server, LOGIN, &ticket, &code).await.assert_status(200);
    server.advance(DAY);
    send_on(&server, LOGIN, &token, &phone).await.assert_status(200);
}

async fn the_response_does_not_say_whether_a_number_has_an_account(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (_, stranger) = owner(&server).await;
    let victim = server.create_user().await.phone;
    let comparable = |response: Response| {
        response.assert_error(422, "captcha_required");
        let mut body = response.body;
        body["request_id"] = Value::Null;
        body
    };
    let messages = server.sms.accepted();
    for flow in [LOGIN, RESET] {
        let known = comparable(send_on(&server, flow, &stranger, &victim).await);
        assert_eq!(known, comparable(send_on(&server, flow, &stranger, &fresh_phone()).await), "{flow}");
    }
    assert_eq!(server.sms.accepted(), messages);
}

async fn a_client_needs_a_captcha_or_a_token(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let captcha = server.captcha().await;
    for flow in [LOGIN, RESET] {
        let path = format!("/v1/{flow}/send-code");
        for (fields, missing) in [
            (json!({}), "captcha_id"),
            (json!({}), "captcha_answer"),
            (json!({"captcha_id": captcha}), "captcha_answer"),
            (json!({"captcha_answer": BYPASS}), "captcha_id"),
            (json!({"captcha_id": captcha, "device_token": "x"}), "captcha_answer"),
        ] {
            let mut body = fields;
            body["phone_number"] = json!(fresh_phone());
            let response = server.post(&path, body).await;
            let fields: Vec<_> =
                response.body["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
            assert_eq!((response.status.as_u16(), response.code()), (422, "validation_failed"), "{response:?}");
            assert!(fields.contains(&json!(missing)), "{fields:?}");
        }
    }
    // Only these flows accept a token.
    for flow in ["register", "account-deletion"] {
        let response = send_on(&server, flow, "x", &fresh_phone()).await;
        response.assert_error(400, "malformed_request");
    }
}

async fn a_message_that_is_not_sent_is_refunded(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (phone, token) = owner(&server).await;
    server.sms.behave(Behaviour::Refuse("160032"));
    for _ in 0..4 {
        send_on(&server, LOGIN, &token, &phone).await.assert_error(502, "sms_delivery_failed");
    }
    server.sms.behave(Behaviour::Accept);
    for wait in [60, 120, 300] {
        send_on(&server, LOGIN, &token, &phone).await.assert_status(200);
        server.advance(Duration::from_secs(wait));
    }
    send_on(&server, LOGIN, &token, &phone).await.assert_error(422, "captcha_required");
}

/// Strangers who drain every budget for sign-ups and sign-ins leave known devices their share.
async fn known_devices_keep_a_share_of_every_total(back_ends: BackEnds) {
    for total in ["SMS_BUDGET_REGION_HOUR", "SMS_BUDGET_HOUR", "SMS_BUDGET_DAY"] {
        let settings = [BEHIND_A_PROXY, (total, "10"), ("LIMIT_IP_CAPTCHAS", "100000")];
        let server = TestServer::with(back_ends, &settings).await;
        let mut owners = Vec::new();
        for _ in 0..3 {
            owners.push(owner(&server).await);
        }
        for flow in ["register", LOGIN] {
            while server.send_code_for(flow, &fresh_phone()).await.status == 200 {}
        }
        for (phone, token) in &owners[..2] {
            let (ticket, code) = ticket_and_code_on(&server, LOGIN, token, phone).await;
            verify(&server, LOGIN, &ticket, &code).await.assert_status(200);
        }
        // The share is used up: the device waits like everybody, or signs in with the password.
        let denied = send_on(&server, LOGIN, &owners[2].1, &owners[2].0).await;
        assert!(["sms_region_suspended", "sms_budget_exhausted"].contains(&denied.code()), "{total}: {denied:?}");
        server.log_in_on(&owners[2].1, &owners[2].0, PASSWORD).await.assert_status(200);
    }
}

async fn a_region_block_stops_known_devices(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1")]).await;
    let (phone, token) = owner(&server).await;
    // The unverified codes of strangers do not.
    while server.send_code_for(LOGIN, &fresh_phone()).await.status == 200 {}
    send_on(&server, LOGIN, &token, &phone).await.assert_status(200);
    server.advance(DAY);
    if let Some(url) = server.redis_url() {
        let mut redis = crate::support::redis::connection(url);
        let mut block = deadpool_redis::redis::cmd("SET");
        block.arg("limit:{shared}:sms-block:CN").arg(1).arg("PX").arg(1_000_000).exec(&mut redis).unwrap();
        send_on(&server, LOGIN, &token, &phone).await.assert_error(503, "sms_region_suspended");
    }
}

async fn a_test_number_ignores_device_tokens(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("TEST_PHONES", "+8613900000000=246810@2026-12-31")]).await;
    let phone = "+8613900000000";
    let ticket = server.new_ticket(phone).await;
    server.verify_code(&ticket, "246810").await.assert_status(200);
    server.set_password(&ticket).await.assert_status(200);
    let token = server.submit_profile(&ticket).await.text("device_token");
    send_on(&server, LOGIN, &token, phone).await.assert_error(422, "captcha_required");
    server.log_in_on(&token, phone, PASSWORD).await.assert_status(200);
}

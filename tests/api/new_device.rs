//! `NEW_DEVICE_CODE`: a right password on a new device needs a code, too.

use crate::known_device_codes::verify;
use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    start: std::future::ready;
    a_new_device_needs_a_captcha_the_password_and_a_code,
    a_known_device_needs_the_password_only,
    the_code_is_not_sent_for_a_wrong_password,
    strangers_cannot_use_up_the_codes_for_new_devices,
    an_account_has_three_codes_for_new_devices_a_day,
    a_retry_gets_the_same_ticket,
    without_the_setting_the_password_is_enough,
);

const LOGIN: &str = "login";
const DAY: Duration = Duration::from_secs(86_400);

async fn server(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[("NEW_DEVICE_CODE", "true"), ("LIMIT_IP_CAPTCHAS", "100000")]).await
}

/// Number with an account, and the device token of its sign-up. The counters are empty.
async fn owner(server: &TestServer) -> (String, String) {
    let phone = fresh_phone();
    let token = server.sign_up(&phone).await.text("device_token");
    server.advance(DAY);
    (phone, token)
}

/// Signs in with the password on a new device. Returns the ticket and the code.
async fn ticket_and_code(server: &TestServer, phone: &str) -> (String, String) {
    let before = server.sms.messages_for(phone).len();
    let response = server.log_in_with_captcha(phone, PASSWORD).await;
    response.assert_error(409, "new_device");
    (response.text("ticket"), server.next_code(phone, before).await)
}

async fn a_new_device_needs_a_captcha_the_password_and_a_code(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let (phone, _) = owner(&server).await;
    server.log_in(&phone, PASSWORD).await.assert_error(422, "captcha_required");
    server.log_in_on("nonsense", &phone, PASSWORD).await.assert_error(422, "captcha_required");
    let response = server.log_in_with_captcha(&phone, PASSWORD).await;
    response.assert_error(409, "new_device");
    let (expires_in, resend_in) = (response.number("expires_in"), response.number("resend_in"));
    assert_eq!((expires_in, resend_in, response.number("attempts_left")), (300, 60, 5));
    let ticket = response.text("ticket");
    let code = server.next_code(&phone, 1).await;
    let wrong = verify(&server, LOGIN, &ticket, &wrong_code(&code)).await;
    wrong.assert_error(422, "code_wrong");
    let resend = async || server.post("/v1/login/resend-code", json!({"ticket": ticket})).await;
    resend().await.assert_error(429, "resend_cooldown");
    server.advance(Duration::from_secs(60));
    resend().await.assert_status(200);
    assert_eq!(server.next_code(&phone, 2).await, code);
    let signed_in = verify(&server, LOGIN, &ticket, &code).await;
    signed_in.assert_status(200);
    // From now on the device is known.
    server.log_in_on(&signed_in.text("device_token"), &phone, PASSWORD).await.assert_status(200);
}

async fn a_known_device_needs_the_password_only(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let (phone, token) = owner(&server).await;
    let messages = server.sms.accepted();
    server.log_in_on(&token, &phone, PASSWORD).await.assert_status(200);
    server.log_in_on(&token, &phone, "wrong horse battery").await.assert_error(401, "credentials_invalid");
    let (other, _) = owner(&server).await;
    server.log_in_on(&token, &other, PASSWORD).await.assert_error(422, "captcha_required");
    assert_eq!(server.sms.accepted(), messages + 1, "the code of the other sign-up");
}

/// A right password is answered with a code, and so differs from a wrong one: so does a session.
async fn the_code_is_not_sent_for_a_wrong_password(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let (phone, _) = owner(&server).await;
    let messages = server.sms.accepted();
    let comparable = |response: Response| {
        response.assert_error(401, "credentials_invalid");
        let mut body = response.body;
        body["request_id"] = Value::Null;
        body
    };
    let known = comparable(server.log_in_with_captcha(&phone, "wrong horse battery").await);
    assert_eq!(known, comparable(server.log_in_with_captcha(&fresh_phone(), "wrong horse battery").await));
    assert_eq!(server.sms.accepted(), messages);
}

async fn strangers_cannot_use_up_the_codes_for_new_devices(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let (phone, _) = owner(&server).await;
    for _ in 0..6 {
        let (ticket, code) = server.ticket_and_code(LOGIN, &phone).await;
        for _ in 0..5 {
            verify(&server, LOGIN, &ticket, &wrong_code(&code)).await;
        }
        server.advance(Duration::from_secs(3_600));
    }
    server.send_code_for(LOGIN, &phone).await.assert_error(429, "phone_limit_reached");
    let (ticket, code) = ticket_and_code(&server, &phone).await;
    verify(&server, LOGIN, &ticket, &code).await.assert_status(200);
}

async fn an_account_has_three_codes_for_new_devices_a_day(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let (phone, _) = owner(&server).await;
    for _ in 0..3 {
        ticket_and_code(&server, &phone).await;
        server.log_in_with_captcha(&phone, PASSWORD).await.assert_error(429, "resend_cooldown");
        server.advance(Duration::from_secs(300));
    }
    server.log_in_with_captcha(&phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
    // Right passwords use up no wrong ones.
    server.log_in_with_captcha(&phone, "wrong horse battery").await.assert_error(401, "credentials_invalid");
    server.advance(DAY);
    ticket_and_code(&server, &phone).await;
}

async fn a_retry_gets_the_same_ticket(back_ends: BackEnds) {
    let server = server(back_ends).await;
    let (phone, _) = owner(&server).await;
    let captcha = server.captcha().await;
    let log_in = async || {
        let body = json!({
            "phone_number": phone, "password": PASSWORD, "captcha_id": captcha, "captcha_answer": BYPASS,
        });
        let request = server.request(reqwest::Method::POST, "/v1/login").header("idempotency-key", "one").json(&body);
        server.send(request, "/v1/login").await
    };
    let (first, retry) = (log_in().await, log_in().await);
    for response in [&first, &retry] {
        response.assert_error(409, "new_device");
    }
    let parts = |response: &Response| {
        ["ticket", "expires_in", "resend_in", "attempts_left"].map(|field| response.body[field].clone())
    };
    assert_eq!(parts(&first), parts(&retry));
    let code = server.next_code(&phone, 1).await;
    assert_eq!(server.sms.messages_for(&phone).len(), 2, "the sign-up and one code");
    verify(&server, LOGIN, &retry.text("ticket"), &code).await.assert_status(200);
}

async fn without_the_setting_the_password_is_enough(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (phone, _) = owner(&server).await;
    server.log_in(&phone, PASSWORD).await.assert_status(200);
}

//! Faults that were seen in comparable services; see docs/mistakes.md for those of the earlier back ends.

use crate::server_tests;
use crate::support::cloopen::Behaviour;
use crate::test_server::{BYPASS, PASSWORD, TestServer, fresh_phone, wrong_code};
use crate::users::wait_until;
use serde_json::json;

server_tests!(
    a_password_of_a_stranger_is_not_accepted_before_the_phone_is_verified,
    a_password_where_none_is_expected_is_rejected,
    a_resend_keeps_the_attempts_and_the_code,
    logins_do_not_wait_for_a_hanging_sms_provider,
);

/// Pre-hijacking: a password that a stranger sets on a number that is not verified must not survive.
async fn a_password_of_a_stranger_is_not_accepted_before_the_phone_is_verified(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    server.set_password(&ticket).await.assert_error(409, "wrong_step");
    server.submit_profile(&ticket).await.assert_error(409, "wrong_step");
    server.log_in(&phone, PASSWORD).await.assert_error(401, "credentials_invalid");
}

/// An ignored password would leave an account without one.
async fn a_password_where_none_is_expected_is_rejected(server: TestServer) {
    let phone = fresh_phone();
    let captcha = server.captcha().await;
    let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS, "password": PASSWORD});
    let sent = server.post("/v1/register/send-code", body).await;
    sent.assert_field_error(400, "malformed_request", "password", "unknown_field");
    let ticket = server.ticket_with_password(&phone).await;
    let body = json!({"ticket": ticket, "nickname": "Ann", "password": PASSWORD});
    let submitted = server.post("/v1/register/submit-profile", body).await;
    submitted.assert_field_error(400, "malformed_request", "password", "unknown_field");
}

/// Elsewhere the right code is accepted after 200 wrong ones, or the code of a resend is refused.
async fn a_resend_keeps_the_attempts_and_the_code(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    for _ in 0..3 {
        server.verify_code(&ticket, &wrong_code(&code)).await.assert_error(422, "code_wrong");
    }
    server.advance(std::time::Duration::from_secs(60));
    let resent = server.post("/v1/register/resend-code", json!({"ticket": ticket})).await;
    assert_eq!((resent.status.as_u16(), resent.number("attempts_left")), (200, 2));
    assert_eq!(server.sms.code_for(&phone).unwrap(), code);
    server.verify_code(&ticket, &code).await.assert_status(200);
}

/// No database connection is held while the provider is called.
async fn logins_do_not_wait_for_a_hanging_sms_provider(server: TestServer) {
    let user = server.create_user().await;
    server.sms.behave(Behaviour::Hang);
    let before = server.sms.requests();
    let mut sockets = Vec::new();
    for _ in 0..18 {
        let body = json!({
            "phone_number": fresh_phone(), "captcha_id": server.captcha().await, "captcha_answer": BYPASS
        });
        sockets.push(server.send_raw("/v1/register/send-code", &body).await);
    }
    wait_until("calls of the provider", || server.sms.requests() >= before + 18).await;
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
    server.me(&user.access_token).await.assert_status(200);
}

//! Notices by SMS of a password change and of a password reset.

use crate::server_tests;
use crate::support::cloopen::{Behaviour, CHANGED_TEMPLATE_ID, RESET_TEMPLATE_ID};
use crate::test_server::{BYPASS, BackEnds, PASSWORD, TestServer};
use crate::users::{TestUser, wait_until};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

server_tests!(
    start: super::server;
    a_password_change_and_a_reset_notify_the_owner,
    a_notice_that_the_provider_refuses_is_sent_with_the_next_change,
    sixty_changes_an_hour_send_one_notice_an_hour_and_three_a_day,
    the_list_of_sessions_has_the_time_of_the_last_change,
);

const HOUR: Duration = Duration::from_secs(3_600);

async fn server(back_ends: BackEnds) -> TestServer {
    let settings = [
        ("SMS_NOTICES", "password_changed,password_reset"),
        ("SMS_CLOOPEN_TEMPLATE_PASSWORD_CHANGED", CHANGED_TEMPLATE_ID),
        ("SMS_CLOOPEN_TEMPLATE_PASSWORD_RESET", RESET_TEMPLATE_ID),
    ];
    TestServer::with(back_ends, &settings).await
}

/// Changes the password and returns the access token that belongs to it.
async fn change(server: &TestServer, access: &str, current: &str, new: &str) -> String {
    let body = json!({"current_password": current, "new_password": new});
    let changed = server.call(Method::PUT, "/v1/me/password", access, body).await;
    changed.assert_status(200);
    changed.text("access_token")
}

async fn reset(server: &TestServer, user: &TestUser) {
    let captcha = server.captcha().await;
    let body = json!({"phone_number": user.phone, "captcha_id": captcha, "captcha_answer": BYPASS});
    let before = server.sms.messages_for(&user.phone).len();
    let ticket = server.post("/v1/password-reset/send-code", body).await.text("ticket");
    wait_until("code", || server.sms.messages_for(&user.phone).len() > before).await;
    let code = server.sms.code_for(&user.phone).unwrap();
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": PASSWORD});
    server.post("/v1/password-reset/set-password", body).await.assert_status(204);
}

async fn wait_for_notices(server: &TestServer, user: &TestUser, expected: &[&str]) {
    wait_until("notices", || server.sms.notices_for(&user.phone).len() >= expected.len()).await;
    assert_eq!(server.sms.notices_for(&user.phone), expected);
}

async fn a_password_change_and_a_reset_notify_the_owner(server: TestServer) {
    let user = server.create_user().await;
    change(&server, &user.access_token, PASSWORD, "another good password").await;
    wait_for_notices(&server, &user, &[CHANGED_TEMPLATE_ID]).await;
    // Each kind has its own hour.
    server.advance(Duration::from_secs(60));
    reset(&server, &user).await;
    wait_for_notices(&server, &user, &[CHANGED_TEMPLATE_ID, RESET_TEMPLATE_ID]).await;
}

async fn a_notice_that_the_provider_refuses_is_sent_with_the_next_change(server: TestServer) {
    let user = server.create_user().await;
    server.sms.behave(Behaviour::Refuse("160000"));
    let before = server.sms.requests();
    let access = change(&server, &user.access_token, PASSWORD, "another good password").await;
    wait_until("refusal", || server.sms.requests() > before).await;
    server.sms.behave(Behaviour::Accept);
    let mut passwords = ["another good password", PASSWORD];
    let mut access = access;
    // The refund follows the refusal at any time.
    while server.sms.notices_for(&user.phone).is_empty() {
        access = change(&server, &access, passwords[0], passwords[1]).await;
        passwords.reverse();
    }
}

/// A thief with the password must not be able to bomb the owner with notices.
async fn sixty_changes_an_hour_send_one_notice_an_hour_and_three_a_day(server: TestServer) {
    let user = server.create_user().await;
    let (mut access, mut passwords) = (user.access_token.clone(), [PASSWORD, "another good password"]);
    for _ in 0..60 {
        access = change(&server, &access, passwords[0], passwords[1]).await;
        passwords.reverse();
    }
    for hour in 1..6 {
        wait_for_notices(&server, &user, &vec![CHANGED_TEMPLATE_ID; hour.min(3)]).await;
        server.advance(HOUR);
        let log_in = server.log_in(&user.phone, passwords[0]).await;
        change(&server, &log_in.text("access_token"), passwords[0], passwords[1]).await;
        passwords.reverse();
    }
    wait_for_notices(&server, &user, &[CHANGED_TEMPLATE_ID; 3]).await;
}

/// Also when the message does not arrive.
async fn the_list_of_sessions_has_the_time_of_the_last_change(server: TestServer) {
    let user = server.create_user().await;
    let list = async |access: &str| server.call(Method::GET, "/v1/sessions", access, json!(null)).await;
    let before = list(&user.access_token).await.text("password_changed_at");
    server.advance(Duration::from_secs(90));
    let access = change(&server, &user.access_token, PASSWORD, "another good password").await;
    let after = list(&access).await.text("password_changed_at");
    assert!(after > before, "{before} {after}");
}

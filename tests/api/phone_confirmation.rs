//! Confirmation of the number: when it is due, and the code that answers it.

use crate::server_tests;
use crate::test_server::{BackEnds, Response, TestServer, wrong_code};
use crate::users::TestUser;
use diesel::connection::SimpleConnection;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

server_tests!(
    a_code_confirms_the_number,
    a_confirmation_is_due_by_the_setting,
    wrong_codes_and_bad_input_confirm_nothing,
    a_code_confirms_nothing_after_the_credentials_changed,
);

async fn call(server: &TestServer, user: &TestUser, step: &str, body: Value) -> Response {
    server.call(Method::POST, &format!("/v1/me/phone/confirm/{step}"), &user.access_token, body).await
}

async fn ticket_and_code(server: &TestServer, user: &TestUser) -> (String, String) {
    let before = server.sms.messages_for(&user.phone).len();
    let sent = call(server, user, "send-code", Value::Null).await;
    sent.assert_status(200);
    (sent.text("ticket"), server.next_code(&user.phone, before).await)
}

/// Lets time pass, with a refresh in each 20 days, so that the session stays active.
async fn pass_days(server: &TestServer, user: &mut TestUser, days: u32) {
    let mut left = days;
    while left > 0 {
        let step = left.min(20);
        server.advance(DAY * step);
        left -= step;
        let tokens = server.refresh(&user.refresh_token).await;
        tokens.assert_status(200);
        user.access_token = tokens.text("access_token");
        user.refresh_token = tokens.text("refresh_token");
    }
}

async fn is_due(server: &TestServer, user: &TestUser) -> bool {
    server.me(&user.access_token).await.body["phone_confirm_due"].as_bool().unwrap()
}

async fn server_with_days(server: &TestServer, days: &str) -> TestServer {
    TestServer::with(server.back_ends(), &[("NUMBER_CONFIRM_DAYS", days)]).await
}

async fn a_code_confirms_the_number(server: TestServer) {
    let server = server_with_days(&server, "60").await;
    let mut user = server.create_user().await;
    assert_eq!(user.profile["phone_confirm_due"], false);
    // The sign-up was an hour ago.
    pass_days(&server, &mut user, 59).await;
    assert!(!is_due(&server, &user).await);
    pass_days(&server, &mut user, 1).await;
    assert!(is_due(&server, &user).await);
    let before = server.me(&user.access_token).await;
    let sent = call(&server, &user, "send-code", Value::Null).await;
    sent.assert_status(200);
    assert_eq!(sent.text("phone_number"), format!("{}****{}", &user.phone[..6], &user.phone[10..]));
    server.advance(Duration::from_secs(60));
    let ticket = json!({"ticket": sent.text("ticket")});
    call(&server, &user, "resend-code", ticket).await.assert_status(200);
    server.wait_for_messages(3).await;
    let code = server.sms.code_for(&user.phone).unwrap();
    let body = json!({"ticket": sent.text("ticket"), "code": code});
    let confirmed = call(&server, &user, "verify-code", body.clone()).await;
    confirmed.assert_status(200);
    // Nothing else changes, and the sessions stay.
    let mut expected = before.body;
    expected["phone_confirm_due"] = json!(false);
    assert_eq!(confirmed.body, expected);
    assert_eq!(server.me(&user.access_token).await.body, expected);
    call(&server, &user, "verify-code", body).await.assert_error(410, "ticket_expired");
    pass_days(&server, &mut user, 59).await;
    assert!(!is_due(&server, &user).await);
    pass_days(&server, &mut user, 1).await;
    assert!(is_due(&server, &user).await);
}

async fn a_confirmation_is_due_by_the_setting(server: TestServer) {
    let (never, default) = (server_with_days(&server, "0").await, server);
    for (server, due) in [(never, false), (default, true)] {
        let phone = server.create_user().await.phone;
        server.advance(DAY * 180);
        let signed_in = server.log_in(&phone, crate::test_server::PASSWORD).await;
        assert_eq!(signed_in.body["user"]["phone_confirm_due"], due);
    }
}

async fn wrong_codes_and_bad_input_confirm_nothing(server: TestServer) {
    let server = server_with_days(&server, "1").await;
    let mut user = server.create_user().await;
    pass_days(&server, &mut user, 2).await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    for (body, field) in
        [(json!({"ticket": "x", "code": code}), "ticket"), (json!({"ticket": ticket, "code": "1"}), "code")]
    {
        let refused = call(&server, &user, "verify-code", body).await;
        refused.assert_field_error(422, "validation_failed", field, "invalid_format");
    }
    call(&server, &user, "verify-code", json!({"ticket": ticket})).await.assert_error(400, "malformed_request");
    let app = call(&server, &user, "send-code", json!({"client_id": "other"})).await;
    app.assert_field_error(422, "validation_failed", "client_id", "not_allowed");
    call(&server, &user, "send-code", Value::Null).await.assert_error(429, "resend_cooldown");
    let request = server.request(Method::POST, "/v1/me/phone/confirm/send-code");
    server.send(request, "/v1/me/phone/confirm/send-code").await.assert_error(401, "token_missing");
    let wrong = json!({"ticket": ticket, "code": wrong_code(&code)});
    for _ in 0..4 {
        call(&server, &user, "verify-code", wrong.clone()).await.assert_error(422, "code_wrong");
    }
    call(&server, &user, "verify-code", wrong).await.assert_error(410, "code_exhausted");
    call(&server, &user, "verify-code", json!({"ticket": ticket, "code": code}))
        .await
        .assert_error(410, "ticket_expired");
    assert!(is_due(&server, &user).await);
}

async fn a_code_confirms_nothing_after_the_credentials_changed(server: TestServer) {
    let server = server_with_days(&server, "1").await;
    let mut user = server.create_user().await;
    pass_days(&server, &mut user, 2).await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    let body = json!({"current_password": crate::test_server::PASSWORD, "new_password": "staple battery horse"});
    server.call(Method::PUT, "/v1/me/password", &user.access_token, body).await.assert_status(200);
    let late = call(&server, &user, "verify-code", json!({"ticket": ticket, "code": code})).await;
    late.assert_error(410, "ticket_expired");
    assert!(is_due(&server, &user).await);
}

#[actix_web::test]
async fn a_detached_account_has_no_number_to_confirm() {
    let server = TestServer::with(BackEnds::Real, &[("NUMBER_CONFIRM_DAYS", "1")]).await;
    let mut user = server.create_user().await;
    pass_days(&server, &mut user, 2).await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    server.database().batch_execute("UPDATE users SET former_phone = phone, phone = NULL").unwrap();
    assert!(!is_due(&server, &user).await);
    let messages = server.sms.messages_for(&user.phone).len();
    let ticket_alone = json!({"ticket": ticket});
    for (step, body) in [
        ("send-code", Value::Null),
        ("resend-code", ticket_alone.clone()),
        ("verify-code", json!({"ticket": ticket, "code": code})),
    ] {
        call(&server, &user, step, body).await.assert_error(409, "phone_missing");
    }
    let resent = server.call(Method::POST, "/v1/me/deletion/resend-code", &user.access_token, ticket_alone).await;
    resent.assert_error(409, "phone_missing");
    assert_eq!(server.sms.messages_for(&user.phone).len(), messages, "the number belongs to another person");
}

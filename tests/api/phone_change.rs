//! Change of the phone number of an account.

use crate::server_tests;
use crate::test_server::{PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use crate::users::{TestUser, wait_until};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

server_tests!(
    a_code_to_the_new_number_changes_the_phone,
    a_phone_change_requires_the_password,
    the_number_of_an_account_in_use_is_held,
    a_number_that_was_free_is_asked_for_again,
    a_ticket_of_another_user_is_rejected,
);

async fn send_code(server: &TestServer, user: &TestUser, to: &str, password: &str) -> Response {
    let body = json!({"phone_number": to, "current_password": password});
    server.call(Method::POST, "/v1/me/phone/send-code", &user.access_token, body).await
}

async fn verify_code(server: &TestServer, access: &str, ticket: &str, code: &str) -> Response {
    let body = json!({"ticket": ticket, "code": code});
    server.call(Method::POST, "/v1/me/phone/verify-code", access, body).await
}

async fn a_code_to_the_new_number_changes_the_phone(server: TestServer) {
    let user = server.create_owner().await;
    let new = fresh_phone();
    let sent = send_code(&server, &user, &new, PASSWORD).await;
    sent.assert_status(200);
    assert_eq!(sent.text("phone_number"), format!("{}****{}", &new[..6], &new[10..]));
    let ticket = sent.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    verify_code(&server, &user.access_token, &ticket, &wrong_code(&code)).await.assert_error(422, "code_wrong");
    server.advance(Duration::from_secs(60));
    let again =
        server.call(Method::POST, "/v1/me/phone/resend-code", &user.access_token, json!({"ticket": ticket})).await;
    assert_eq!((again.number("resend_in"), again.number("attempts_left")), (120, 4), "{again:?}");
    let changed = verify_code(&server, &user.access_token, &ticket, &code).await;
    changed.assert_status(200);
    assert_eq!((&changed.body["phone_number"], &changed.body["id"]), (&json!(new), &user.profile["id"]));
    verify_code(&server, &user.access_token, &ticket, &code).await.assert_error(410, "ticket_expired");
    assert_eq!(server.me(&user.access_token).await.body, changed.body);

    // The earlier number gets a notice, and is free.
    wait_until("notice", || !server.sms.notices_for(&user.phone).is_empty()).await;
    assert_eq!(server.sms.notices_for(&user.phone), [format!("{}****{}", &new[..6], &new[10..])]);
    server.log_in(&user.phone, PASSWORD).await.assert_error(401, "credentials_invalid");
    server.log_in(&new, PASSWORD).await.assert_status(200);
    server.advance(Duration::from_secs(3_600));
    server.sign_up(&user.phone).await;
}

async fn a_phone_change_requires_the_password(server: TestServer) {
    let user = server.create_owner().await;
    let new = fresh_phone();
    send_code(&server, &user, &new, "not the password").await.assert_error(422, "password_wrong");
    send_code(&server, &user, "+12025550123", PASSWORD).await.assert_error(422, "region_not_supported");
    let bad = send_code(&server, &user, "138001380000", PASSWORD).await;
    bad.assert_field_error(422, "validation_failed", "phone_number", "invalid_format");
    assert!(server.sms.messages_for(&new).is_empty());
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    server.post("/v1/me/phone/send-code", body).await.assert_error(401, "token_missing");
}

/// Only the person who has the phone learns that it has an account.
async fn the_number_of_an_account_in_use_is_held(server: TestServer) {
    let users = server.create_owners(2).await;
    let sent = send_code(&server, &users[0], &users[1].phone, PASSWORD).await;
    let free = send_code(&server, &users[0], &fresh_phone(), PASSWORD).await;
    let members = |response: &Response| response.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((sent.status, members(&sent)), (free.status, members(&free)));
    let code = server.sms.code_for(&users[1].phone).unwrap();
    let held = verify_code(&server, &users[0].access_token, &sent.text("ticket"), &code).await;
    held.assert_error(409, "act_held");
    assert_eq!((held.number("retry_after"), &held.body["start_anew"]), (86_400, &json!(false)));
    for user in &users {
        assert_eq!(server.me(&user.access_token).await.body["phone_number"], json!(user.phone));
    }
    // The limit prevents a user from causing many messages.
    for _ in 0..3 {
        send_code(&server, &users[0], &fresh_phone(), PASSWORD).await.assert_status(200);
    }
    let paused = send_code(&server, &users[0], &fresh_phone(), PASSWORD).await;
    paused.assert_error(429, "too_many_requests");
    assert!((86_000..=86_400).contains(&paused.number("retry_after")), "{paused:?}");
}

/// The number got an account after the code was sent.
async fn a_number_that_was_free_is_asked_for_again(server: TestServer) {
    let user = server.create_owner().await;
    let new = fresh_phone();
    let ticket = send_code(&server, &user, &new, PASSWORD).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    server.advance(Duration::from_secs(60));
    server.sign_up(&new).await;
    for _ in 0..2 {
        verify_code(&server, &user.access_token, &ticket, &code).await.assert_error(409, "act_held");
    }
    assert_eq!(server.me(&user.access_token).await.body["phone_number"], json!(user.phone));
    assert!(server.sms.notices_for(&user.phone).is_empty());
}

async fn a_ticket_of_another_user_is_rejected(server: TestServer) {
    let users = server.create_owners(2).await;
    let new = fresh_phone();
    let ticket = send_code(&server, &users[0], &new, PASSWORD).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    verify_code(&server, &users[1].access_token, &ticket, &code).await.assert_error(410, "ticket_expired");
    let resend =
        server.call(Method::POST, "/v1/me/phone/resend-code", &users[1].access_token, json!({"ticket": ticket}));
    resend.await.assert_error(410, "ticket_expired");
    verify_code(&server, &users[0].access_token, &ticket, &code).await.assert_status(200);
}

//! Change of the phone number of an account.

use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use crate::users::{TestUser, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    a_code_to_the_new_number_changes_the_phone,
    a_phone_change_requires_the_password,
    a_taken_number_is_rejected,
    only_one_of_two_users_gets_the_same_number,
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
    let user = server.create_user().await;
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
    let user = server.create_user().await;
    let new = fresh_phone();
    send_code(&server, &user, &new, "not the password").await.assert_error(422, "password_wrong");
    send_code(&server, &user, "+12025550123", PASSWORD).await.assert_error(422, "region_not_supported");
    let bad = send_code(&server, &user, "138001380000", PASSWORD).await;
    bad.assert_field_error(422, "validation_failed", "phone_number", "invalid_format");
    assert!(server.sms.messages_for(&new).is_empty());
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    server.post("/v1/me/phone/send-code", body).await.assert_error(401, "token_missing");
}

async fn a_taken_number_is_rejected(server: TestServer) {
    let users = server.create_users(2).await;
    let sent = server.sms.messages_for(&users[1].phone).len();
    for taken in [&users[1].phone, &users[0].phone, &users[1].phone, &users[0].phone, &users[1].phone] {
        send_code(&server, &users[0], taken, PASSWORD).await.assert_error(409, "phone_already_registered");
    }
    // The limit prevents a user from testing many numbers for accounts, and from causing many messages.
    let paused = send_code(&server, &users[0], &fresh_phone(), PASSWORD).await;
    paused.assert_error(429, "too_many_requests");
    assert!((86_000..=86_400).contains(&paused.number("retry_after")), "{paused:?}");
    assert_eq!(server.sms.messages_for(&users[1].phone).len(), sent);
}

/// The check at the first step cannot decide a race; the UNIQUE constraint does.
async fn only_one_of_two_users_gets_the_same_number(server: TestServer) {
    let user = server.create_user().await;
    let new = fresh_phone();
    let ticket = send_code(&server, &user, &new, PASSWORD).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    server.advance(Duration::from_secs(60));
    server.sign_up(&new).await;
    verify_code(&server, &user.access_token, &ticket, &code).await.assert_error(409, "phone_already_registered");
    verify_code(&server, &user.access_token, &ticket, &code).await.assert_error(410, "ticket_expired");
    assert_eq!(server.me(&user.access_token).await.body["phone_number"], json!(user.phone));
    assert!(server.sms.notices_for(&user.phone).is_empty());
}

async fn a_ticket_of_another_user_is_rejected(server: TestServer) {
    let users = server.create_users(2).await;
    let new = fresh_phone();
    let ticket = send_code(&server, &users[0], &new, PASSWORD).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    verify_code(&server, &users[1].access_token, &ticket, &code).await.assert_error(410, "ticket_expired");
    let resend =
        server.call(Method::POST, "/v1/me/phone/resend-code", &users[1].access_token, json!({"ticket": ticket}));
    resend.await.assert_error(410, "ticket_expired");
    verify_code(&server, &users[0].access_token, &ticket, &code).await.assert_status(200);
}

/// `REGISTER_CONCEAL_TAKEN` also applies to a phone change: the response does not reveal who has an account.
async fn a_taken_number_is_concealed(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("REGISTER_CONCEAL_TAKEN", "true")]).await;
    let mut phones = Vec::new();
    for _ in 0..2 {
        let phone = fresh_phone();
        let (ticket, code) = server.ticket_and_code("register", &phone).await;
        server.verify_code(&ticket, &code).await.assert_status(200);
        server.set_password(&ticket).await.assert_status(200);
        server.submit_profile(&ticket).await.assert_status(201);
        phones.push(phone);
    }
    server.advance(Duration::from_secs(3_600));
    let user = server.new_session(&phones[0]).await;
    let new = fresh_phone();
    let taken = send_code(&server, &user, &phones[1], PASSWORD).await;
    let free = send_code(&server, &user, &new, PASSWORD).await;
    let members = |response: &Response| response.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((taken.status, members(&taken)), (free.status, members(&free)));
    server.next_code(&new, 0).await;
    assert_eq!(server.sms.messages_for(&phones[1]).len(), 1, "not only the message of the sign-up");
    for _ in 0..4 {
        verify_code(&server, &user.access_token, &taken.text("ticket"), "000000").await.assert_error(422, "code_wrong");
    }
    assert_eq!(server.me(&user.access_token).await.body["phone_number"], Value::from(phones[0].clone()));
}

#[actix_web::test]
async fn a_taken_number_is_concealed_embedded() {
    a_taken_number_is_concealed(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn a_taken_number_is_concealed_real() {
    a_taken_number_is_concealed(BackEnds::Real).await;
}

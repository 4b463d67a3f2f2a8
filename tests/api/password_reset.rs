//! Password reset.

use crate::server_tests;
use crate::test_server::{PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const NEW_PASSWORD: &str = "staple battery horse";

server_tests!(
    a_code_sets_a_new_password_and_ends_all_sessions,
    a_reset_ends_the_pause_after_wrong_passwords,
    an_unknown_number_gets_the_same_response_and_no_message,
    steps_cannot_be_skipped_or_repeated,
    weak_passwords_are_rejected_and_limited,
    a_deleted_account_cannot_be_reset,
);

async fn verify_code(server: &TestServer, ticket: &str, code: &str) -> Response {
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await
}

async fn set_password(server: &TestServer, ticket: &str, password: &str) -> Response {
    server.post("/v1/password-reset/set-password", json!({"ticket": ticket, "password": password})).await
}

async fn a_code_sets_a_new_password_and_ends_all_sessions(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    server.advance(Duration::from_secs(60));
    let again = server.post("/v1/password-reset/resend-code", json!({"ticket": ticket})).await;
    assert_eq!(again.number("resend_in"), 120);
    let verified = verify_code(&server, &ticket, &code).await;
    assert_eq!((verified.text("step").as_str(), verified.number("expires_in")), ("set_password", 900));
    let done = set_password(&server, &ticket, NEW_PASSWORD).await;
    done.assert_status(204);
    assert_eq!(done.body, Value::Null, "the reset returned a body");
    // The reset ended every session and the ticket.
    server.me(&user.access_token).await.assert_error(401, "token_invalid");
    server.refresh(&user.refresh_token).await.assert_error(401, "refresh_invalid");
    set_password(&server, &ticket, PASSWORD).await.assert_error(410, "ticket_expired");
    server.log_in(&user.phone, PASSWORD).await.assert_error(401, "credentials_invalid");
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
}

async fn a_reset_ends_the_pause_after_wrong_passwords(server: TestServer) {
    let user = server.create_user().await;
    for _ in 0..3 {
        server.log_in(&user.phone, NEW_PASSWORD).await.assert_error(401, "credentials_invalid");
    }
    for _ in 3..10 {
        server.log_in_with_captcha(&user.phone, NEW_PASSWORD).await.assert_error(401, "credentials_invalid");
    }
    server.log_in_with_captcha(&user.phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    verify_code(&server, &ticket, &code).await.assert_status(200);
    set_password(&server, &ticket, NEW_PASSWORD).await.assert_status(204);
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
}

async fn an_unknown_number_gets_the_same_response_and_no_message(server: TestServer) {
    let user = server.create_user().await;
    let unknown_phone = fresh_phone();
    for flow in ["password-reset", "login"] {
        let known = server.send_code_for(flow, &user.phone).await;
        let unknown = server.send_code_for(flow, &unknown_phone).await;
        let members = |response: &Response| response.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!((known.status, members(&known)), (unknown.status, members(&unknown)));
        for number in ["expires_in", "resend_in", "attempts_left"] {
            assert_eq!(known.number(number), unknown.number(number));
        }
        for phone in [&user.phone, &unknown_phone] {
            server.send_code_for(flow, phone).await.assert_error(429, "resend_cooldown");
        }
        server.advance(Duration::from_secs(300));
    }
    server.next_code(&user.phone, 2).await;
    assert!(server.sms.messages_for(&unknown_phone).is_empty());
}

async fn steps_cannot_be_skipped_or_repeated(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    let early = set_password(&server, &ticket, NEW_PASSWORD).await;
    early.assert_error(409, "wrong_step");
    assert_eq!(early.text("step"), "verify_code");
    verify_code(&server, &ticket, &wrong_code(&code)).await.assert_error(422, "code_wrong");
    verify_code(&server, &ticket, &code).await.assert_status(200);
    let twice = verify_code(&server, &ticket, &code).await;
    twice.assert_error(409, "wrong_step");
    assert_eq!(twice.text("step"), "set_password");
    server.advance(Duration::from_secs(900));
    set_password(&server, &ticket, NEW_PASSWORD).await.assert_error(410, "ticket_expired");
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}

async fn weak_passwords_are_rejected_and_limited(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    verify_code(&server, &ticket, &code).await.assert_status(200);
    set_password(&server, &ticket, "password123").await.assert_error(422, "password_too_weak");
    let body = json!({"ticket": ticket, "password": NEW_PASSWORD, "password_confirm": PASSWORD});
    let differs = server.post("/v1/password-reset/set-password", body).await;
    differs.assert_field_error(422, "validation_failed", "password_confirm", "mismatch");
    for _ in 1..20 {
        set_password(&server, &ticket, "password123").await.assert_error(422, "password_too_weak");
    }
    set_password(&server, &ticket, NEW_PASSWORD).await.assert_error(429, "too_many_requests");
}

async fn a_deleted_account_cannot_be_reset(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    verify_code(&server, &ticket, &code).await.assert_status(200);
    server.call(Method::DELETE, "/v1/me", &user.access_token, json!({"password": PASSWORD})).await.assert_status(204);
    set_password(&server, &ticket, NEW_PASSWORD).await.assert_error(410, "ticket_expired");
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_error(401, "credentials_invalid");
}

//! First password of an account without one, with a code; and how long a password that was set with a code is too new
//! to delete the account.

use crate::password_modes::server_with;
use crate::server_tests;
use crate::support::cloopen::CHANGED_TEMPLATE_ID;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use crate::users::{TestUser, join_all, wait_until};
use diesel::connection::SimpleConnection;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const NEW_PASSWORD: &str = "staple battery horse";
const DAY: Duration = Duration::from_secs(86_400);

server_tests!(
    a_code_sets_the_first_password,
    an_account_with_a_password_refuses_a_code,
    bad_input_sets_no_password,
    a_weak_password_does_not_use_up_the_code,
    one_of_many_concurrent_codes_sets_the_password,
    a_lost_response_is_repeated,
    the_owner_gets_a_notice,
    a_password_that_was_set_with_a_code_does_not_delete_the_account_for_a_day,
);

async fn send_code(server: &TestServer, user: &TestUser) -> Response {
    server.call(Method::POST, "/v1/me/password/send-code", &user.access_token, Value::Null).await
}

/// Requests a code. Returns the ticket and the code.
async fn ticket_and_code(server: &TestServer, user: &TestUser) -> (String, String) {
    let before = server.sms.messages_for(&user.phone).len();
    let sent = send_code(server, user).await;
    sent.assert_status(200);
    (sent.text("ticket"), server.next_code(&user.phone, before).await)
}

async fn set(server: &TestServer, user: &TestUser, ticket: &str, code: &str, new: &str) -> Response {
    put(server, user, json!({"ticket": ticket, "code": code, "new_password": new})).await
}

async fn put(server: &TestServer, user: &TestUser, body: Value) -> Response {
    server.call(Method::PUT, "/v1/me/password", &user.access_token, body).await
}

async fn delete(server: &TestServer, token: &str, password: &str) -> Response {
    server.call(Method::DELETE, "/v1/me", token, json!({"password": password})).await
}

/// Signs in with a code, as on one more device.
async fn sign_in_with_code(server: &TestServer, phone: &str) -> Response {
    let (ticket, code) = server.ticket_and_code("login", phone).await;
    let signed_in = server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await;
    signed_in.assert_status(200);
    signed_in
}

async fn reset_password(server: &TestServer, phone: &str, password: &str) {
    let (ticket, code) = server.ticket_and_code("password-reset", phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": password});
    server.post("/v1/password-reset/set-password", body).await.assert_status(204);
}

/// Makes the service return each error of this file that no other endpoint has.
pub async fn every_error(server: &TestServer) -> [Response; 2] {
    let user = server.create_user().await;
    let already_set = send_code(server, &user).await;
    reset_password(server, &user.phone, NEW_PASSWORD).await;
    let token = server.log_in(&user.phone, NEW_PASSWORD).await.text("access_token");
    [already_set, delete(server, &token, NEW_PASSWORD).await]
}

async fn a_code_sets_the_first_password(server: TestServer) {
    let server = server_with(&server, "optional").await;
    let user = server.create_user_without_password().await;
    let tablet = sign_in_with_code(&server, &user.phone).await;
    server.advance(Duration::from_secs(300));
    let sent = send_code(&server, &user).await;
    sent.assert_status(200);
    assert_eq!(sent.text("step"), "verify_code");
    server.advance(Duration::from_secs(120));
    let again = json!({"ticket": sent.text("ticket")});
    let again = server.call(Method::POST, "/v1/me/password/resend-code", &user.access_token, again).await;
    assert_eq!(again.text("ticket"), sent.text("ticket"));
    let code = server.sms.code_for(&user.phone).unwrap();
    let renewed = set(&server, &user, &sent.text("ticket"), &code, NEW_PASSWORD).await;
    renewed.assert_status(200);
    // This session is renewed, and the others end.
    let me = server.me(&renewed.text("access_token")).await;
    assert_eq!(me.body["has_password"], true);
    server.refresh(&user.refresh_token).await.assert_error(401, "refresh_invalid");
    server.refresh(&renewed.text("refresh_token")).await.assert_status(200);
    server.me(&tablet.text("access_token")).await.assert_error(401, "token_invalid");
    server.refresh(&tablet.text("refresh_token")).await.assert_error(401, "refresh_invalid");
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
    // The code works once. From now on the current password is required.
    let late = set(&server, &user, &sent.text("ticket"), &code, PASSWORD).await;
    late.assert_error(409, "password_already_set");
    put(&server, &user, json!({"current_password": NEW_PASSWORD, "new_password": PASSWORD})).await.assert_status(200);
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}

/// Also in the mode `required`: an account can be without a password, from the time of another mode.
async fn an_account_with_a_password_refuses_a_code(server: TestServer) {
    for mode in ["required", "optional"] {
        let server = server_with(&server, mode).await;
        let user = server.create_user().await;
        let before = server.sms.messages_for(&user.phone).len();
        send_code(&server, &user).await.assert_error(409, "password_already_set");
        assert_eq!(server.sms.messages_for(&user.phone).len(), before);
        let refused = set(&server, &user, &"A".repeat(64), "000000", NEW_PASSWORD).await;
        refused.assert_error(409, "password_already_set");
        // A code for another purpose sets no password either.
        let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, Value::Null).await;
        let code = server.next_code(&user.phone, before).await;
        let refused = set(&server, &user, &sent.text("ticket"), &code, NEW_PASSWORD).await;
        refused.assert_error(409, "password_already_set");
        server.log_in(&user.phone, PASSWORD).await.assert_status(200);
    }
    let mut server = server_with(&server, "optional").await;
    let user = server.create_user_without_password().await;
    server.vars.push(("PASSWORD_MODE".to_owned(), "required".to_owned()));
    server.url = server.serve().await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    set(&server, &user, &ticket, &code, NEW_PASSWORD).await.assert_status(200);
}

async fn bad_input_sets_no_password(server: TestServer) {
    let server = server_with(&server, "optional").await;
    let user = server.create_user_without_password().await;
    let ticket = "A".repeat(64);
    for (body, field, reason) in [
        (json!({"new_password": NEW_PASSWORD}), "current_password", "required"),
        (json!({"new_password": NEW_PASSWORD, "ticket": ticket}), "code", "required"),
        (json!({"new_password": NEW_PASSWORD, "code": "000000"}), "ticket", "required"),
        (
            json!({"new_password": NEW_PASSWORD, "ticket": ticket, "current_password": PASSWORD}),
            "current_password",
            "not_allowed",
        ),
        (
            json!({"new_password": NEW_PASSWORD, "ticket": ticket, "code": "000000", "current_password": PASSWORD}),
            "current_password",
            "not_allowed",
        ),
        (json!({"new_password": "short", "ticket": ticket, "code": "000000"}), "new_password", "too_short"),
        (json!({"new_password": NEW_PASSWORD, "ticket": "x", "code": "000000"}), "ticket", "invalid_format"),
        (json!({"new_password": NEW_PASSWORD, "ticket": ticket, "code": "12"}), "code", "invalid_format"),
    ] {
        put(&server, &user, body).await.assert_field_error(422, "validation_failed", field, reason);
    }
    put(&server, &user, json!({"ticket": ticket, "code": "000000"})).await.assert_error(400, "malformed_request");
    let unknown = set(&server, &user, &ticket, "000000", NEW_PASSWORD).await;
    unknown.assert_error(410, "ticket_expired");
    let app = server.call(Method::POST, "/v1/me/password/send-code", &user.access_token, json!({"client_id": "other"}));
    app.await.assert_field_error(422, "validation_failed", "client_id", "not_allowed");
    // Codes of other purposes and of other users.
    let before = server.sms.messages_for(&user.phone).len();
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, Value::Null).await;
    let code = server.next_code(&user.phone, before).await;
    set(&server, &user, &sent.text("ticket"), &code, NEW_PASSWORD).await.assert_error(410, "ticket_expired");
    let other = server.create_user_without_password().await;
    let (ticket, code) = ticket_and_code(&server, &other).await;
    let user_session = server.refresh(&user.refresh_token).await;
    let user = TestUser { access_token: user_session.text("access_token"), ..user };
    set(&server, &user, &ticket, &code, NEW_PASSWORD).await.assert_error(410, "ticket_expired");
    let resend = json!({"ticket": ticket});
    let resent = server.call(Method::POST, "/v1/me/password/resend-code", &user.access_token, resend).await;
    resent.assert_error(410, "ticket_expired");
    // Wrong codes.
    let wrong = wrong_code(&code);
    for _ in 0..4 {
        set(&server, &other, &ticket, &wrong, NEW_PASSWORD).await.assert_error(422, "code_wrong");
    }
    set(&server, &other, &ticket, &wrong, NEW_PASSWORD).await.assert_error(410, "code_exhausted");
    set(&server, &other, &ticket, &code, NEW_PASSWORD).await.assert_error(410, "ticket_expired");
    for user in [&user, &other] {
        assert_eq!(server.me(&user.access_token).await.body["has_password"], false);
    }
}

async fn a_weak_password_does_not_use_up_the_code(server: TestServer) {
    let server = server_with(&server, "optional").await;
    let user = server.create_user_without_password().await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    for weak in ["password123", &user.phone] {
        set(&server, &user, &ticket, &code, weak).await.assert_error(422, "password_too_weak");
    }
    set(&server, &user, &ticket, &code, NEW_PASSWORD).await.assert_status(200);
}

async fn one_of_many_concurrent_codes_sets_the_password(server: TestServer) {
    let server = server_with(&server, "optional").await;
    let user = server.create_user_without_password().await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    let password = |n: usize| format!("{NEW_PASSWORD} {n}");
    let (server, user, ticket, code) = (&server, &user, &ticket, &code);
    let requests = (0..8).map(|n| async move { set(server, user, ticket, code, &password(n)).await });
    let responses = join_all(requests).await;
    let set: Vec<usize> = (0..8).filter(|n| responses[*n].status.is_success()).collect();
    assert_eq!(set.len(), 1, "{responses:?}");
    let refusals = ["overloaded", "ticket_expired", "password_already_set", "token_invalid"];
    let refused = responses.iter().filter(|response| !response.status.is_success());
    for response in refused {
        assert!(refusals.contains(&response.code()), "{response:?}");
    }
    server.log_in(&user.phone, &password(set[0])).await.assert_status(200);
}

/// Only a sign-out everywhere and a change of number change the credentials of an account without a password.
#[actix_web::test]
async fn a_code_sets_no_password_after_the_credentials_changed() {
    let server = TestServer::with(BackEnds::Real, &[("PASSWORD_MODE", "optional")]).await;
    let user = server.create_user_without_password().await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    server.database().batch_execute("UPDATE users SET credentials_version = credentials_version + 1").unwrap();
    set(&server, &user, &ticket, &code, NEW_PASSWORD).await.assert_error(410, "ticket_expired");
    assert_eq!(server.me(&user.access_token).await.body["has_password"], false);
    // A detached account has no number for a code.
    server.database().batch_execute("UPDATE users SET former_phone = phone, phone = NULL").unwrap();
    send_code(&server, &user).await.assert_error(409, "phone_missing");
    let resend = json!({"ticket": ticket});
    let resent = server.call(Method::POST, "/v1/me/password/resend-code", &user.access_token, resend).await;
    resent.assert_error(409, "phone_missing");
    set(&server, &user, &ticket, &code, NEW_PASSWORD).await.assert_error(409, "phone_missing");
}

async fn a_lost_response_is_repeated(server: TestServer) {
    let server = server_with(&server, "optional").await;
    let user = server.create_user_without_password().await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    let body = json!({"ticket": ticket, "code": code, "new_password": NEW_PASSWORD});
    let put = async || {
        let request = server.request(Method::PUT, "/v1/me/password").bearer_auth(&user.access_token).json(&body);
        server.send(request.header("idempotency-key", "\"first\""), "/v1/me/password").await
    };
    let (first, retry) = (put().await, put().await);
    first.assert_status(200);
    assert_eq!((retry.status, &retry.body), (first.status, &first.body));
    server.refresh(&retry.text("refresh_token")).await.assert_status(200);
}

async fn the_owner_gets_a_notice(server: TestServer) {
    let settings = [
        ("PASSWORD_MODE", "optional"),
        ("SMS_NOTICES", "password_changed"),
        ("SMS_CLOOPEN_TEMPLATE_PASSWORD_CHANGED", CHANGED_TEMPLATE_ID),
    ];
    let server = TestServer::with(server.back_ends(), &settings).await;
    let user = server.create_user_without_password().await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    set(&server, &user, &ticket, &code, NEW_PASSWORD).await.assert_status(200);
    wait_until("notice", || !server.sms.notices_for(&user.phone).is_empty()).await;
    assert_eq!(server.sms.notices_for(&user.phone), [CHANGED_TEMPLATE_ID]);
}

/// A thief of the SIM sets a password with a code. It signs in, and cannot end the account before the owner notices.
async fn a_password_that_was_set_with_a_code_does_not_delete_the_account_for_a_day(server: TestServer) {
    let server = server_with(&server, "optional").await;
    // First password.
    let user = server.create_user_without_password().await;
    let (ticket, code) = ticket_and_code(&server, &user).await;
    let token = set(&server, &user, &ticket, &code, NEW_PASSWORD).await.text("access_token");
    assert_too_new(&server, &token, &user.phone, NEW_PASSWORD).await;
    // Reset.
    let user = server.create_user().await;
    reset_password(&server, &user.phone, NEW_PASSWORD).await;
    let token = server.log_in(&user.phone, NEW_PASSWORD).await.text("access_token");
    // A change with this password does not make it older.
    let change = json!({"current_password": NEW_PASSWORD, "new_password": PASSWORD});
    let changed = server.call(Method::PUT, "/v1/me/password", &token, change).await;
    assert_too_new(&server, &changed.text("access_token"), &user.phone, PASSWORD).await;
    // The password of the sign-up, and one that was changed with it, delete at once.
    let user = server.create_user().await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let changed = server.call(Method::PUT, "/v1/me/password", &user.access_token, change).await;
    delete(&server, &changed.text("access_token"), NEW_PASSWORD).await.assert_status(204);
    let phone = fresh_phone();
    let token = server.sign_up(&phone).await.text("access_token");
    delete(&server, &token, PASSWORD).await.assert_status(204);
}

/// Asserts that the password deletes the account after a day, and not before.
async fn assert_too_new(server: &TestServer, token: &str, phone: &str, password: &str) {
    delete(server, token, "not the password").await.assert_error(422, "password_wrong");
    let refused = delete(server, token, password).await;
    refused.assert_error(409, "password_too_new");
    assert_eq!(refused.number("retry_after"), DAY.as_secs());
    server.advance(DAY - Duration::from_secs(1));
    let token = server.log_in(phone, password).await.text("access_token");
    let refused = delete(server, &token, password).await;
    refused.assert_error(409, "password_too_new");
    assert_eq!(refused.number("retry_after"), 1);
    server.advance(Duration::from_secs(1));
    delete(server, &token, password).await.assert_status(204);
}

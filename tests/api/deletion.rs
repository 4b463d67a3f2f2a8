//! Account deletion, with a session and without one.

use crate::server_tests;
use crate::support::cloopen::DELETION_TEMPLATE_ID;
use crate::test_server::{PASSWORD, Response, TestServer, fresh_phone};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

server_tests!(
    the_password_deletes_the_account,
    a_client_without_a_body_in_delete_deletes_the_account,
    a_code_deletes_the_account_after_a_day,
    a_code_without_a_session_deletes_the_account_after_a_day,
    an_unknown_number_gets_the_same_response_and_no_message,
    an_incomplete_request_deletes_nothing,
    wrong_passwords_and_codes_delete_nothing,
);

async fn delete(server: &TestServer, user: &TestUser, body: Value) -> Response {
    server.call(Method::DELETE, "/v1/me", &user.access_token, body).await
}

/// Checks that the account is deleted and that its number can sign up again.
async fn assert_deleted(server: &TestServer, user: &TestUser) {
    server.me(&user.access_token).await.assert_error(401, "token_invalid");
    server.refresh(&user.refresh_token).await.assert_error(401, "refresh_invalid");
    server.log_in(&user.phone, PASSWORD).await.assert_error(401, "credentials_invalid");
    server.advance(Duration::from_secs(3_600));
    let new_account = server.sign_up(&user.phone).await;
    assert_ne!(new_account.body["user"]["id"], user.profile["id"]);
    server.me(&user.access_token).await.assert_error(401, "token_expired");
}

async fn the_password_deletes_the_account(server: TestServer) {
    let users = server.create_users(2).await;
    let tablet = server.new_session(&users[0].phone).await;
    delete(&server, &users[0], json!({"password": PASSWORD})).await.assert_status(204);
    server.me(&tablet.access_token).await.assert_error(401, "token_invalid");
    server.refresh(&tablet.refresh_token).await.assert_error(401, "refresh_invalid");
    server.me(&users[1].access_token).await.assert_status(200);
    assert_deleted(&server, &users[0]).await;
}

/// Some libraries and proxies drop the body of a DELETE.
async fn a_client_without_a_body_in_delete_deletes_the_account(server: TestServer) {
    let user = server.create_user().await;
    let post = async |password| {
        server.call(Method::POST, "/v1/me/deletion", &user.access_token, json!({"password": password})).await
    };
    post("wrong password").await.assert_error(422, "password_wrong");
    post(PASSWORD).await.assert_status(204);
    assert_deleted(&server, &user).await;
}

/// A code alone deletes nothing for a day: the owner can refuse it.
async fn a_code_deletes_the_account_after_a_day(server: TestServer) {
    let mut user = server.create_user().await;
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, Value::Null).await;
    sent.assert_status(200);
    let ticket = sent.text("ticket");
    server.advance(Duration::from_secs(60));
    let again =
        server.call(Method::POST, "/v1/me/deletion/resend-code", &user.access_token, json!({"ticket": ticket})).await;
    assert_eq!(again.text("ticket"), ticket);
    let message = server.sms.messages_for(&user.phone).pop().unwrap();
    assert_eq!(message.template_id, DELETION_TEMPLATE_ID, "not the template for account deletion");
    let body = json!({"ticket": ticket, "code": message.code});
    for _ in 0..2 {
        delete(&server, &user, body.clone()).await.assert_error(409, "act_held");
    }
    server.advance(DAY);
    server.renew(&mut user).await;
    delete(&server, &user, body).await.assert_error(410, "ticket_expired");
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, Value::Null).await;
    let code = server.sms.code_for(&user.phone).unwrap();
    delete(&server, &user, json!({"ticket": sent.text("ticket"), "code": code})).await.assert_status(204);
    assert_deleted(&server, &user).await;
}

async fn a_code_without_a_session_deletes_the_account_after_a_day(server: TestServer) {
    let mut user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("account-deletion", &user.phone).await;
    let message = server.sms.messages_for(&user.phone).pop().unwrap();
    assert_eq!(message.template_id, DELETION_TEMPLATE_ID);
    let body = json!({"ticket": ticket, "code": code});
    server.post("/v1/account-deletion/verify-code", body.clone()).await.assert_error(409, "act_held");
    server.advance(DAY);
    server.renew(&mut user).await;
    server.post("/v1/account-deletion/verify-code", body).await.assert_error(410, "ticket_expired");
    let (ticket, code) = server.ticket_and_code("account-deletion", &user.phone).await;
    let body = json!({"ticket": ticket, "code": code});
    server.post("/v1/account-deletion/verify-code", body.clone()).await.assert_status(204);
    server.post("/v1/account-deletion/verify-code", body).await.assert_error(410, "ticket_expired");
    assert_deleted(&server, &user).await;
}

async fn an_unknown_number_gets_the_same_response_and_no_message(server: TestServer) {
    let user = server.create_user().await;
    let unknown_phone = fresh_phone();
    let known = server.send_code_for("account-deletion", &user.phone).await;
    let unknown = server.send_code_for("account-deletion", &unknown_phone).await;
    let members = |response: &Response| response.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((known.status, members(&known)), (unknown.status, members(&unknown)));
    server.next_code(&user.phone, 1).await;
    assert!(server.sms.messages_for(&unknown_phone).is_empty());
    let body = json!({"ticket": unknown.text("ticket"), "code": "000000"});
    server.post("/v1/account-deletion/verify-code", body).await.assert_error(422, "code_wrong");
}

async fn an_incomplete_request_deletes_nothing(server: TestServer) {
    let user = server.create_user().await;
    let ticket = "A".repeat(64);
    for (body, field, reason) in [
        (json!({}), "password", "required"),
        (json!({"ticket": ticket}), "code", "required"),
        (json!({"code": "000000"}), "ticket", "required"),
        (json!({"password": PASSWORD, "ticket": ticket}), "password", "not_allowed"),
        (json!({"password": "short"}), "password", "too_short"),
        (json!({"ticket": "x", "code": "000000"}), "ticket", "invalid_format"),
    ] {
        delete(&server, &user, body).await.assert_field_error(422, "validation_failed", field, reason);
    }
    delete(&server, &user, json!({"really": true})).await.assert_error(400, "malformed_request");
    delete(&server, &user, Value::Null).await.assert_error(415, "unsupported_media_type");
    server.me(&user.access_token).await.assert_status(200);
}

async fn wrong_passwords_and_codes_delete_nothing(server: TestServer) {
    let user = server.create_user().await;
    for _ in 0..10 {
        delete(&server, &user, json!({"password": "not the password"})).await.assert_error(422, "password_wrong");
    }
    delete(&server, &user, json!({"password": PASSWORD})).await.assert_error(429, "too_many_requests");
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, Value::Null).await;
    let code = server.sms.code_for(&user.phone).unwrap();
    let wrong = json!({"ticket": sent.text("ticket"), "code": crate::test_server::wrong_code(&code)});
    for _ in 0..4 {
        delete(&server, &user, wrong.clone()).await.assert_error(422, "code_wrong");
    }
    delete(&server, &user, wrong).await.assert_error(410, "code_exhausted");
    let right = json!({"ticket": sent.text("ticket"), "code": code});
    delete(&server, &user, right).await.assert_error(410, "ticket_expired");
    server.me(&user.access_token).await.assert_status(200);
}

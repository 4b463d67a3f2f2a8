//! Retries over a network that loses responses: the service performs each request once.

use super::{post, send_code_body};
use crate::server_tests;
use crate::support::cloopen::Behaviour;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use crate::users::wait_until;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

server_tests!(sign_up_succeeds_if_every_first_response_is_lost);

/// Loses the response three times: the client disconnects twice before the response and once during it. Then retries
/// until the response arrives.
async fn send_until_response(server: &TestServer, key: &str, path: &str, body: &Value) -> Response {
    let header = format!("Idempotency-Key: \"{key}\"");
    drop(server.send_raw_with_header(&header, path, body).await);
    drop(server.send_raw_with_header(&header, path, body).await);
    let mut socket = server.send_raw_with_header(&header, path, body).await;
    socket.read_exact(&mut [0]).await.unwrap();
    drop(socket);
    retry_until_complete(server, key, path, body).await
}

/// Retries until the first request is complete.
async fn retry_until_complete(server: &TestServer, key: &str, path: &str, body: &Value) -> Response {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let response = post(server, key, path, body).await;
        if response.code() != "request_in_progress" {
            return response;
        }
        assert!(Instant::now() < deadline, "{path} did not complete");
        tokio::task::yield_now().await;
    }
}

/// The service sends one message for each key, and creates one account.
async fn sign_up_succeeds_if_every_first_response_is_lost(server: TestServer) {
    let phone = fresh_phone();
    let captcha = send_until_response(&server, "captcha", "/v1/captchas", &json!({})).await.text("captcha_id");
    let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": crate::test_server::BYPASS});
    let sent = send_until_response(&server, "send", "/v1/register/send-code", &body).await;
    sent.assert_status(200);
    assert_eq!(server.sms.requests(), 1);
    let ticket = sent.text("ticket");
    server.advance(Duration::from_secs(60));
    send_until_response(&server, "resend", "/v1/register/resend-code", &json!({"ticket": ticket}))
        .await
        .assert_status(200);
    assert_eq!(server.sms.requests(), 2);
    let code = server.sms.code_for(&phone).unwrap();
    let verify = json!({"ticket": ticket, "code": code});
    let verified = send_until_response(&server, "verify", "/v1/register/verify-code", &verify).await;
    assert_eq!(verified.text("step"), "set_password");
    let password = json!({"ticket": ticket, "password": PASSWORD});
    send_until_response(&server, "password", "/v1/register/set-password", &password).await.assert_status(200);
    let profile = json!({"ticket": ticket, "nickname": "小明"});
    let account = send_until_response(&server, "profile", "/v1/register/submit-profile", &profile).await;
    assert_eq!((account.status, account.replayed()), (StatusCode::CREATED, true), "{account:?}");
    // The response contains the created account, and its tokens are valid.
    let me = server.me(&account.text("access_token")).await;
    assert_eq!(me.body["id"], account.body["user"]["id"]);
    let devices = server.call(Method::GET, "/v1/sessions", &account.text("access_token"), Value::Null).await;
    assert_eq!(devices.body["sessions"].as_array().unwrap().len(), 1);
    let refresh = json!({"refresh_token": account.text("refresh_token")});
    send_until_response(&server, "refresh", "/v1/token/refresh", &refresh).await.assert_status(200);
    assert_eq!((server.sms.requests(), server.sms.messages_for(&phone).len()), (2, 2));
}

/// The service completes a request after the client disconnects, and stores the response.
async fn after_a_disconnect_the_retry_gets_the_stored_response(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("SMS_TIMEOUT_SECONDS", "1")]).await;
    let phone = fresh_phone();
    let body = send_code_body(&server, &phone).await;
    server.sms.behave(Behaviour::Hang);
    let socket = server.send_raw_with_header("Idempotency-Key: one", "/v1/register/send-code", &body).await;
    wait_until("message", || server.sms.requests() == 1).await;
    // Resets the connection, without a normal close.
    socket.set_zero_linger().unwrap();
    drop(socket);
    post(&server, "one", "/v1/register/send-code", &body).await.assert_error(409, "request_in_progress");
    let failed = retry_until_complete(&server, "one", "/v1/register/send-code", &body).await;
    // A library that retries after a 502 gets the stored response, and the provider gets no request.
    server.sms.behave(Behaviour::Accept);
    for response in [failed, post(&server, "one", "/v1/register/send-code", &body).await] {
        response.assert_error(502, "sms_delivery_failed");
        assert!(response.replayed());
    }
    assert_eq!(server.sms.requests(), 1);
    // The user tries again, with a new key.
    let body = send_code_body(&server, &phone).await;
    post(&server, "two", "/v1/register/send-code", &body).await.assert_status(200);
    assert_eq!(server.sms.messages_for(&phone).len(), 1);
}

#[actix_web::test]
async fn after_a_disconnect_the_retry_gets_the_stored_response_embedded() {
    after_a_disconnect_the_retry_gets_the_stored_response(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn after_a_disconnect_the_retry_gets_the_stored_response_real() {
    after_a_disconnect_the_retry_gets_the_stored_response(BackEnds::Real).await;
}

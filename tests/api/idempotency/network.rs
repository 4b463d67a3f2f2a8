//! A network that loses answers, between an app that tries again and a service that does nothing twice.

use super::{post, send_code_body};
use crate::over_both_back_ends;
use crate::people::until;
use crate::support::cloopen::Behaviour;
use crate::test_server::{Answer, BackEnds, PASSWORD, TestServer, fresh_phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

over_both_back_ends!(a_person_signs_up_over_a_network_that_loses_every_answer);

/// Loses the answer three times: once on its way, twice because the app hung up before there was one. Then it arrives.
async fn insist(server: &TestServer, key: &str, path: &str, body: &Value) -> Answer {
    let header = format!("Idempotency-Key: \"{key}\"");
    drop(server.send_raw_with(&header, path, body).await);
    drop(server.send_raw_with(&header, path, body).await);
    let mut answered = server.send_raw_with(&header, path, body).await;
    answered.read_exact(&mut [0]).await.unwrap();
    drop(answered);
    until_done(server, key, path, body).await
}

/// Asks until the first of them is done.
async fn until_done(server: &TestServer, key: &str, path: &str, body: &Value) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = post(server, key, path, body).await;
        if answer.code() != "request_in_progress" {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} is never done");
        tokio::task::yield_now().await;
    }
}

/// A message for each time that somebody pressed the button, and one account.
async fn a_person_signs_up_over_a_network_that_loses_every_answer(server: TestServer) {
    let phone = fresh_phone();
    let captcha = insist(&server, "captcha", "/v1/captchas", &json!({})).await.text("captcha_id");
    let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": crate::test_server::BYPASS});
    let sent = insist(&server, "send", "/v1/register/send-code", &body).await;
    sent.assert_done(200);
    assert_eq!(server.sms.requests(), 1);
    let ticket = sent.text("ticket");
    server.advance(Duration::from_secs(60));
    insist(&server, "resend", "/v1/register/resend-code", &json!({"ticket": ticket})).await.assert_done(200);
    assert_eq!(server.sms.requests(), 2);
    let code = server.sms.code_for(&phone).unwrap();
    let verify = json!({"ticket": ticket, "code": code});
    let verified = insist(&server, "verify", "/v1/register/verify-code", &verify).await;
    assert_eq!(verified.text("step"), "set_password");
    let password = json!({"ticket": ticket, "password": PASSWORD});
    insist(&server, "password", "/v1/register/set-password", &password).await.assert_done(200);
    let profile = json!({"ticket": ticket, "nickname": "小明"});
    let welcome = insist(&server, "profile", "/v1/register/submit-profile", &profile).await;
    assert_eq!((welcome.status, welcome.replayed()), (StatusCode::CREATED, true), "{welcome:?}");
    // The account that was made is the one that she is told of, and she is signed in.
    let me = server.me(&welcome.text("access_token")).await;
    assert_eq!(me.body["id"], welcome.body["user"]["id"]);
    let devices = server.call(Method::GET, "/v1/sessions", &welcome.text("access_token"), Value::Null).await;
    assert_eq!(devices.body["sessions"].as_array().unwrap().len(), 1);
    let refresh = json!({"refresh_token": welcome.text("refresh_token")});
    insist(&server, "refresh", "/v1/token/refresh", &refresh).await.assert_done(200);
    assert_eq!((server.sms.requests(), server.sms.messages_for(&phone).len()), (2, 2));
}

/// Nobody waits any more, and still the work comes to its end and its answer is kept.
async fn who_hangs_up_finds_the_answer_later(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("SMS_TIMEOUT_SECONDS", "1")]).await;
    let phone = fresh_phone();
    let body = send_code_body(&server, &phone).await;
    server.sms.behave(Behaviour::Hang);
    let socket = server.send_raw_with("Idempotency-Key: one", "/v1/register/send-code", &body).await;
    until("message", || server.sms.requests() == 1).await;
    // Not closed in good order: the connection is gone.
    socket.set_zero_linger().unwrap();
    drop(socket);
    post(&server, "one", "/v1/register/send-code", &body).await.assert_refused(409, "request_in_progress");
    let failed = until_done(&server, "one", "/v1/register/send-code", &body).await;
    // What a library that repeats a 502 by itself is told, and the provider is not asked.
    server.sms.behave(Behaviour::Accept);
    for answer in [failed, post(&server, "one", "/v1/register/send-code", &body).await] {
        answer.assert_refused(502, "sms_delivery_failed");
        assert!(answer.replayed());
    }
    assert_eq!(server.sms.requests(), 1);
    // She presses the button again.
    let body = send_code_body(&server, &phone).await;
    post(&server, "two", "/v1/register/send-code", &body).await.assert_done(200);
    assert_eq!(server.sms.messages_for(&phone).len(), 1);
}

#[actix_web::test]
async fn who_hangs_up_finds_the_answer_later_embedded() {
    who_hangs_up_finds_the_answer_later(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn who_hangs_up_finds_the_answer_later_real() {
    who_hangs_up_finds_the_answer_later(BackEnds::Real).await;
}

//! Failures of dependencies during sign-up: the service returns an error in bounded time, keeps no partial state, and
//! the client can continue.

use crate::server_tests;
use crate::support::cloopen::Behaviour;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::test_server::{BackEnds, TestServer, fresh_phone};
use diesel::connection::SimpleConnection;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::{Duration, Instant};

server_tests!(
    a_refused_message_is_refunded,
    a_message_that_was_possibly_sent_is_counted,
    a_refused_resend_does_not_change_the_flow,
);

/// Longest wait for a response while a dependency is down: the timeouts of the service, and a reserve for a slow
/// machine.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// Mistake 6 in docs/mistakes.md: the cooldown was kept although the message failed.
async fn a_refused_message_is_refunded(server: TestServer) {
    let phone = fresh_phone();
    server.sms.behave(Behaviour::Refuse("160032"));
    for _ in 0..12 {
        let failed = server.send_code(&phone).await;
        failed.assert_error(502, "sms_delivery_failed");
        assert!(failed.body.get("ticket").is_none());
    }
    server.sms.behave(Behaviour::Accept);
    let sent = server.send_code(&phone).await;
    assert_eq!((sent.status, sent.number("resend_in")), (StatusCode::OK, 60), "the refused messages were counted");
    let ticket = sent.text("ticket");
    assert_eq!(server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await.status, StatusCode::OK);
}

/// A provider with an unreadable response has possibly sent the message. The client can retry at once, within the
/// limits.
async fn a_message_that_was_possibly_sent_is_counted(server: TestServer) {
    let phone = fresh_phone();
    let unreadable =
        [Behaviour::ServerError, Behaviour::Garbage, Behaviour::Drop, Behaviour::Huge, Behaviour::Redirect];
    for behaviour in unreadable {
        server.sms.behave(behaviour);
        server.send_code(&phone).await.assert_error(502, "sms_delivery_failed");
    }
    server.sms.behave(Behaviour::Accept);
    server.send_code(&phone).await.assert_error(429, "phone_limit_reached");
    server.advance(Duration::from_secs(3_600));
    server.sign_up(&phone).await;
}

async fn a_refused_resend_does_not_change_the_flow(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    server.advance(Duration::from_secs(60));
    server.sms.behave(Behaviour::Refuse("160032"));
    let body = json!({"ticket": ticket});
    server.post("/v1/register/resend-code", body.clone()).await.assert_error(502, "sms_delivery_failed");
    server.sms.behave(Behaviour::Accept);
    let sent = server.post("/v1/register/resend-code", body).await;
    assert_eq!(sent.number("resend_in"), 120, "not the cooldown after the second message");
    let messages = server.sms.messages_for(&phone);
    assert_eq!(messages.len(), 2);
    let minutes = (messages[0].minutes.as_str(), messages[1].minutes.as_str());
    assert!(matches!(minutes, ("5", "3" | "4")), "not the remaining lifetime of the code: {minutes:?}");
    assert_ne!(messages[0].req_id, messages[1].req_id);
    assert_eq!(server.verify_code(&ticket, &messages[0].code).await.status, StatusCode::OK);
}

/// A connection reset in the middle of a request: the service refunds the reservation. A lock in the database delays
/// the request, so that the reset comes between the reservation and the message.
#[actix_web::test]
async fn a_disconnect_refunds_the_reservation() {
    let server = TestServer::with(BackEnds::Real, &[("SMS_BUDGET_HOUR", "1")]).await;
    let captcha = server.captcha().await;
    let mut lock = server.database();
    lock.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").unwrap();
    let body =
        json!({"phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": crate::test_server::BYPASS});
    let socket = server.send_raw("/v1/register/send-code", &body).await;
    server.wait_for_budget(true).await;
    socket.set_zero_linger().unwrap();
    drop(socket);
    // The statement timeout (2 s) ends the abandoned request.
    server.wait_for_budget(false).await;
    lock.batch_execute("ROLLBACK").unwrap();
    server.new_ticket(&fresh_phone()).await;
}

#[actix_web::test]
async fn a_call_to_a_hanging_provider_times_out() {
    let server = TestServer::with(BackEnds::Real, &[("SMS_TIMEOUT_SECONDS", "1")]).await;
    server.sms.behave(Behaviour::Hang);
    let phone = fresh_phone();
    let started = Instant::now();
    server.send_code(&phone).await.assert_error(502, "sms_delivery_failed");
    assert!(started.elapsed() < MAX_WAIT);
    server.sms.behave(Behaviour::Accept);
    server.sign_up(&phone).await;
}

#[actix_web::test]
async fn sign_up_starts_again_after_a_restart_of_redis() {
    let mut redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    server.wait_until_ready().await;
    let phone = fresh_phone();
    let ticket = server.verified_ticket(&phone).await;
    redis.kill();
    let started = Instant::now();
    server.set_password(&ticket).await.assert_error(503, "dependency_unavailable");
    server.post("/v1/captchas", json!({})).await.assert_error(503, "dependency_unavailable");
    server.submit_profile(&ticket).await.assert_error(503, "dependency_unavailable");
    let ready = server.request(Method::GET, "/readyz");
    let degraded = server.send(ready, "/readyz").await;
    degraded.assert_status(200);
    assert_eq!(degraded.body, json!({"status": "degraded", "reason": "Staging is unavailable."}));
    assert_eq!(server.request(Method::GET, "/healthz").send().await.unwrap().status(), StatusCode::OK);
    assert!(started.elapsed() < 4 * MAX_WAIT);
    redis.start();
    server.wait_until_ready().await;
    // This Redis does not persist its data: the flow is lost, and a new sign-up works at once.
    server.set_password(&ticket).await.assert_error(410, "ticket_expired");
    server.sign_up(&phone).await;
}

/// The flow survives a database outage at the last step: the same ticket works afterwards.
#[actix_web::test]
async fn the_last_step_succeeds_after_a_restart_of_postgres() {
    let postgres = OwnPostgres::start_new();
    let url = postgres.url("postgres");
    let server = TestServer::with(BackEnds::Real, &[("DATABASE_URL", &url), ("MIGRATE_ON_START", "true")]).await;
    server.wait_until_ready().await;
    let (phone, other) = (fresh_phone(), fresh_phone());
    let ticket = server.ticket_with_password(&phone).await;
    postgres.kill();
    for _ in 0..3 {
        let started = Instant::now();
        server.submit_profile(&ticket).await.assert_error(503, "dependency_unavailable");
        assert!(started.elapsed() < MAX_WAIT);
    }
    server.send_code(&other).await.assert_error(503, "dependency_unavailable");
    assert!(server.sms.messages_for(&other).is_empty());
    postgres.start();
    server.wait_until_ready().await;
    let signed_in = server.submit_profile(&ticket).await;
    assert_eq!(signed_in.status, StatusCode::CREATED, "{signed_in:?}");
    let me = server.request(Method::GET, "/v1/me").bearer_auth(signed_in.text("access_token"));
    assert_eq!(server.send(me, "/v1/me").await.status, StatusCode::OK);
    assert_eq!(server.send_code(&other).await.number("resend_in"), 60, "the failed attempt was counted");
}

/// More concurrent passwords than the service can hash in time: it rejects some at once, and they succeed on retry.
#[actix_web::test]
async fn too_many_concurrent_password_hashes_are_rejected() {
    let server = TestServer::with(BackEnds::Embedded, &[("HASH_THREADS", "1")]).await;
    let mut tickets = Vec::new();
    for _ in 0..12 {
        tickets.push(server.verified_ticket(&fresh_phone()).await);
    }
    let requests: Vec<_> = (0..180)
        .map(|n| {
            let ticket = tickets[n % tickets.len()].clone();
            let body = json!({"ticket": ticket, "password": crate::test_server::PASSWORD});
            let sent = server.request(Method::POST, "/v1/register/set-password").json(&body).send();
            (ticket, actix_web::rt::spawn(sent))
        })
        .collect();
    let (mut succeeded, mut rejected, mut last_rejected) = (0, 0, String::new());
    for (ticket, request) in requests {
        let response = request.await.unwrap().unwrap();
        if response.status() == StatusCode::OK {
            succeeded += 1;
        } else {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.headers().contains_key("retry-after"));
            let body: serde_json::Value = response.json().await.unwrap();
            assert_eq!(body["code"], "overloaded");
            (rejected, last_rejected) = (rejected + 1, ticket);
        }
    }
    assert!(succeeded >= 64 && rejected > 0, "{succeeded} succeeded, {rejected} rejected");
    // Each ticket made 15 of its 20 attempts. Five are left, and the rejected ones, which are not counted.
    for _ in 0..6 {
        assert_eq!(server.set_password(&last_rejected).await.status, StatusCode::OK, "a rejected attempt was counted");
    }
}

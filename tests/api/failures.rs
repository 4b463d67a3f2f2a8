//! Every dependency may fail at any moment: a clear answer in bounded time, nothing half done, and the client goes on.

use crate::over_both_back_ends;
use crate::support::cloopen::Behaviour;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::test_server::{BackEnds, TestServer, fresh_phone};
use diesel::connection::SimpleConnection;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::{Duration, Instant};

over_both_back_ends!(
    a_message_that_is_not_sent_is_given_back,
    a_message_that_may_have_gone_out_is_counted,
    a_resend_that_is_not_sent_leaves_the_flow_alone,
);

/// Longest wait for any answer while a dependency is down: its own time limits and some room for a busy machine.
const BOUND: Duration = Duration::from_secs(8);

/// Mistake 6 of the earlier systems: the cooldown was set although the message failed.
async fn a_message_that_is_not_sent_is_given_back(server: TestServer) {
    let phone = fresh_phone();
    server.sms.behave(Behaviour::Refuse("160040"));
    for _ in 0..12 {
        let failed = server.send_code(&phone).await;
        failed.assert_refused(502, "sms_delivery_failed");
        assert!(failed.body.get("ticket").is_none());
    }
    server.sms.behave(Behaviour::Accept);
    let sent = server.send_code(&phone).await;
    assert_eq!((sent.status, sent.number("resend_in")), (StatusCode::OK, 60), "nothing was counted");
    let ticket = sent.text("ticket");
    assert_eq!(server.verify(&ticket, &server.sms.code_for(&phone).unwrap()).await.status, StatusCode::OK);
}

/// A provider that answers nonsense may have sent: the client may try again at once, but not without end.
async fn a_message_that_may_have_gone_out_is_counted(server: TestServer) {
    let phone = fresh_phone();
    let nonsense = [Behaviour::ServerError, Behaviour::Garbage, Behaviour::Drop, Behaviour::Huge, Behaviour::Redirect];
    for behaviour in nonsense {
        server.sms.behave(behaviour);
        server.send_code(&phone).await.assert_refused(502, "sms_delivery_failed");
    }
    server.sms.behave(Behaviour::Accept);
    server.send_code(&phone).await.assert_refused(429, "phone_limit_reached");
    server.advance(Duration::from_secs(3_600));
    server.sign_up(&phone).await;
}

async fn a_resend_that_is_not_sent_leaves_the_flow_alone(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    server.advance(Duration::from_secs(60));
    server.sms.behave(Behaviour::Refuse("160040"));
    let body = json!({"ticket": ticket});
    server.post("/v1/register/resend-code", body.clone()).await.assert_refused(502, "sms_delivery_failed");
    server.sms.behave(Behaviour::Accept);
    let sent = server.post("/v1/register/resend-code", body).await;
    assert_eq!(sent.number("resend_in"), 120, "the second message of the hour");
    let messages = server.sms.messages_for(&phone);
    assert_eq!(messages.len(), 2);
    let minutes = (messages[0].minutes.as_str(), messages[1].minutes.as_str());
    assert!(matches!(minutes, ("5", "3" | "4")), "what is left of the code's life: {minutes:?}");
    assert_ne!(messages[0].req_id, messages[1].req_id);
    assert_eq!(server.verify(&ticket, &messages[0].code).await.status, StatusCode::OK);
}

/// A connection that is reset in the middle of a request: what was reserved by then is given back all the same. The database is
/// held up, so that the reset comes between the reservation and the message.
#[actix_web::test]
async fn a_client_who_hangs_up_leaves_nothing_reserved() {
    let server = TestServer::with(BackEnds::Real, &[("SMS_BUDGET_HOUR", "1")]).await;
    let captcha = server.captcha().await;
    let mut stalled = server.database();
    stalled.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").unwrap();
    let body =
        json!({"phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": crate::test_server::BYPASS});
    let impatient = server.send_raw("/v1/register/send-code", &body).await;
    server.wait_for_budget(true).await;
    impatient.set_zero_linger().unwrap();
    drop(impatient);
    // The statement's time limit (2 s) ends the abandoned request.
    server.wait_for_budget(false).await;
    stalled.batch_execute("ROLLBACK").unwrap();
    server.ticket(&fresh_phone()).await;
}

#[actix_web::test]
async fn a_provider_that_hangs_is_given_up() {
    let server = TestServer::with(BackEnds::Real, &[("SMS_TIMEOUT_SECONDS", "1")]).await;
    server.sms.behave(Behaviour::Hang);
    let phone = fresh_phone();
    let started = Instant::now();
    server.send_code(&phone).await.assert_refused(502, "sms_delivery_failed");
    assert!(started.elapsed() < BOUND);
    server.sms.behave(Behaviour::Accept);
    server.sign_up(&phone).await;
}

#[actix_web::test]
async fn redis_killed_between_two_steps() {
    let mut redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    server.wait_until_ready().await;
    let phone = fresh_phone();
    let ticket = server.verified(&phone).await;
    redis.kill();
    let started = Instant::now();
    server.set_password(&ticket).await.assert_refused(503, "dependency_unavailable");
    server.post("/v1/captchas", json!({})).await.assert_refused(503, "dependency_unavailable");
    server.submit(&ticket).await.assert_refused(503, "dependency_unavailable");
    let ready = server.request(Method::GET, "/readyz");
    server.send(ready, "/readyz").await.assert_refused(503, "dependency_unavailable");
    assert_eq!(server.request(Method::GET, "/healthz").send().await.unwrap().status(), StatusCode::OK);
    assert!(started.elapsed() < 4 * BOUND);
    redis.start();
    server.wait_until_ready().await;
    // This Redis keeps nothing over its death: the flow is gone, and starting again works at once.
    server.set_password(&ticket).await.assert_refused(410, "ticket_expired");
    server.sign_up(&phone).await;
}

/// The flow survives a database that is down at the last step: the same ticket works when it is back.
#[actix_web::test]
async fn postgres_killed_at_the_last_step() {
    let postgres = OwnPostgres::start_new();
    let url = postgres.url("postgres");
    let server = TestServer::with(BackEnds::Real, &[("DATABASE_URL", &url), ("MIGRATE_ON_START", "true")]).await;
    server.wait_until_ready().await;
    let (phone, other) = (fresh_phone(), fresh_phone());
    let ticket = server.with_password(&phone).await;
    postgres.kill();
    for _ in 0..3 {
        let started = Instant::now();
        server.submit(&ticket).await.assert_refused(503, "dependency_unavailable");
        assert!(started.elapsed() < BOUND);
    }
    server.send_code(&other).await.assert_refused(503, "dependency_unavailable");
    assert!(server.sms.messages_for(&other).is_empty());
    postgres.start();
    server.wait_until_ready().await;
    let signed_in = server.submit(&ticket).await;
    assert_eq!(signed_in.status, StatusCode::CREATED, "{signed_in:?}");
    let me = server.request(Method::GET, "/v1/me").bearer_auth(signed_in.text("access_token"));
    assert_eq!(server.send(me, "/v1/me").await.status, StatusCode::OK);
    assert_eq!(server.send_code(&other).await.number("resend_in"), 60, "the failed try was not counted");
}

/// More passwords at once than can be hashed in time: some are refused at once, and all succeed when they come back.
#[actix_web::test]
async fn too_many_passwords_at_once_are_shed() {
    let server = TestServer::with(BackEnds::Embedded, &[("HASH_THREADS", "1")]).await;
    let mut tickets = Vec::new();
    for _ in 0..12 {
        tickets.push(server.verified(&fresh_phone()).await);
    }
    let requests: Vec<_> = (0..180)
        .map(|n| {
            let ticket = tickets[n % tickets.len()].clone();
            let body = json!({"ticket": ticket, "password": crate::test_server::PASSWORD});
            let sent = server.request(Method::POST, "/v1/register/set-password").json(&body).send();
            (ticket, actix_web::rt::spawn(sent))
        })
        .collect();
    let (mut done, mut shed, mut last_shed) = (0, 0, String::new());
    for (ticket, request) in requests {
        let response = request.await.unwrap().unwrap();
        if response.status() == StatusCode::OK {
            done += 1;
        } else {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.headers().contains_key("retry-after"));
            let body: serde_json::Value = response.json().await.unwrap();
            assert_eq!(body["code"], "overloaded");
            (shed, last_shed) = (shed + 1, ticket);
        }
    }
    assert!(done >= 64 && shed > 0, "{done} done, {shed} shed");
    // Fifteen were asked for with each ticket; five are left, and those that were shed.
    for _ in 0..6 {
        assert_eq!(server.set_password(&last_shed).await.status, StatusCode::OK, "what was shed was counted");
    }
}

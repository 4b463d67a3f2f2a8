//! What staging holds of the answers, and what happens when it is gone, or the process is.

use super::{named, post, send_code_body};
use crate::people::until;
use crate::support::cloopen::Behaviour;
use crate::support::redis::{self, OwnRedis};
use crate::test_server::{BackEnds, PASSWORD, TestServer, fresh_phone};
use deadpool_redis::redis::{Connection, cmd};
use serde_json::json;
use std::time::Duration;

/// Everything in this Redis: names, fields and values.
fn everything(redis: &mut Connection) -> String {
    let names: Vec<String> = cmd("KEYS").arg("*").query(redis).unwrap();
    let mut all = String::new();
    for name in names {
        let kind: String = cmd("TYPE").arg(&name).query(redis).unwrap();
        let value: Vec<String> = match kind.as_str() {
            "hash" => cmd("HGETALL").arg(&name).query(redis).unwrap(),
            "string" => vec![cmd("GET").arg(&name).query(redis).unwrap()],
            "zset" => cmd("ZRANGE").arg(&name).arg(0).arg(-1).query(redis).unwrap(),
            "set" => cmd("SMEMBERS").arg(&name).query(redis).unwrap(),
            other => panic!("{name} is a {other}: this test does not read it"),
        };
        all += &format!("{name} {value:?}\n");
    }
    all
}

/// A thief of staging has neither what clients sent nor what they were answered.
#[actix_web::test]
async fn staging_holds_no_answer_that_it_could_read() {
    let server = TestServer::new(BackEnds::Real).await;
    let person = server.person().await;
    let key = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";
    let login = json!({"phone_number": person.phone, "password": PASSWORD, "device_name": "Mein Telefon"});
    let signed_in = post(&server, key, "/v1/login", &login).await;
    let refreshed =
        post(&server, key, "/v1/token/refresh", &json!({"refresh_token": signed_in.text("refresh_token")})).await;
    let phone = fresh_phone();
    let sent = post(&server, key, "/v1/register/send-code", &send_code_body(&server, &phone).await).await;
    let ticket = sent.text("ticket");
    let resend = json!({"ticket": ticket});
    let status = named(&server, key, "/v1/register/status", &resend);
    server.send(status, "/v1/register/status").await.assert_done(200);
    let secrets = [
        ("ticket", ticket.clone()),
        ("secret of the ticket", ticket[22..].to_owned()),
        ("access token", signed_in.text("access_token")),
        ("refresh token", signed_in.text("refresh_token")),
        ("next access token", refreshed.text("access_token")),
        ("next refresh token", refreshed.text("refresh_token")),
        ("phone", person.phone.clone()),
        ("national phone", person.phone[3..].to_owned()),
        ("user", person.user["id"].as_str().unwrap().to_owned()),
        ("nickname", "小明".to_owned()),
        ("device", "Telefon".to_owned()),
        ("key", "8e03978e".to_owned()),
        ("password", "horse".to_owned()),
        ("path", "/v1/".to_owned()),
    ];
    let everything = everything(&mut redis::connection(server.redis_url().unwrap()));
    assert_eq!(everything.matches("answer:{").count(), 4, "{everything}");
    for (what, secret) in secrets {
        assert!(!everything.contains(&secret), "{what} {secret} in {everything}");
    }
    assert_eq!(redis::without_expiry(server.redis_url().unwrap()), Vec::<String>::new());
}

/// Nothing is done that could not be kept; without a key all is as ever.
#[actix_web::test]
async fn with_a_key_nothing_is_done_while_redis_is_down() {
    let mut redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    server.wait_until_ready().await;
    let person = server.person().await;
    redis.kill();
    let body = json!({"refresh_token": person.refresh});
    post(&server, "one", "/v1/token/refresh", &body).await.assert_refused(503, "dependency_unavailable");
    let next = server.refresh(&person.refresh).await;
    next.assert_done(200);
    redis.start();
    server.wait_until_ready().await;
    let kept = post(&server, "one", "/v1/token/refresh", &body).await;
    kept.assert_done(200);
    post(&server, "one", "/v1/token/refresh", &body).await.assert_replays(&kept);
}

/// What was done is done: that the answer cannot be kept is not the client's trouble.
#[actix_web::test]
async fn an_answer_that_cannot_be_kept_is_still_given() {
    let mut redis = OwnRedis::new();
    let settings = [("REDIS_URL", &*redis.url()), ("SMS_TIMEOUT_SECONDS", "2")];
    let server = TestServer::with(BackEnds::Real, &settings).await;
    server.wait_until_ready().await;
    let body = send_code_body(&server, &fresh_phone()).await;
    server.sms.behave(Behaviour::Hang);
    let request = named(&server, "one", "/v1/register/send-code", &body);
    let answer = actix_web::rt::spawn(request.send());
    until("message", || server.sms.requests() == 1).await;
    redis.kill();
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.status().as_u16(), 502);
    assert!(answer.text().await.unwrap().contains("sms_delivery_failed"));
}

/// A process that died over a request holds it up for the time of a message and 15 s; then the retry is the first.
#[actix_web::test]
async fn a_claim_that_nobody_keeps_runs_out() {
    let server = TestServer::new(BackEnds::Real).await;
    let mut redis = redis::connection(server.redis_url().unwrap());
    server.sms.behave(Behaviour::Hang);
    let body = send_code_body(&server, &fresh_phone()).await;
    drop(server.send_raw_with("Idempotency-Key: two", "/v1/register/send-code", &body).await);
    until("message", || server.sms.requests() == 1).await;
    let name = cmd("KEYS").arg("answer:*").query::<Vec<String>>(&mut redis).unwrap().remove(0);
    let left: i64 = cmd("PTTL").arg(&name).query(&mut redis).unwrap();
    assert!((15_000..=20_000).contains(&left), "{left} ms");
    post(&server, "two", "/v1/register/send-code", &body).await.assert_refused(409, "request_in_progress");
    server.advance(Duration::from_secs(20));
    // Its captcha is used up: not even now does a second message go out.
    post(&server, "two", "/v1/register/send-code", &body).await.assert_refused(422, "captcha_expired");
    assert_eq!(server.sms.requests(), 1);
}

/// Whoever can write to staging cannot put words into our mouth.
#[actix_web::test]
async fn an_answer_that_was_not_sealed_here_is_not_told() {
    let server = TestServer::new(BackEnds::Real).await;
    let first = post(&server, "one", "/v1/captchas", &json!({})).await;
    let other = post(&server, "two", "/v1/captchas", &json!({})).await;
    assert_ne!(first.text("captcha_id"), other.text("captcha_id"));
    let mut redis = redis::connection(server.redis_url().unwrap());
    let names: Vec<String> = cmd("KEYS").arg("answer:*").query(&mut redis).unwrap();
    let sealed: Vec<String> =
        names.iter().map(|name| cmd("HGET").arg(name).arg("answer").query(&mut redis).unwrap()).collect();
    for (name, sealed) in names.iter().zip(sealed.iter().rev()) {
        cmd("HSET").arg(name).arg("answer").arg(sealed).exec(&mut redis).unwrap();
    }
    for key in ["one", "two"] {
        post(&server, key, "/v1/captchas", &json!({})).await.assert_refused(500, "internal_error");
    }
}

//! Stored responses in staging, and retries after a failure of staging or of a process.

use super::{post, request_with_key, send_code_body};
use crate::support::cloopen::Behaviour;
use crate::support::redis::{self, OwnRedis};
use crate::test_server::{BackEnds, PASSWORD, TestServer, fresh_phone};
use crate::users::wait_until;
use deadpool_redis::redis::{Connection, cmd};
use doorstep::domain::flow::FlowPolicy;
use serde_json::json;

/// Returns the content of this Redis: names, fields and values.
fn redis_content(redis: &mut Connection) -> String {
    let names: Vec<String> = cmd("KEYS").arg("*").query(redis).unwrap();
    let mut all = String::new();
    for name in names {
        let kind: String = cmd("TYPE").arg(&name).query(redis).unwrap();
        let value: Vec<String> = match kind.as_str() {
            "hash" => cmd("HGETALL").arg(&name).query(redis).unwrap(),
            "string" => vec![cmd("GET").arg(&name).query(redis).unwrap()],
            "zset" => cmd("ZRANGE").arg(&name).arg(0).arg(-1).query(redis).unwrap(),
            "set" => cmd("SMEMBERS").arg(&name).query(redis).unwrap(),
            other => panic!("this test cannot read {name}, a {other}"),
        };
        all += &format!("{name} {value:?}\n");
    }
    all
}

/// An attacker who reads staging gets neither the requests of clients nor the responses.
#[actix_web::test]
async fn stored_responses_are_encrypted() {
    let server = TestServer::new(BackEnds::Real).await;
    let user = server.create_user().await;
    let key = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";
    let login = json!({"phone_number": user.phone, "password": PASSWORD, "device_name": "Mein Telefon"});
    let signed_in = post(&server, key, "/v1/login", &login).await;
    let refreshed =
        post(&server, key, "/v1/token/refresh", &json!({"refresh_token": signed_in.text("refresh_token")})).await;
    let phone = fresh_phone();
    let sent = post(&server, key, "/v1/register/send-code", &send_code_body(&server, &phone).await).await;
    let ticket = sent.text("ticket");
    let secrets = [
        ("ticket", ticket.clone()),
        ("secret of the ticket", ticket[22..].to_owned()),
        ("access token", signed_in.text("access_token")),
        ("refresh token", signed_in.text("refresh_token")),
        ("next access token", refreshed.text("access_token")),
        ("next refresh token", refreshed.text("refresh_token")),
        ("phone", user.phone.clone()),
        ("national phone", user.phone[3..].to_owned()),
        ("user", user.profile["id"].as_str().unwrap().to_owned()),
        ("nickname", "小明".to_owned()),
        ("device", "Telefon".to_owned()),
        ("key", "8e03978e".to_owned()),
        ("password", "horse".to_owned()),
        ("path", "/v1/".to_owned()),
    ];
    let content = redis_content(&mut redis::connection(server.redis_url().unwrap()));
    assert_eq!(content.matches("idempotency:{").count(), 2, "{content}");
    for (description, secret) in secrets {
        assert!(!content.contains(&secret), "{description} {secret} in {content}");
    }
    assert_eq!(redis::without_expiry(server.redis_url().unwrap()), Vec::<String>::new());
}

/// The service does not perform a request whose response it cannot store. A refresh stores none, with a key or without.
#[actix_web::test]
async fn a_request_with_a_key_fails_while_redis_is_down_and_a_refresh_does_not() {
    let mut redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    server.wait_until_ready().await;
    let user = server.create_user().await;
    redis.kill();
    let login = json!({"phone_number": user.phone, "password": PASSWORD});
    post(&server, "one", "/v1/login", &login).await.assert_error(503, "dependency_unavailable");
    let refresh = json!({"refresh_token": user.refresh_token});
    post(&server, "one", "/v1/token/refresh", &refresh).await.assert_status(200);
    redis.start();
    server.wait_until_ready().await;
    let stored = post(&server, "one", "/v1/login", &login).await;
    stored.assert_status(200);
    post(&server, "one", "/v1/login", &login).await.assert_replays(&stored);
}

/// The request is complete, so the client gets the response although Redis failed in the meantime.
#[actix_web::test]
async fn a_response_that_cannot_be_stored_is_still_returned() {
    let mut redis = OwnRedis::new();
    let settings = [("REDIS_URL", &*redis.url()), ("SMS_TIMEOUT_SECONDS", "2")];
    let server = TestServer::with(BackEnds::Real, &settings).await;
    server.wait_until_ready().await;
    let body = send_code_body(&server, &fresh_phone()).await;
    server.sms.behave(Behaviour::Hang);
    let request = request_with_key(&server, "one", "/v1/register/send-code", &body);
    let response = actix_web::rt::spawn(request.send());
    wait_until("message", || server.sms.requests() == 1).await;
    redis.kill();
    let response = response.await.unwrap().unwrap();
    assert_eq!(response.status().as_u16(), 502);
    assert!(response.text().await.unwrap().contains("sms_delivery_failed"));
}

/// The claim of a process that died during a request soon expires. Then a retry is performed as a first request.
#[actix_web::test]
async fn an_abandoned_claim_expires() {
    let server = TestServer::new(BackEnds::Real).await;
    let mut redis = redis::connection(server.redis_url().unwrap());
    server.sms.behave(Behaviour::Hang);
    let body = send_code_body(&server, &fresh_phone()).await;
    drop(server.send_raw_with_header("Idempotency-Key: two", "/v1/register/send-code", &body).await);
    wait_until("message", || server.sms.requests() == 1).await;
    let name = cmd("KEYS").arg("idempotency:*").query::<Vec<String>>(&mut redis).unwrap().remove(0);
    let left: i64 = cmd("PTTL").arg(&name).query(&mut redis).unwrap();
    let claim_ttl = FlowPolicy::default().claim_ttl;
    assert!((1..=claim_ttl.as_millis()).contains(&u128::try_from(left).unwrap()), "{left} ms");
    post(&server, "two", "/v1/register/send-code", &body).await.assert_error(409, "request_in_progress");
    server.advance(claim_ttl);
    // The captcha is used up, so the service does not send a second message.
    post(&server, "two", "/v1/register/send-code", &body).await.assert_error(422, "captcha_expired");
    assert_eq!(server.sms.requests(), 1);
}

/// An attacker who can write to staging cannot forge responses: each one is bound to its key.
#[actix_web::test]
async fn a_swapped_stored_response_is_not_replayed() {
    let server = TestServer::new(BackEnds::Real).await;
    let bodies = ["+8613800138000", "+8613800138001"].map(|phone| json!({"phone_number": phone, "password": PASSWORD}));
    for (key, body) in ["one", "two"].into_iter().zip(&bodies) {
        post(&server, key, "/v1/login", body).await.assert_error(401, "credentials_invalid");
    }
    let mut redis = redis::connection(server.redis_url().unwrap());
    let names: Vec<String> = cmd("KEYS").arg("idempotency:*").query(&mut redis).unwrap();
    let encrypted: Vec<String> =
        names.iter().map(|name| cmd("HGET").arg(name).arg("response").query(&mut redis).unwrap()).collect();
    for (name, encrypted) in names.iter().zip(encrypted.iter().rev()) {
        cmd("HSET").arg(name).arg("response").arg(encrypted).exec(&mut redis).unwrap();
    }
    for (key, body) in ["one", "two"].into_iter().zip(&bodies) {
        post(&server, key, "/v1/login", body).await.assert_error(500, "internal_error");
    }
}

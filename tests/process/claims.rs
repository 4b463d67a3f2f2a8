//! Claims of requests with an `Idempotency-Key`, if their process or Redis fails: a retry is served within ten seconds.

use crate::client::{BYPASS, Client, Response};
use crate::doorstep::{DEADLINE, Folder};
use crate::redis_faults::Server;
use crate::slow_provider::TestServer;
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::{Connection, cmd};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PHONE: &str = "+8613800138000";
const RECOVERY: Duration = Duration::from_secs(10);

async fn send_code(client: &Client, body: &Value) -> Response {
    let request = client.request(Method::POST, "/v1/register/send-code").header("Idempotency-Key", "one");
    client.send(request.json(body)).await
}

/// Retries until the response is another one than these errors. Returns it, and the time that it took.
async fn retry_while(errors: &[&str], client: &Client, body: &Value) -> (Response, Duration) {
    let start = Instant::now();
    loop {
        let response = send_code(client, body).await;
        if !errors.contains(&response.body["code"].as_str().unwrap_or_default()) {
            return (response, start.elapsed());
        }
        assert!(start.elapsed() < DEADLINE, "{response:?}");
    }
}

fn claim_ttl(redis: &mut Connection) -> i64 {
    let names: Vec<String> = cmd("KEYS").arg("idempotency:*").query(redis).unwrap();
    cmd("PTTL").arg(&names).query(redis).unwrap()
}

#[actix_web::test]
async fn a_running_request_keeps_its_claim_until_its_process_dies() {
    let (redis, other) = (OwnRedis::new(), Folder::new());
    let keys = other.keygen();
    let redis_url = redis.url();
    let vars = [("REDIS_URL", redis_url.as_str()), ("JWT_KEYS", &keys[0]), ("SECRET_KEY", &keys[1])];
    let mut first = TestServer::new(&vars).await;
    let (_second, client) = other.serve(&vars).await;
    let body = json!({"phone_number": PHONE, "captcha_id": client.captcha().await, "captcha_answer": BYPASS});
    let (sender, request) = (first.client.clone(), body.clone());
    let request = actix_web::rt::spawn(async move { send_code(&sender, &request).await });
    first.wait_for_provider_request().await;

    let mut redis = redis::connection(&redis.url());
    let mut left = claim_ttl(&mut redis);
    let start = Instant::now();
    loop {
        let now = claim_ttl(&mut redis);
        if now > left {
            break;
        }
        left = now;
        assert!(start.elapsed() < DEADLINE, "the claim is not renewed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let retry = send_code(&client, &body).await;
    assert_eq!(retry.body["code"], "request_in_progress", "{retry:?}");

    first.doorstep.signal("KILL");
    let (retry, took) = retry_while(&["request_in_progress"], &client, &body).await;
    assert_eq!(retry.body["code"], "captcha_expired", "the captcha was used, and no second message is sent: {retry:?}");
    assert!(took < RECOVERY, "{took:?}");
    drop(request);
}

/// Redis executes the claims of all these requests when it continues. Nobody works under them.
#[actix_web::test]
async fn a_claim_whose_answer_was_lost_is_released() {
    let redis = OwnRedis::new();
    let server = Server::ready(&redis.url()).await;
    let body = json!({"phone_number": PHONE, "captcha_id": server.client.captcha().await, "captcha_answer": BYPASS});
    let frozen = redis::stop(&redis.url());
    for _ in 0..2 {
        assert_eq!(send_code(&server.client, &body).await.status, 503);
    }
    drop(frozen);
    let errors = ["request_in_progress", "dependency_unavailable"];
    let (sent, took) = retry_while(&errors, &server.client, &body).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    assert!(took < Duration::from_secs(5), "it waited until the claim expired: {took:?}");
}

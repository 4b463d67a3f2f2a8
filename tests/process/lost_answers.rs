//! Answers of Redis that are lost with their connection.

use crate::client::{Client, Response};
use crate::doorstep::Folder;
use crate::support::redis::{self, wait_until};
use crate::support::tcp_proxy::TcpProxy;
use deadpool_redis::redis::{Connection, cmd};
use serde_json::json;
use url::Url;

/// Returns the one counter with this name.
fn count(redis: &mut Connection, counter: &str) -> u32 {
    let keys: Vec<String> = cmd("KEYS").arg(format!("limit:{{shared}}:{counter}:*")).query(redis).unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    cmd("GET").arg(&keys).query(redis).unwrap()
}

async fn send_code_with_a_wrong_captcha(client: &Client, captcha: &str) -> Response {
    let body = json!({"phone_number": "+8613800138001", "captcha_id": captcha, "captcha_answer": "wrong"});
    client.post("/v1/register/send-code", body).await
}

/// The same operation checks the captcha and counts the message. Whether it has counted is unknown.
#[actix_web::test]
async fn a_wrong_captcha_whose_check_has_no_answer_makes_no_room_in_a_budget() {
    let (folder, store) = (Folder::new(), redis::url());
    let mut redis = redis::connection(&store);
    let mut url = Url::parse(&store).unwrap();
    let proxy = TcpProxy::start(url.port().unwrap());
    url.set_port(Some(proxy.port())).unwrap();
    let (_doorstep, client) = folder.serve(&[("REDIS_URL", url.as_str())]).await;
    assert_eq!(client.send_code("+8613800138000").await.status, 200);
    let captcha = client.captcha().await;
    let issued = count(&mut redis, "captchas-ip");

    proxy.lose_answer_to("captcha:");
    let unknown = send_code_with_a_wrong_captcha(&client, &captcha).await;
    assert_eq!((unknown.status, &unknown.body["code"]), (503, &json!("dependency_unavailable")));
    client.wait_for_readiness("ready").await;
    // This request is refunded when Redis answers again. A refund of the first request would have come before.
    proxy.lose_answer_to("captcha:");
    assert_eq!(client.post("/v1/captchas", json!({})).await.status, 503);
    wait_until("the captcha to be counted", || count(&mut redis, "captchas-ip") > issued);
    wait_until("the refund of the captcha", || count(&mut redis, "captchas-ip") == issued);

    assert_eq!(count(&mut redis, "sms-unverified-region"), 1);
    assert_eq!(send_code_with_a_wrong_captcha(&client, &captcha).await.body["code"], "captcha_expired");
}

//! A retry with an Idempotency-Key gets the first response from the other release.

use crate::releases::DOCUMENT;
use crate::steps::{Steps, in_every_pattern};
use crate::support::client::{BYPASS, PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// Sends a request twice, with one key. Returns the body of both responses.
async fn twice(steps: &Steps, method: Method, path: &str, token: Option<&str>, body: &Value, status: u16) -> Value {
    static KEYS: AtomicU32 = AtomicU32::new(0);
    let key = format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed));
    let send = async || {
        let request = steps.client().request(method.clone(), path).json(body);
        let request = request.header("Idempotency-Key", &key);
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        steps.send(request, status).await.body
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(first, second, "{path}");
    first
}

#[actix_web::test]
async fn a_retry_crosses_the_releases() {
    in_every_pattern(4, async |steps: Steps| {
        let phone = steps.releases.fresh_phone();
        let captcha = steps.captcha().await;
        let body = json!({
            "phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS, "accepted": [DOCUMENT],
        });
        let sent = twice(&steps, Method::POST, "/v1/register/send-code", None, &body, 200).await;
        let codes = steps.releases.sms.stage.codes_for(&phone);
        assert_eq!(codes.len(), 1, "one message");
        let ticket = sent["ticket"].as_str().unwrap();
        for (path, body, status) in [
            ("verify-code", json!({"ticket": ticket, "code": codes[0]}), 200),
            ("set-password", json!({"ticket": ticket, "password": PASSWORD}), 200),
            ("submit-profile", json!({"ticket": ticket, "nickname": "小明"}), 201),
        ] {
            twice(&steps, Method::POST, &format!("/v1/register/{path}"), None, &body, status).await;
        }
        let body = json!({"phone_number": phone, "password": PASSWORD});
        let signed_in = twice(&steps, Method::POST, "/v1/login", None, &body, 200).await;
        let token = signed_in["access_token"].as_str();
        let body = json!({"current_password": PASSWORD, "new_password": "staple battery horse"});
        twice(&steps, Method::PUT, "/v1/me/password", token, &body, 200).await;
    })
    .await;
}

//! A session that is bound to a key of the device (DPoP).

use crate::device_key::DeviceKey;
use crate::releases::PUBLIC_URL;
use crate::steps::{Steps, in_every_pattern};
use crate::support::client::PASSWORD;
use doorstep::adapters::system::SystemClock;
use doorstep::ports::Clock;
use reqwest::Method;
use serde_json::{Value, json};

async fn post(steps: &Steps, key: &DeviceKey, path: &str, body: &Value, status: u16) -> Value {
    let proof = key.proof(&format!("{PUBLIC_URL}{path}"), SystemClock.now().timestamp());
    let request = steps.client().request(Method::POST, path).header("DPoP", proof).json(body);
    steps.send(request, status).await.body
}

#[actix_web::test]
async fn a_bound_session_crosses_the_releases() {
    in_every_pattern(5, async |steps: Steps| {
        let phone = steps.sign_up().await.phone;
        let (key, other) = (DeviceKey::new(), DeviceKey::new());
        let body = json!({"phone_number": phone, "password": PASSWORD});
        let signed_in = post(&steps, &key, "/v1/login", &body, 200).await;
        assert_eq!(signed_in["refresh_bound"], true);
        let path = "/v1/token/refresh";
        let body = json!({"refresh_token": signed_in["refresh_token"]});
        for _ in 0..2 {
            let refreshed = post(&steps, &key, path, &body, 200).await;
            assert_eq!(refreshed["refresh_token"], signed_in["refresh_token"]);
        }
        assert_eq!(steps.post(path, body.clone(), 401).await.body["code"], "refresh_key_mismatch");
        assert_eq!(post(&steps, &other, path, &body, 401).await["code"], "refresh_key_mismatch");
        post(&steps, &key, path, &body, 200).await;
    })
    .await;
}

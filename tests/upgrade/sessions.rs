//! Sign-up, sign-in, refresh and devices.

use crate::steps::{Steps, User, in_every_pattern};
use crate::support::client::PASSWORD;
use reqwest::Method;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_sign_up_crosses_the_releases() {
    in_every_pattern(6, async |steps: Steps| {
        let user = steps.sign_up().await;
        let me = steps.me(&user).await;
        assert_eq!((&me["id"], &me["consent_due"]), (&json!(user.id), &json!([])));
    })
    .await;
}

/// Rotation, a lost response, reuse and sign-out.
#[actix_web::test]
async fn a_session_crosses_the_releases() {
    in_every_pattern(5, async |steps: Steps| {
        let phone = steps.sign_up().await.phone;
        let user = User::of(&steps.sign_in(&phone, PASSWORD, 200).await);
        let refresh = async |token: &str| steps.post("/v1/token/refresh", json!({"refresh_token": token}), 200).await;
        let first = refresh(&user.refresh).await.field("refresh_token");
        let again = refresh(&user.refresh).await.field("refresh_token");
        assert_eq!(first, again, "a repeated token gets the same successor");
        let second = refresh(&first).await;
        let access = second.field("access_token");
        steps.call(Method::POST, "/v1/logout", &access, json!({}), 204).await;
        steps.call(Method::GET, "/v1/me", &access, Value::Null, 401).await;
        let ended = json!({"refresh_token": second.field("refresh_token")});
        steps.post("/v1/token/refresh", ended, 401).await;
    })
    .await;
}

#[actix_web::test]
async fn a_sign_in_with_a_code_crosses_the_releases() {
    in_every_pattern(4, async |steps: Steps| {
        let user = steps.sign_up().await;
        let [ticket, code] = steps.code_with_captcha("login", &user.phone).await;
        steps.post("/v1/login/status", json!({"ticket": ticket}), 200).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = steps.post("/v1/login/verify-code", json!({"ticket": ticket, "code": wrong}), 422).await;
        assert_eq!(refused.body["attempts_left"], 4);
        let body = json!({"ticket": ticket, "code": code});
        let signed_in = steps.post("/v1/login/verify-code", body.clone(), 200).await;
        assert_eq!(User::of(&signed_in).id, user.id);
        assert_eq!(steps.post("/v1/login/verify-code", body, 410).await.body["code"], "ticket_expired");
    })
    .await;
}

/// A known device needs no captcha, stays known, and is forgotten.
#[actix_web::test]
async fn a_known_device_crosses_the_releases() {
    in_every_pattern(5, async |steps: Steps| {
        let user = steps.sign_up().await;
        let body = json!({"phone_number": user.phone, "device_token": user.device});
        let [ticket, code] = steps.code("/v1/login/send-code", None, &user.phone, async || body.clone()).await;
        let body = json!({"ticket": ticket, "code": code, "device_token": user.device});
        let signed_in = User::of(&steps.post("/v1/login/verify-code", body, 200).await);
        assert_eq!(signed_in.device, user.device, "the session continues the device");
        let other = User::of(&steps.sign_in(&user.phone, PASSWORD, 200).await);
        let sessions = steps.call(Method::GET, "/v1/sessions", &other.access, Value::Null, 200).await;
        let sessions = sessions.body["sessions"].as_array().unwrap().clone();
        assert!(sessions.iter().all(|session| session["known_device"] == true), "{sessions:?}");
        for session in sessions.iter().filter(|session| session["current"] == false) {
            let path = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
            steps.call(Method::DELETE, &path, &other.access, Value::Null, 204).await;
        }
        steps.call(Method::GET, "/v1/me", &signed_in.access, Value::Null, 401).await;
        let body = json!({"phone_number": user.phone, "device_token": user.device});
        let forgotten = steps.post("/v1/login/send-code", body, 422).await;
        assert_eq!(forgotten.body["code"], "captcha_required");
    })
    .await;
}

//! Changes of the account, consents, held acts and deletion.

use crate::releases::DOCUMENT;
use crate::steps::{Steps, User, in_every_pattern};
use crate::support::client::PASSWORD;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use reqwest::Method;
use serde_json::{Value, json};

const NEW_PASSWORD: &str = "staple battery horse";

#[actix_web::test]
async fn a_password_reset_crosses_the_releases() {
    in_every_pattern(5, async |steps: Steps| {
        let user = steps.sign_up().await;
        let [ticket, code] = steps.code_with_captcha("password-reset", &user.phone).await;
        steps.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code}), 200).await;
        let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
        steps.post("/v1/password-reset/set-password", body, 204).await;
        steps.call(Method::GET, "/v1/me", &user.access, Value::Null, 401).await;
        steps.sign_in(&user.phone, PASSWORD, 401).await;
        steps.sign_in(&user.phone, NEW_PASSWORD, 200).await;
    })
    .await;
}

#[actix_web::test]
async fn a_change_of_password_crosses_the_releases() {
    in_every_pattern(5, async |steps: Steps| {
        let user = steps.sign_up().await;
        let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        let renewed = steps.call(Method::PUT, "/v1/me/password", &user.access, body, 200).await;
        steps.post("/v1/token/refresh", json!({"refresh_token": user.refresh}), 401).await;
        let refresh = json!({"refresh_token": renewed.field("refresh_token")});
        steps.post("/v1/token/refresh", refresh, 200).await;
        steps.sign_in(&user.phone, PASSWORD, 401).await;
        steps.sign_in(&user.phone, NEW_PASSWORD, 200).await;
    })
    .await;
}

#[actix_web::test]
async fn a_change_of_number_crosses_the_releases() {
    in_every_pattern(5, async |steps: Steps| {
        let user = steps.sign_up().await;
        let new = steps.releases.fresh_phone();
        let body = json!({"phone_number": new, "current_password": PASSWORD});
        let path = "/v1/me/phone/send-code";
        let [ticket, code] = steps.code(path, Some(&user.access), &new, async || body.clone()).await;
        let body = json!({"ticket": ticket, "code": code});
        steps.call(Method::POST, "/v1/me/phone/verify-code", &user.access, body, 200).await;
        assert_eq!(steps.me(&user).await["phone_number"], json!(new));
        steps.sign_in(&user.phone, PASSWORD, 401).await;
        steps.sign_in(&new, PASSWORD, 200).await;
    })
    .await;
}

#[actix_web::test]
async fn a_consent_crosses_the_releases() {
    in_every_pattern(4, async |steps: Steps| {
        let user = steps.sign_up().await;
        let forget = format!(
            "DELETE FROM consents WHERE user_id = '{0}'; UPDATE users SET accepted_documents = '' WHERE id = '{0}'",
            user.id
        );
        PgConnection::establish(&steps.releases.database).unwrap().batch_execute(&forget).unwrap();
        assert_ne!(steps.me(&user).await["consent_due"], json!([]));
        let body = json!({"accepted": [DOCUMENT]});
        for _ in 0..2 {
            steps.call(Method::PUT, "/v1/me/consents", &user.access, body.clone(), 200).await;
        }
        assert_eq!(steps.me(&user).await["consent_due"], json!([]));
    })
    .await;
}

/// A deletion with a code alone is held; another device approves it.
#[actix_web::test]
async fn a_held_deletion_crosses_the_releases() {
    in_every_pattern(5, async |steps: Steps| {
        let user = steps.sign_up().await;
        let path = "/v1/me/deletion/send-code";
        let [ticket, code] = steps.code(path, Some(&user.access), &user.phone, async || json!({})).await;
        let body = json!({"ticket": ticket, "code": code});
        let held = steps.call(Method::DELETE, "/v1/me", &user.access, body.clone(), 409).await;
        assert_eq!(held.body["code"], "act_held");
        let other = User::of(&steps.sign_in(&user.phone, PASSWORD, 200).await);
        let pending = steps.call(Method::GET, "/v1/me/pending", &other.access, Value::Null, 200).await;
        let act = pending.body["pending"][0]["id"].as_str().unwrap().to_owned();
        let approve = format!("/v1/me/pending/{act}/approve");
        steps.call(Method::POST, &approve, &other.access, json!({}), 204).await;
        steps.call(Method::DELETE, "/v1/me", &user.access, body, 204).await;
        steps.sign_in(&user.phone, PASSWORD, 401).await;
    })
    .await;
}

#[actix_web::test]
async fn a_deletion_crosses_the_releases() {
    in_every_pattern(4, async |steps: Steps| {
        let user = steps.sign_up().await;
        steps.call(Method::DELETE, "/v1/me", &user.access, json!({"password": PASSWORD}), 204).await;
        steps.call(Method::GET, "/v1/me", &user.access, Value::Null, 401).await;
        steps.post("/v1/token/refresh", json!({"refresh_token": user.refresh}), 401).await;
        steps.sign_in(&user.phone, PASSWORD, 401).await;
    })
    .await;
}

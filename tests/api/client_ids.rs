//! `client_id`: the app that signed in, in its access tokens (RFC 9068).

use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    start: super::server;
    the_tokens_of_every_sign_in_name_the_app,
    an_unknown_app_cannot_sign_in,
    the_tokens_of_two_apps_of_a_user_differ,
);

const DAY: Duration = Duration::from_secs(86_400);
const NEW_PASSWORD: &str = "staple battery horse";

async fn server(back_ends: BackEnds) -> TestServer {
    let apps = "shop-ios=ios:example.com, shop-android=android:FA+9qCX9VSu";
    TestServer::with(back_ends, &[("CLIENT_APPS", apps), ("TOKEN_AUDIENCE", "shop-api")]).await
}

/// The claim `client_id` of an access token.
fn client_of(access_token: &str) -> String {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(access_token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], "shop-api");
    claims["client_id"].as_str().unwrap().to_owned()
}

/// Every request that signs in, prepared to succeed: path and body.
async fn sign_ins(server: &TestServer) -> Vec<(&'static str, Value)> {
    let dormant = server.create_user().await;
    let detached = server.create_user().await;
    server.advance(91 * DAY);
    server.sign_up_anew(&detached.phone).await;
    let users = server.create_users(2).await;

    let new = fresh_phone();
    let sent = server.post("/v1/reclaim/send-code", server.reclaim_body(&detached.phone, &new).await).await;
    sent.assert_status(200);
    let reclaim = json!({"ticket": sent.text("ticket"), "code": server.next_code(&new, 0).await});
    // A code is not enough for a dormant account.
    let (claim, code) = server.ticket_and_code("login", &dormant.phone).await;
    let body = json!({"ticket": claim, "code": code});
    server.post("/v1/login/verify-code", body).await.assert_error(409, "account_dormant");
    let (login, code) = server.ticket_and_code("login", &users[0].phone).await;
    vec![
        (
            "/v1/register/submit-profile",
            json!({"ticket": server.ticket_with_password(&fresh_phone()).await, "nickname": "小明"}),
        ),
        ("/v1/login", json!({"phone_number": users[1].phone, "password": PASSWORD})),
        ("/v1/login/verify-code", json!({"ticket": login, "code": code})),
        ("/v1/login/claim", json!({"ticket": claim, "password": PASSWORD})),
        ("/v1/reclaim/verify-code", reclaim),
    ]
}

fn with(body: &Value, client_id: Value) -> Value {
    let mut body = body.clone();
    body["client_id"] = client_id;
    body
}

async fn the_tokens_of_every_sign_in_name_the_app(mut server: TestServer) {
    for (sent, claimed) in [(Some("shop-ios"), "shop-ios"), (None, "shop-api")] {
        for (path, body) in sign_ins(&server).await {
            let body = sent.map_or_else(|| body.clone(), |sent| with(&body, json!(sent)));
            let signed_in = server.post(path, body).await;
            assert!(signed_in.status.is_success(), "{path}: {signed_in:?}");
            assert_eq!(client_of(&signed_in.text("access_token")), claimed, "{path}");
            server.me(&signed_in.text("access_token")).await.assert_status(200);
            // The database has it: another replica refreshes.
            let own = std::mem::take(&mut server.url);
            server.url = server.serve().await;
            let refreshed = server.refresh(&signed_in.text("refresh_token")).await;
            refreshed.assert_status(200);
            assert_eq!(client_of(&refreshed.text("access_token")), claimed, "{path}");
            server.url = own;
            let again = server.refresh(&refreshed.text("refresh_token")).await;
            assert_eq!(client_of(&again.text("access_token")), claimed, "{path}");
            let renewed = change_password(&server, &again.text("access_token")).await;
            renewed.assert_status(200);
            assert_eq!(client_of(&renewed.text("access_token")), claimed, "{path}");
        }
    }
}

async fn change_password(server: &TestServer, access: &str) -> Response {
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    server.call(Method::PUT, "/v1/me/password", access, body).await
}

async fn an_unknown_app_cannot_sign_in(server: TestServer) {
    for (path, body) in sign_ins(&server).await {
        for (app, reason) in [
            ("shop-web", "not_allowed"),
            ("shop-api", "not_allowed"),
            ("", "too_short"),
            (&*"x".repeat(65), "too_long"),
            ("shop ios", "invalid_format"),
        ] {
            let refused = server.post(path, with(&body, json!(app))).await;
            refused.assert_field_error(422, "validation_failed", "client_id", reason);
        }
        // Nothing was used up.
        let signed_in = server.post(path, with(&body, json!("shop-android"))).await;
        assert!(signed_in.status.is_success(), "{path}: {signed_in:?}");
        assert_eq!(client_of(&signed_in.text("access_token")), "shop-android", "{path}");
    }
}

async fn the_tokens_of_two_apps_of_a_user_differ(server: TestServer) {
    let user = server.create_user().await;
    let mut tokens = Vec::new();
    for app in ["shop-ios", "shop-android"] {
        let body = json!({"phone_number": user.phone, "password": PASSWORD, "client_id": app});
        tokens.push((app, server.post("/v1/login", body).await.text("refresh_token")));
    }
    for (app, token) in tokens {
        assert_eq!(client_of(&server.refresh(&token).await.text("access_token")), app);
    }
    // A new device gets a code for its app. Its sign-in names the app again.
    let strict =
        [("NEW_DEVICE_CODE", "true"), ("CLIENT_APPS", "shop-ios=ios:example.com"), ("TOKEN_AUDIENCE", "shop-api")];
    let server = TestServer::with(server.back_ends(), &strict).await;
    let phone = fresh_phone();
    server.sign_up(&phone).await;
    server.advance(Duration::from_secs(3_600));
    let body = json!({
        "phone_number": phone, "password": PASSWORD, "captcha_id": server.captcha().await, "captcha_answer": BYPASS,
        "client_id": "shop-ios",
    });
    let before = server.sms.messages_for(&phone).len();
    let new = server.post("/v1/login", body).await;
    new.assert_error(409, "new_device");
    let code = server.next_code(&phone, before).await;
    let body = json!({"ticket": new.text("ticket"), "code": code, "client_id": "shop-ios"});
    let signed_in = server.post("/v1/login/verify-code", body).await;
    assert_eq!(client_of(&signed_in.text("access_token")), "shop-ios");
}

//! Wrong passwords from many IP blocks: of one /48, and of the whole internet.

use crate::limits::BEHIND_A_PROXY;
use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const WRONG: &str = "wrong horse battery";

server_tests!(
    start: std::future::ready;
    wrong_passwords_from_one_48_require_a_captcha_for_every_phone,
    wrong_passwords_from_everywhere_require_a_captcha,
);

async fn log_in_from(server: &TestServer, address: &str, phone: &str, password: &str) -> Response {
    let body = json!({"phone_number": phone, "password": password});
    let request = server.request(Method::POST, "/v1/login").header("x-forwarded-for", address).json(&body);
    server.send(request, "/v1/login").await
}

/// A new /64 for each password costs the owner of a /48 nothing.
async fn wrong_passwords_from_one_48_require_a_captcha_for_every_phone(back_ends: BackEnds) {
    let settings = [BEHIND_A_PROXY, ("LOGIN_IP_CAPTCHA_AFTER", "1"), ("LIMIT_IP_WRONG_PASSWORDS_HOUR", "2")];
    let server = TestServer::with(back_ends, &settings).await;
    let user = server.create_user().await;
    let address = |block: u32| format!("2001:db8:0:{block:x}00::1");
    for block in 1..7 {
        let wrong = log_in_from(&server, &address(block), &fresh_phone(), WRONG).await;
        wrong.assert_error(401, "credentials_invalid");
    }
    let denied = log_in_from(&server, &address(9), &fresh_phone(), WRONG).await;
    denied.assert_error(422, "captcha_required");
    log_in_from(&server, &address(10), &user.phone, PASSWORD).await.assert_error(422, "captcha_required");
    log_in_from(&server, "2001:db8:1::1", &user.phone, PASSWORD).await.assert_status(200);
    server.advance(Duration::from_secs(3_600));
    log_in_from(&server, &address(9), &user.phone, PASSWORD).await.assert_status(200);
}

/// Guesses from any number of IP blocks are limited too. A captcha is enough, and right passwords do not count.
async fn wrong_passwords_from_everywhere_require_a_captcha(back_ends: BackEnds) {
    let settings = [BEHIND_A_PROXY, ("LOGIN_SERVICE_CAPTCHA_AFTER", "3")];
    let server = TestServer::with(back_ends, &settings).await;
    let user = server.create_user().await;
    for client in 1..4 {
        let address = format!("198.51.100.{client}");
        log_in_from(&server, &address, &user.phone, PASSWORD).await.assert_status(200);
        log_in_from(&server, &address, &fresh_phone(), WRONG).await.assert_error(401, "credentials_invalid");
    }
    let everybody = log_in_from(&server, "203.0.113.7", &user.phone, PASSWORD).await;
    everybody.assert_error(422, "captcha_required");
    server.log_in_with_captcha(&user.phone, PASSWORD).await.assert_status(200);
    server.log_in_with_captcha(&fresh_phone(), WRONG).await.assert_error(401, "credentials_invalid");
    server.advance(Duration::from_secs(3_600));
    log_in_from(&server, "203.0.113.7", &user.phone, PASSWORD).await.assert_status(200);
}

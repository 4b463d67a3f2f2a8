//! Who may send how many.

use crate::over_both_back_ends;
use crate::test_server::{Answer, BYPASS, BackEnds, TestServer, fresh_phone, other_than};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

over_both_back_ends!(
    the_cooldown_grows,
    a_phone_gets_five_messages_an_hour_and_ten_a_day,
    a_phone_has_thirty_wrong_codes_a_day,
    a_refused_message_costs_nothing,
    foreign_regions_are_refused_before_the_captcha,
);

pub fn wait(answer: &Answer) -> u64 {
    answer.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

async fn the_cooldown_grows(server: TestServer) {
    let phone = fresh_phone();
    for expected in [60, 120, 300, 300] {
        assert_eq!(server.send_code(&phone).await.number("resend_in"), expected);
        let early = server.send_code(&phone).await;
        early.assert_refused(429, "resend_cooldown");
        assert!((expected - 1..=expected).contains(&wait(&early)), "{early:?}");
        assert_eq!(early.number("resend_in"), wait(&early));
        server.advance(Duration::from_secs(expected));
    }
}

async fn a_phone_gets_five_messages_an_hour_and_ten_a_day(server: TestServer) {
    let phone = fresh_phone();
    for hour in 0..2 {
        for _ in 0..5 {
            assert_eq!(server.send_code(&phone).await.status, StatusCode::OK);
            server.advance(Duration::from_secs(300));
        }
        if hour == 0 {
            let full = server.send_code(&phone).await;
            full.assert_refused(429, "phone_limit_reached");
            assert!((2_000..=2_100).contains(&wait(&full)), "{full:?}");
            server.advance(Duration::from_secs(wait(&full)));
        }
    }
    server.advance(Duration::from_secs(3_600));
    let full = server.send_code(&phone).await;
    full.assert_refused(429, "phone_limit_reached");
    assert!(wait(&full) > 70_000, "{full:?}");
    assert_eq!(server.sms.messages_for(&phone).len(), 10);
    server.advance(Duration::from_secs(wait(&full)));
    assert_eq!(server.send_code(&phone).await.status, StatusCode::OK);
}

async fn a_phone_has_thirty_wrong_codes_a_day(server: TestServer) {
    let phone = fresh_phone();
    for _ in 0..6 {
        let ticket = server.ticket(&phone).await;
        let wrong = other_than(&server.sms.code_for(&phone).unwrap());
        for _ in 0..4 {
            server.verify(&ticket, &wrong).await.assert_refused(422, "code_wrong");
        }
        server.verify(&ticket, &wrong).await.assert_refused(410, "code_exhausted");
        server.advance(Duration::from_secs(3_600));
    }
    let full = server.send_code(&phone).await;
    full.assert_refused(429, "phone_limit_reached");
    assert!(wait(&full) > 60_000, "{full:?}");
    server.advance(Duration::from_secs(wait(&full)));
    assert_eq!(server.send_code(&phone).await.status, StatusCode::OK);
}

async fn a_refused_message_costs_nothing(server: TestServer) {
    let phone = fresh_phone();
    server.sign_up(&phone).await;
    server.advance(Duration::from_secs(3_600));
    for _ in 0..8 {
        server.send_code(&phone).await.assert_refused(409, "phone_already_registered");
    }
}

async fn foreign_regions_are_refused_before_the_captcha(server: TestServer) {
    let id = server.captcha().await;
    let body = json!({"phone_number": "+14155552671", "captcha_id": id, "captcha_answer": BYPASS});
    let refused = server.post("/v1/register/send-code", body).await;
    refused.assert_field(422, "region_not_supported", "phone_number", "not_allowed");
    let body = json!({"phone_number": fresh_phone(), "captcha_id": id, "captcha_answer": BYPASS});
    assert_eq!(server.post("/v1/register/send-code", body).await.status, StatusCode::OK, "the captcha is still good");
}

/// The tests of addresses send from where they like: they stand behind a trusted proxy.
pub async fn send_from(server: &TestServer, address: &str, phone: &str) -> Answer {
    let from = |path| server.request(Method::POST, path).header("x-forwarded-for", address);
    let captcha = server.send(from("/v1/captchas").json(&json!({})), "/v1/captchas").await;
    if captcha.status != StatusCode::CREATED {
        return captcha;
    }
    let id = captcha.text("captcha_id");
    let body = json!({"phone_number": phone, "captcha_id": id, "captcha_answer": BYPASS});
    server.send(from("/v1/register/send-code").json(&body), "/v1/register/send-code").await
}

pub const BEHIND_A_PROXY: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.0/8");

async fn an_address_has_so_many_sends(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[BEHIND_A_PROXY, ("LIMIT_IP_SENDS", "3")]).await;
    for _ in 0..3 {
        assert_eq!(send_from(&server, "203.0.113.7", &fresh_phone()).await.status, StatusCode::OK);
    }
    let full = send_from(&server, "203.0.113.7", &fresh_phone()).await;
    full.assert_refused(429, "too_many_requests");
    assert!((590..=600).contains(&wait(&full)), "{full:?}");
    assert_eq!(send_from(&server, "203.0.113.8", &fresh_phone()).await.status, StatusCode::OK, "a neighbour");
    server.advance(Duration::from_secs(600));
    assert_eq!(send_from(&server, "203.0.113.7", &fresh_phone()).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn an_address_has_so_many_sends_embedded() {
    an_address_has_so_many_sends(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn an_address_has_so_many_sends_real() {
    an_address_has_so_many_sends(BackEnds::Real).await;
}

#[actix_web::test]
async fn ipv6_is_counted_by_its_64() {
    let server = TestServer::with(BackEnds::Embedded, &[BEHIND_A_PROXY, ("LIMIT_IP_SENDS", "1")]).await;
    assert_eq!(send_from(&server, "2001:db8:0:1::1", &fresh_phone()).await.status, StatusCode::OK);
    send_from(&server, "2001:db8:0:1:ffff::2", &fresh_phone()).await.assert_refused(429, "too_many_requests");
    assert_eq!(send_from(&server, "2001:db8:0:2::1", &fresh_phone()).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_forwarded_header_is_not_believed_from_strangers() {
    let server = TestServer::with(BackEnds::Embedded, &[("LIMIT_IP_SENDS", "1")]).await;
    assert_eq!(send_from(&server, "203.0.113.7", &fresh_phone()).await.status, StatusCode::OK);
    send_from(&server, "203.0.113.8", &fresh_phone()).await.assert_refused(429, "too_many_requests");
}

#[actix_web::test]
async fn an_address_has_so_many_captchas() {
    let server = TestServer::with(BackEnds::Embedded, &[("LIMIT_IP_CAPTCHAS", "2")]).await;
    server.captcha().await;
    server.captcha().await;
    server.post("/v1/captchas", json!({})).await.assert_refused(429, "too_many_requests");
    server.advance(Duration::from_secs(600));
    server.captcha().await;
}

/// Mistake 9: the whole service has a budget, and it denies.
#[actix_web::test]
async fn a_spent_budget_sends_nothing() {
    for (name, window) in [("SMS_BUDGET_HOUR", 3_600), ("SMS_BUDGET_DAY", 86_400)] {
        let server = TestServer::with(BackEnds::Real, &[(name, "2")]).await;
        server.ticket(&fresh_phone()).await;
        let phone = fresh_phone();
        let ticket = server.ticket(&phone).await;
        let denied = server.send_code(&fresh_phone()).await;
        denied.assert_refused(503, "sms_budget_exhausted");
        assert!((window - 10..=window).contains(&wait(&denied)), "{denied:?}");
        server.advance(Duration::from_secs(60));
        let again = server.post("/v1/register/resend-code", json!({"ticket": ticket})).await;
        again.assert_refused(503, "sms_budget_exhausted");
        assert_eq!(server.sms.accepted(), 2);
        let code = server.sms.code_for(&phone).unwrap();
        assert_eq!(server.verify(&ticket, &code).await.status, StatusCode::OK, "who has a code goes on");
        server.advance(Duration::from_secs(window));
        server.ticket(&fresh_phone()).await;
    }
}

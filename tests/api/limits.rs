//! Limits of messages, wrong codes and captchas: by phone, by IP block and for the whole service.

use crate::server_tests;
use crate::support::redis;
use crate::test_server::{BYPASS, BackEnds, Response, TestServer, fresh_phone, wrong_code};
use deadpool_redis::redis::cmd;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

server_tests!(
    the_cooldown_grows_with_each_message,
    a_phone_gets_five_messages_an_hour_and_ten_a_day,
    a_phone_is_limited_to_thirty_wrong_codes_a_day,
    no_day_of_a_phone_has_more_than_thirty_wrong_codes,
    a_taken_number_is_not_counted,
    an_unsupported_region_is_rejected_before_the_captcha,
);

/// Seconds in the `Retry-After` header.
pub fn retry_after(response: &Response) -> u64 {
    response.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

async fn the_cooldown_grows_with_each_message(server: TestServer) {
    let phone = fresh_phone();
    for expected in [60, 120, 300, 300] {
        assert_eq!(server.send_code(&phone).await.number("resend_in"), expected);
        let early = server.send_code(&phone).await;
        early.assert_error(429, "resend_cooldown");
        assert!((expected - 1..=expected).contains(&retry_after(&early)), "{early:?}");
        assert_eq!(early.number("resend_in"), retry_after(&early));
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
            let denied = server.send_code(&phone).await;
            denied.assert_error(429, "phone_limit_reached");
            assert!((2_000..=2_100).contains(&retry_after(&denied)), "{denied:?}");
            server.advance(Duration::from_secs(retry_after(&denied)));
        }
    }
    server.advance(Duration::from_secs(3_600));
    let denied = server.send_code(&phone).await;
    denied.assert_error(429, "phone_limit_reached");
    assert!(retry_after(&denied) > 70_000, "{denied:?}");
    assert_eq!(server.sms.messages_for(&phone).len(), 10);
    server.advance(Duration::from_secs(retry_after(&denied)));
    assert_eq!(server.send_code(&phone).await.status, StatusCode::OK);
}

async fn a_phone_is_limited_to_thirty_wrong_codes_a_day(server: TestServer) {
    let phone = fresh_phone();
    for _ in 0..6 {
        let ticket = server.new_ticket(&phone).await;
        let wrong = wrong_code(&server.sms.code_for(&phone).unwrap());
        for _ in 0..4 {
            server.verify_code(&ticket, &wrong).await.assert_error(422, "code_wrong");
        }
        server.verify_code(&ticket, &wrong).await.assert_error(410, "code_exhausted");
        server.advance(Duration::from_secs(3_600));
    }
    let denied = server.send_code(&phone).await;
    denied.assert_error(429, "phone_limit_reached");
    assert!(retry_after(&denied) > 60_000, "{denied:?}");
    server.advance(Duration::from_secs(retry_after(&denied)));
    assert_eq!(server.send_code(&phone).await.status, StatusCode::OK);
}

/// A fixed window of a day would compare 29 codes before its end, and 30 after it.
async fn no_day_of_a_phone_has_more_than_thirty_wrong_codes(server: TestServer) {
    let (phone, hour) = (fresh_phone(), Duration::from_secs(3_600));
    enter_wrong_codes(&server, &phone, 1).await;
    server.advance(17 * hour);
    for count in [5, 5, 5, 5, 5, 4] {
        server.advance(hour);
        enter_wrong_codes(&server, &phone, count).await;
    }
    server.advance(hour);
    let (ticket, wrong) = enter_wrong_codes(&server, &phone, 1).await;
    let denied = server.verify_code(&ticket, &wrong).await;
    denied.assert_error(429, "phone_limit_reached");
    assert!((64_700..=64_800).contains(&retry_after(&denied)), "{denied:?}");
}

/// Requests a code and enters this number of wrong ones. Returns the ticket and the wrong code.
async fn enter_wrong_codes(server: &TestServer, phone: &str, count: u32) -> (String, String) {
    let ticket = server.new_ticket(phone).await;
    let wrong = wrong_code(&server.sms.code_for(phone).unwrap());
    for n in 1..=count {
        let code = if n == 5 { "code_exhausted" } else { "code_wrong" };
        assert_eq!(server.verify_code(&ticket, &wrong).await.code(), code, "{n}");
    }
    (ticket, wrong)
}

async fn a_taken_number_is_not_counted(server: TestServer) {
    let phone = fresh_phone();
    server.sign_up(&phone).await;
    server.advance(Duration::from_secs(3_600));
    for _ in 0..8 {
        server.send_code(&phone).await.assert_error(409, "phone_already_registered");
    }
}

async fn an_unsupported_region_is_rejected_before_the_captcha(server: TestServer) {
    let id = server.captcha().await;
    let body = json!({"phone_number": "+14155552671", "captcha_id": id, "captcha_answer": BYPASS});
    let rejected = server.post("/v1/register/send-code", body).await;
    rejected.assert_field_error(422, "region_not_supported", "phone_number", "not_allowed");
    let body = json!({"phone_number": fresh_phone(), "captcha_id": id, "captcha_answer": BYPASS});
    assert_eq!(server.post("/v1/register/send-code", body).await.status, StatusCode::OK, "the captcha is used up");
}

/// Requests a captcha and a code from this IP address. The server must trust the proxy; see [`BEHIND_A_PROXY`].
pub async fn send_from(server: &TestServer, address: &str, phone: &str) -> Response {
    let from = |path| server.request(Method::POST, path).header("x-forwarded-for", address);
    let captcha = server.send(from("/v1/captchas").json(&json!({})), "/v1/captchas").await;
    if captcha.status != StatusCode::CREATED {
        return captcha;
    }
    let id = captcha.text("captcha_id");
    let body = json!({"phone_number": phone, "captcha_id": id, "captcha_answer": BYPASS});
    server.send(from("/v1/register/send-code").json(&body), "/v1/register/send-code").await
}

/// The server takes the IP address of the client from `X-Forwarded-For`.
pub const BEHIND_A_PROXY: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.0/8");

async fn an_ip_block_can_send_a_limited_number_of_codes(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[BEHIND_A_PROXY, ("LIMIT_IP_SENDS", "3")]).await;
    for _ in 0..3 {
        assert_eq!(send_from(&server, "203.0.113.7", &fresh_phone()).await.status, StatusCode::OK);
    }
    let denied = send_from(&server, "203.0.113.7", &fresh_phone()).await;
    denied.assert_error(429, "too_many_requests");
    assert!((590..=600).contains(&retry_after(&denied)), "{denied:?}");
    assert_eq!(
        send_from(&server, "203.0.113.8", &fresh_phone()).await.status,
        StatusCode::OK,
        "another IP block is limited"
    );
    server.advance(Duration::from_secs(600));
    assert_eq!(send_from(&server, "203.0.113.7", &fresh_phone()).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn an_ip_block_can_send_a_limited_number_of_codes_embedded() {
    an_ip_block_can_send_a_limited_number_of_codes(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn an_ip_block_can_send_a_limited_number_of_codes_real() {
    an_ip_block_can_send_a_limited_number_of_codes(BackEnds::Real).await;
}

#[actix_web::test]
async fn ipv6_addresses_are_counted_by_their_64_prefix() {
    let server = TestServer::with(BackEnds::Embedded, &[BEHIND_A_PROXY, ("LIMIT_IP_SENDS", "1")]).await;
    assert_eq!(send_from(&server, "2001:db8:0:1::1", &fresh_phone()).await.status, StatusCode::OK);
    send_from(&server, "2001:db8:0:1:ffff::2", &fresh_phone()).await.assert_error(429, "too_many_requests");
    assert_eq!(send_from(&server, "2001:db8:0:2::1", &fresh_phone()).await.status, StatusCode::OK);
}

/// An attacker who owns a /48 has 65,536 blocks of the kind that a household has.
async fn ipv6_addresses_are_also_counted_by_their_56_and_48_prefix(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[BEHIND_A_PROXY, ("LIMIT_IP_SENDS", "1")]).await;
    let mut sent = 0;
    for block in 0..3 {
        sent += usize::from(send_from(&server, &format!("2001:db8:0:{block}::1"), &fresh_phone()).await.status == 200);
    }
    assert_eq!(sent, 2, "messages of one /56");
    for block in 1..10 {
        let address = format!("2001:db8:0:{block}00::1");
        sent += usize::from(send_from(&server, &address, &fresh_phone()).await.status == 200);
    }
    assert_eq!(sent, 4, "messages of one /48 to new numbers; one of six is reserved for each other class");
    send_from(&server, "2001:db8:1::1", &fresh_phone()).await.assert_status(200);
    server.advance(Duration::from_secs(600));
    send_from(&server, "2001:db8:0:1::1", &fresh_phone()).await.assert_status(200);
}

#[actix_web::test]
async fn ipv6_addresses_are_also_counted_by_their_56_and_48_prefix_embedded() {
    ipv6_addresses_are_also_counted_by_their_56_and_48_prefix(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn ipv6_addresses_are_also_counted_by_their_56_and_48_prefix_real() {
    ipv6_addresses_are_also_counted_by_their_56_and_48_prefix(BackEnds::Real).await;
}

#[actix_web::test]
async fn captchas_are_also_counted_by_the_48_prefix() {
    let server = TestServer::with(BackEnds::Embedded, &[BEHIND_A_PROXY, ("LIMIT_IP_CAPTCHAS", "2")]).await;
    let captcha_from = |address: String| {
        let request = server.request(Method::POST, "/v1/captchas").header("x-forwarded-for", address).json(&json!({}));
        server.send(request, "/v1/captchas")
    };
    for block in 1..13 {
        captcha_from(format!("2001:db8:0:{block:x}00::1")).await.assert_status(201);
    }
    captcha_from("2001:db8:0:ff00::1".to_owned()).await.assert_error(429, "too_many_requests");
    captcha_from("2001:db8:1::1".to_owned()).await.assert_status(201);
}

/// A right code refunds the unverified code of the /64, of the /56 and of the /48.
#[actix_web::test]
async fn a_verified_code_is_refunded_to_every_prefix() {
    for back_ends in [BackEnds::Embedded, BackEnds::Real] {
        let server = TestServer::with(back_ends, &[BEHIND_A_PROXY, ("LIMIT_IP_UNVERIFIED_HOUR", "1")]).await;
        let phone = fresh_phone();
        let ticket = send_from(&server, "2001:db8::1", &phone).await.text("ticket");
        send_from(&server, "2001:db8:0:1::1", &fresh_phone()).await.assert_status(200);
        let third = "2001:db8:0:2::1";
        send_from(&server, third, &fresh_phone()).await.assert_error(429, "too_many_requests");
        let code = server.sms.code_for(&phone).unwrap();
        server.verify_code(&ticket, &code).await.assert_status(200);
        send_from(&server, third, &fresh_phone()).await.assert_status(200);
    }
}

/// Behind NAT64 all clients share one /96, and a 6to4 client has a /48 beside its IPv4 address.
#[actix_web::test]
async fn an_ipv6_address_that_contains_an_ipv4_address_counts_as_it() {
    let settings = [BEHIND_A_PROXY, ("LIMIT_IP_SENDS", "1"), ("NAT64_PREFIXES", "64:ff9b:1:fffe::/96")];
    let server = TestServer::with(BackEnds::Embedded, &settings).await;
    send_from(&server, "64:ff9b::203.0.113.7", &fresh_phone()).await.assert_status(200);
    for same in ["203.0.113.7", "::ffff:203.0.113.7", "2002:cb00:7107:1::9", "64:ff9b:1:fffe::203.0.113.7"] {
        send_from(&server, same, &fresh_phone()).await.assert_error(429, "too_many_requests");
    }
    for other in ["64:ff9b::203.0.113.8", "2002:cb00:7109::1", "64:ff9b:1:fffe::203.0.113.10"] {
        send_from(&server, other, &fresh_phone()).await.assert_status(200);
    }
}

/// Staging must not tell who used the service: it contains keyed hashes of IP blocks.
#[actix_web::test]
async fn redis_contains_no_client_address() {
    let server = TestServer::with(BackEnds::Real, &[BEHIND_A_PROXY]).await;
    for address in ["203.0.113.7", "2001:db8:77:88::1"] {
        send_from(&server, address, &fresh_phone()).await.assert_status(200);
    }
    let mut redis = redis::connection(server.redis_url().unwrap());
    let names: Vec<String> = cmd("KEYS").arg("*").query(&mut redis).unwrap();
    let flows: Vec<String> = names.iter().filter(|name| name.starts_with("flow:")).cloned().collect();
    let mut content = names.join(" ");
    for flow in flows {
        content += &cmd("HGETALL").arg(flow).query::<Vec<String>>(&mut redis).unwrap().join(" ");
    }
    assert!(content.contains("sends-ip:") && content.contains("ip_blocks"), "{content}");
    for address in ["203.0.113", "2001:db8", "77:88"] {
        assert!(!content.contains(address), "{address} in {content}");
    }
}

#[actix_web::test]
async fn the_forwarded_header_is_ignored_without_a_trusted_proxy() {
    let server = TestServer::with(BackEnds::Embedded, &[("LIMIT_IP_SENDS", "1")]).await;
    assert_eq!(send_from(&server, "203.0.113.7", &fresh_phone()).await.status, StatusCode::OK);
    send_from(&server, "203.0.113.8", &fresh_phone()).await.assert_error(429, "too_many_requests");
}

#[actix_web::test]
async fn an_ip_block_gets_a_limited_number_of_captchas() {
    let server = TestServer::with(BackEnds::Embedded, &[("LIMIT_IP_CAPTCHAS", "2")]).await;
    server.captcha().await;
    server.captcha().await;
    server.post("/v1/captchas", json!({})).await.assert_error(429, "too_many_requests");
    server.advance(Duration::from_secs(600));
    server.captcha().await;
}

/// Mistake 9 in docs/mistakes.md: there was no limit for the whole service.
#[actix_web::test]
async fn an_exhausted_budget_sends_nothing() {
    for (name, window) in [("SMS_BUDGET_HOUR", 3_600), ("SMS_BUDGET_DAY", 86_400)] {
        let server = TestServer::with(BackEnds::Real, &[(name, "2")]).await;
        server.new_ticket(&fresh_phone()).await;
        let phone = fresh_phone();
        let ticket = server.new_ticket(&phone).await;
        let denied = server.send_code(&fresh_phone()).await;
        denied.assert_error(503, "sms_budget_exhausted");
        assert!((window - 10..=window).contains(&retry_after(&denied)), "{denied:?}");
        server.advance(Duration::from_secs(60));
        let again = server.post("/v1/register/resend-code", json!({"ticket": ticket})).await;
        again.assert_error(503, "sms_budget_exhausted");
        assert_eq!(server.sms.accepted(), 2);
        let code = server.sms.code_for(&phone).unwrap();
        assert_eq!(
            server.verify_code(&ticket, &code).await.status,
            StatusCode::OK,
            "a code cannot be verified while the budget is exhausted"
        );
        server.advance(Duration::from_secs(window));
        server.new_ticket(&fresh_phone()).await;
    }
}

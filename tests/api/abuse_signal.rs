//! Abuse signal: when an IP block requests too much, or when unverified codes to a region indicate SMS pumping, clients
//! must do proof of work.

use crate::proof_of_work::solve_challenge;
use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, Response, TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    start: std::future::ready;
    an_ip_block_gets_thirty_captchas_without_proof_of_work,
    an_ip_block_with_unverified_codes_must_do_proof_of_work,
    unverified_codes_to_one_region_require_proof_of_work_from_all_clients,
    a_denied_code_extends_the_abuse_signal,
    verified_sign_ups_require_proof_of_work_after_half_of_a_total,
    sign_ins_do_not_activate_the_abuse_signal_by_a_total,
);

const SETTINGS: [(&str, &str); 3] =
    [("PROOF_OF_WORK", "auto"), ("PROOF_OF_WORK_BITS", "4"), ("TRUSTED_PROXIES", "127.0.0.0/8")];

async fn server_with(back_ends: BackEnds, settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(back_ends, &[&SETTINGS[..], settings].concat()).await
}

/// Requests a captcha from this IP address.
async fn request_captcha(server: &TestServer, address: &str, body: Value) -> Response {
    let request = server.request(Method::POST, "/v1/captchas").header("x-forwarded-for", address);
    server.send(request.json(&body), "/v1/captchas").await
}

/// Requests a code from this IP address, with proof of work if it is required.
async fn send_code(server: &TestServer, address: &str, phone: &str) -> Response {
    let mut captcha = request_captcha(server, address, json!({})).await;
    if captcha.code() == "proof_of_work_required" {
        captcha = request_captcha(server, address, solve_challenge(&captcha)).await;
    }
    let body = json!({"phone_number": phone, "captcha_id": captcha.text("captcha_id"), "captcha_answer": BYPASS});
    let request = server.request(Method::POST, "/v1/register/send-code").header("x-forwarded-for", address);
    server.send(request.json(&body), "/v1/register/send-code").await
}

async fn assert_no_proof_required(server: &TestServer, address: &str) {
    request_captcha(server, address, json!({})).await.assert_status(201);
}

async fn assert_proof_required(server: &TestServer, address: &str) {
    request_captcha(server, address, json!({})).await.assert_error(422, "proof_of_work_required");
}

async fn an_ip_block_gets_thirty_captchas_without_proof_of_work(back_ends: BackEnds) {
    let server = server_with(back_ends, &[("LIMIT_IP_CAPTCHAS", "32")]).await;
    for _ in 0..30 {
        assert_no_proof_required(&server, "203.0.113.7").await;
    }
    for _ in 0..2 {
        let rejected = request_captcha(&server, "203.0.113.7", json!({})).await;
        rejected.assert_error(422, "proof_of_work_required");
        request_captcha(&server, "203.0.113.7", solve_challenge(&rejected)).await.assert_status(201);
    }
    request_captcha(&server, "203.0.113.7", json!({})).await.assert_error(429, "too_many_requests");
    assert_no_proof_required(&server, "203.0.113.8").await;
    server.advance(Duration::from_secs(600));
    assert_no_proof_required(&server, "203.0.113.7").await;
}

async fn an_ip_block_with_unverified_codes_must_do_proof_of_work(back_ends: BackEnds) {
    let server = server_with(back_ends, &[("LIMIT_IP_UNVERIFIED_HOUR", "3")]).await;
    let phone = fresh_phone();
    let ticket = send_code(&server, "203.0.113.7", &phone).await.text("ticket");
    assert_no_proof_required(&server, "203.0.113.7").await;
    send_code(&server, "203.0.113.7", &fresh_phone()).await.assert_status(200);
    assert_proof_required(&server, "203.0.113.7").await;
    assert_no_proof_required(&server, "203.0.113.8").await;
    server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_status(200);
    assert_no_proof_required(&server, "203.0.113.7").await;
}

async fn unverified_codes_to_one_region_require_proof_of_work_from_all_clients(back_ends: BackEnds) {
    let server = server_with(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1000,CN=3")]).await;
    send_code(&server, "203.0.113.7", &fresh_phone()).await.assert_status(200);
    assert_no_proof_required(&server, "203.0.113.8").await;
    send_code(&server, "203.0.113.7", &fresh_phone()).await.assert_status(200);
    assert_proof_required(&server, "203.0.113.8").await;
    server.advance(Duration::from_secs(599));
    assert_proof_required(&server, "2001:db8::1").await;
    server.advance(Duration::from_secs(1));
    assert_no_proof_required(&server, "203.0.113.8").await;
}

/// Every client can see whether proof of work is required. An attacker who brings a region close to the threshold must
/// not learn from one more code whether it was sent.
#[actix_web::test]
async fn the_abuse_signal_does_not_reveal_who_has_an_account() {
    for has_account in [true, false] {
        let server = server_with(BackEnds::Real, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "4")]).await;
        let users = server.create_users(2).await;
        let phone = if has_account { users[0].phone.clone() } else { fresh_phone() };
        server.send_code_for("login", &phone).await.assert_status(200);
        if has_account {
            server.next_code(&phone, 1).await;
        }
        assert_no_proof_required(&server, "203.0.113.8").await;
        server.send_code_for("login", &users[1].phone).await.assert_status(200);
        assert_proof_required(&server, "203.0.113.8").await;
    }
}

/// An attacker who enters the codes uses up totals, and no unverified codes.
async fn verified_sign_ups_require_proof_of_work_after_half_of_a_total(back_ends: BackEnds) {
    for total in ["SMS_BUDGET_REGION_HOUR", "SMS_BUDGET_HOUR", "SMS_BUDGET_DAY"] {
        let server = server_with(back_ends, &[(total, "6")]).await;
        for n in 1..=3 {
            assert_no_proof_required(&server, "203.0.113.8").await;
            let phone = fresh_phone();
            let ticket = send_code(&server, "203.0.113.7", &phone).await.text("ticket");
            let code = server.sms.code_for(&phone).unwrap();
            server.verify_code(&ticket, &code).await.assert_status(200);
            assert_eq!(server.sms.accepted(), n, "{total}");
        }
        assert_proof_required(&server, "203.0.113.8").await;
    }
}

/// Sign-ins send messages to existing accounts only.
async fn sign_ins_do_not_activate_the_abuse_signal_by_a_total(back_ends: BackEnds) {
    let server = server_with(back_ends, &[("SMS_BUDGET_HOUR", "20")]).await;
    let users = server.create_users(10).await;
    server.advance(Duration::from_secs(86_400));
    for user in &users {
        let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
        server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    }
    assert_no_proof_required(&server, "203.0.113.8").await;
}

async fn a_denied_code_extends_the_abuse_signal(back_ends: BackEnds) {
    let server = server_with(back_ends, &[("SMS_BUDGET_REGION_HOUR", "1")]).await;
    send_code(&server, "203.0.113.7", &fresh_phone()).await.assert_status(200);
    server.advance(Duration::from_secs(599));
    send_code(&server, "203.0.113.7", &fresh_phone()).await.assert_error(503, "sms_region_suspended");
    server.advance(Duration::from_secs(599));
    assert_proof_required(&server, "203.0.113.8").await;
    server.advance(Duration::from_secs(1));
    assert_no_proof_required(&server, "203.0.113.8").await;
}

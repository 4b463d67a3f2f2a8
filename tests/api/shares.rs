//! Reserved shares: new numbers and existing accounts cannot use up each other's messages. Limits and budgets do not
//! reveal which number has an account.

use crate::limits::{BEHIND_A_PROXY, send_from};
use crate::server_tests;
use crate::support::cloopen::Behaviour;
use crate::test_server::{BYPASS, BackEnds, Response, TestServer, fresh_phone};
use crate::users::wait_until;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

server_tests!(
    start: std::future::ready;
    sign_ups_leave_existing_accounts_their_share_of_every_total,
    sign_ins_leave_new_numbers_their_share_of_every_total,
    every_limit_of_an_ip_block_keeps_a_share_for_existing_accounts,
    budgets_do_not_reveal_who_has_an_account,
    budgets_do_not_reveal_who_has_an_account_at_a_concealed_sign_up,
    a_concealed_send_failure_counts_like_a_message,
);

const DAY: Duration = Duration::from_secs(86_400);

/// A server with existing accounts, whose counters are empty.
async fn server(back_ends: BackEnds, accounts: usize, settings: &[(&str, &str)]) -> (TestServer, Vec<String>) {
    let settings = [&[BEHIND_A_PROXY, ("LIMIT_IP_CAPTCHAS", "100000")], settings].concat();
    let server = TestServer::with(back_ends, &settings).await;
    let mut phones = Vec::new();
    for n in 0..accounts {
        let (phone, address) = (fresh_phone(), format!("198.51.100.{n}"));
        let ticket = send_from(&server, &address, &phone).await.text("ticket");
        wait_until("message", || server.sms.code_for(&phone).is_some()).await;
        server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_status(200);
        server.set_password(&ticket).await;
        server.submit_profile(&ticket).await.assert_status(201);
        phones.push(phone);
        if n % 3 == 2 {
            server.advance(DAY);
        }
    }
    server.advance(DAY);
    (server, phones)
}

/// Requests a sign-in code from this IP address.
async fn sign_in_from(server: &TestServer, address: &str, phone: &str) -> Response {
    let from = |path| server.request(Method::POST, path).header("x-forwarded-for", address);
    let captcha = server.send(from("/v1/captchas").json(&json!({})), "/v1/captchas").await;
    let id = captcha.text("captcha_id");
    let body = json!({"phone_number": phone, "captcha_id": id, "captcha_answer": BYPASS});
    server.send(from("/v1/login/send-code").json(&body), "/v1/login/send-code").await
}

/// IP address of the `n`-th request: no limit of an IP block is reached.
fn address(n: usize) -> String {
    format!("203.0.113.{n}")
}

/// Requests sign-up codes until one is denied, and returns how many were sent.
async fn sign_ups(server: &TestServer, expected: (u16, &str)) -> usize {
    for n in 0..100 {
        let response = send_from(server, &address(n), &fresh_phone()).await;
        if response.status != StatusCode::OK {
            response.assert_error(expected.0, expected.1);
            return n;
        }
    }
    panic!("no code was denied")
}

const TOTALS: [(&str, (u16, &str)); 3] = [
    ("SMS_BUDGET_REGION_HOUR", (503, "sms_region_suspended")),
    ("SMS_BUDGET_HOUR", (503, "sms_budget_exhausted")),
    ("SMS_BUDGET_DAY", (503, "sms_budget_exhausted")),
];

async fn sign_ups_leave_existing_accounts_their_share_of_every_total(back_ends: BackEnds) {
    for (total, denial) in TOTALS {
        let (server, accounts) = server(back_ends, 3, &[(total, "10")]).await;
        assert_eq!(sign_ups(&server, denial).await, 6, "{total}");
        for phone in &accounts[..2] {
            sign_in_from(&server, "192.0.2.1", phone).await.assert_status(200);
        }
        sign_in_from(&server, "192.0.2.1", &accounts[2]).await.assert_error(denial.0, denial.1);
    }
}

async fn sign_ins_leave_new_numbers_their_share_of_every_total(back_ends: BackEnds) {
    for (total, denial) in TOTALS {
        let (server, _) = server(back_ends, 0, &[(total, "10"), ("SMS_BUDGET_RESERVED_PERCENT", "10")]).await;
        for n in 0..8 {
            sign_in_from(&server, &address(n), &fresh_phone()).await.assert_status(200);
        }
        sign_in_from(&server, &address(9), &fresh_phone()).await.assert_error(denial.0, denial.1);
        assert_eq!(sign_ups(&server, denial).await, 1, "{total}");
    }
}

async fn every_limit_of_an_ip_block_keeps_a_share_for_existing_accounts(back_ends: BackEnds) {
    for limit in ["LIMIT_IP_SENDS", "LIMIT_IP_PHONES_HOUR", "LIMIT_IP_UNVERIFIED_HOUR"] {
        let (server, accounts) = server(back_ends, 3, &[(limit, "10")]).await;
        let ip = "203.0.113.7";
        for _ in 0..6 {
            send_from(&server, ip, &fresh_phone()).await.assert_status(200);
        }
        send_from(&server, ip, &fresh_phone()).await.assert_error(429, "too_many_requests");
        for phone in &accounts[..2] {
            sign_in_from(&server, ip, phone).await.assert_status(200);
        }
        sign_in_from(&server, ip, &accounts[2]).await.assert_error(429, "too_many_requests");
        send_from(&server, ip, &fresh_phone()).await.assert_error(429, "too_many_requests");
    }
}

/// Every limit that a request for a code counts on, one at a time.
const LIMITS: [&str; 7] = [
    "LIMIT_IP_SENDS",
    "LIMIT_IP_PHONES_HOUR",
    "LIMIT_IP_UNVERIFIED_HOUR",
    "SMS_BUDGET_REGION_UNVERIFIED_HOUR",
    "SMS_BUDGET_REGION_HOUR",
    "SMS_BUDGET_HOUR",
    "SMS_BUDGET_DAY",
];

/// The attacker leaves one place in a limit, requests a code for the phone, and then codes of their own: so many that a
/// refund after the first response would be seen. Returns status and code of every response.
async fn probe(server: &TestServer, limit: &str, flow: &str, phone: &str) -> Vec<(u16, String)> {
    let ip = |n: usize| if limit.starts_with("LIMIT_IP") { address(0) } else { address(n) };
    let send = async |n: usize, phone: &str| match flow {
        "login" => sign_in_from(server, &ip(n), phone).await,
        _ => send_from(server, &ip(n), phone).await,
    };
    // Each class can use six of ten, and ten of its own budget.
    let filled = if limit == "SMS_BUDGET_REGION_UNVERIFIED_HOUR" { 9 } else { 5 };
    for n in 0..filled {
        send(n, &fresh_phone()).await.assert_status(200);
    }
    let mut seen = vec![send(20, phone).await];
    for n in 0..8 {
        seen.push(sign_in_from(server, &ip(30 + n), &fresh_phone()).await);
        seen.push(send_from(server, &ip(40 + n), &fresh_phone()).await);
    }
    seen.into_iter().map(|response| (response.status.as_u16(), response.code().to_owned())).collect()
}

async fn assert_nothing_revealed(back_ends: BackEnds, flow: &str, settings: &[(&str, &str)]) {
    for limit in LIMITS {
        let (server, accounts) = server(back_ends, 1, &[settings, &[(limit, "10")]].concat()).await;
        let known = probe(&server, limit, flow, &accounts[0]).await;
        server.advance(DAY);
        let unknown = probe(&server, limit, flow, &fresh_phone()).await;
        assert_eq!(known, unknown, "{limit}");
        assert!(known.iter().any(|(status, _)| *status != 200), "{limit} is not reached: {known:?}");
    }
}

async fn budgets_do_not_reveal_who_has_an_account(back_ends: BackEnds) {
    assert_nothing_revealed(back_ends, "login", &[]).await;
}

async fn budgets_do_not_reveal_who_has_an_account_at_a_concealed_sign_up(back_ends: BackEnds) {
    assert_nothing_revealed(back_ends, "register", &[("REGISTER_CONCEAL_TAKEN", "true")]).await;
}

/// The client does not see the failure, and a refund would show it.
async fn a_concealed_send_failure_counts_like_a_message(back_ends: BackEnds) {
    let (server, accounts) = server(back_ends, 1, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1")]).await;
    let requests = server.sms.requests();
    server.sms.behave(Behaviour::Refuse("160032"));
    sign_in_from(&server, "192.0.2.1", &accounts[0]).await.assert_status(200);
    wait_until("request", || server.sms.requests() > requests).await;
    server.sms.behave(Behaviour::Accept);
    for _ in 0..10 {
        sign_in_from(&server, "192.0.2.2", &fresh_phone()).await.assert_error(503, "sms_region_suspended");
    }
}

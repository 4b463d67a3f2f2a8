//! Budgets of sent messages and of unverified codes, by region and by IP block, and their refunds.

use crate::limits::{BEHIND_A_PROXY, retry_after, send_from};
use crate::server_tests;
use crate::support::cloopen::Behaviour;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use crate::users::join_all;
use diesel::connection::SimpleConnection;
use doorstep::domain::flow::FlowPolicy;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

server_tests!(
    start: std::future::ready;
    an_ip_block_can_send_to_a_limited_number_of_phones,
    an_ip_block_can_have_a_limited_number_of_unverified_codes,
    an_exhausted_region_budget_affects_no_other_region,
    an_exhausted_unverified_code_budget_affects_no_other_region,
    new_numbers_and_existing_accounts_have_separate_budgets,
    a_verified_code_is_refunded_in_every_flow,
    concurrent_redemptions_of_one_code_refund_it_once,
    verification_refunds_every_message_of_a_flow,
    a_message_that_the_provider_refuses_is_refunded,
    a_message_that_does_not_reach_the_provider_is_refunded,
    a_message_that_was_possibly_sent_is_not_refunded,
    a_taken_number_uses_no_budget,
);

const HOUR: Duration = Duration::from_secs(3_600);
const REGIONS: (&str, &str) = ("PHONE_REGIONS", "CN,US,DE");

async fn server(back_ends: BackEnds, settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(back_ends, &[&[BEHIND_A_PROXY, REGIONS, ("LIMIT_IP_CAPTCHAS", "100000")], settings].concat()).await
}

/// Returns a number of the United States that no other call returns.
fn american() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(2_000_000);
    format!("+1415{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns a German number that no other call returns.
fn german() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+491512{:07}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Requests a code from an IP block that no other call uses, so that no limit of an IP block is reached.
async fn send(server: &TestServer, phone: &str) -> Response {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    send_from(server, &format!("10.{}.{}.1", n / 256, n % 256), phone).await
}

async fn send_ok(server: &TestServer, phone: &str) -> String {
    let response = send(server, phone).await;
    response.assert_status(200);
    response.text("ticket")
}

#[track_caller]
fn assert_region_suspended(response: &Response, seconds: u64) {
    response.assert_error(503, "sms_region_suspended");
    assert!((seconds - 20..=seconds).contains(&retry_after(response)), "{response:?}");
}

async fn verify_code(server: &TestServer, phone: &str, ticket: &str) {
    server.verify_code(ticket, &server.sms.code_for(phone).unwrap()).await.assert_status(200);
}

/// Checks that the service sends exactly this number of further sign-up codes to China.
async fn assert_budget_left(server: &TestServer, count: usize) {
    for n in 0..count {
        assert_eq!(send(server, &fresh_phone()).await.status, StatusCode::OK, "{n} of {count}");
    }
    send(server, &fresh_phone()).await.assert_error(503, "sms_region_suspended");
}

/// Checks the same for the budget class of this flow: new numbers, or existing accounts with these phones.
async fn assert_budget_left_for(server: &TestServer, flow: &str, count: usize, accounts: &mut Vec<String>) {
    if ["register", "me/phone"].contains(&flow) {
        return assert_budget_left(server, count).await;
    }
    for _ in 0..count {
        server.send_code_for("login", &accounts.pop().unwrap()).await.assert_status(200);
    }
    server.send_code_for("login", accounts.last().unwrap()).await.assert_error(503, "sms_region_suspended");
}

/// Creates accounts and returns their phones.
async fn accounts(server: &TestServer, count: usize) -> Vec<String> {
    server.create_users(count).await.into_iter().map(|user| user.phone).collect()
}

async fn an_ip_block_can_send_to_a_limited_number_of_phones(back_ends: BackEnds) {
    let server = server(back_ends, &[("LIMIT_IP_PHONES_HOUR", "2")]).await;
    let phones = [fresh_phone(), fresh_phone()];
    send_from(&server, "2001:db8:0:1::1", &phones[0]).await.assert_status(200);
    server.advance(Duration::from_secs(600));
    send_from(&server, "2001:db8:0:1::2", &phones[1]).await.assert_status(200);
    let denied = send_from(&server, "2001:db8:0:1:ffff::3", &fresh_phone()).await;
    denied.assert_error(429, "too_many_requests");
    assert!((2_980..=3_000).contains(&retry_after(&denied)), "{denied:?}");
    send_from(&server, "2001:db8:0:2::1", &fresh_phone()).await.assert_status(200);
    send_from(&server, "2001:db8:0:1::9", &phones[0]).await.assert_status(200);
    server.advance(Duration::from_secs(3_000));
    send_from(&server, "2001:db8:0:1::1", &fresh_phone()).await.assert_status(200);
}

async fn an_ip_block_can_have_a_limited_number_of_unverified_codes(back_ends: BackEnds) {
    let server = server(back_ends, &[("LIMIT_IP_UNVERIFIED_HOUR", "2")]).await;
    let address = "203.0.113.7";
    let (phone, other) = (fresh_phone(), fresh_phone());
    let ticket = send_from(&server, address, &phone).await.text("ticket");
    send_from(&server, address, &other).await.assert_status(200);
    for _ in 0..3 {
        let denied = send_from(&server, address, &fresh_phone()).await;
        denied.assert_error(429, "too_many_requests");
        assert!((3_580..=3_600).contains(&retry_after(&denied)), "{denied:?}");
    }
    send_from(&server, "203.0.113.8", &fresh_phone()).await.assert_status(200);
    verify_code(&server, &phone, &ticket).await;
    send_from(&server, address, &fresh_phone()).await.assert_status(200);
    send_from(&server, address, &fresh_phone()).await.assert_error(429, "too_many_requests");
    server.advance(HOUR);
    send_from(&server, address, &fresh_phone()).await.assert_status(200);
}

/// The budget of a region counts every message, also for a verified code.
async fn an_exhausted_region_budget_affects_no_other_region(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_HOUR", "2,US=1")]).await;
    let phone = american();
    let ticket = send_ok(&server, &phone).await;
    verify_code(&server, &phone, &ticket).await;
    for _ in 0..3 {
        assert_region_suspended(&send(&server, &american()).await, 3_600);
    }
    for phone in [german(), fresh_phone(), german(), fresh_phone()] {
        send_ok(&server, &phone).await;
    }
    assert_region_suspended(&send(&server, &german()).await, 3_600);
    assert_eq!(server.sms.accepted(), 5);
    server.advance(HOUR);
    send_ok(&server, &american()).await;
}

async fn an_exhausted_unverified_code_budget_affects_no_other_region(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "2,US=1")]).await;
    let (phone, chinese) = (american(), fresh_phone());
    let (ticket, other) = (send_ok(&server, &phone).await, send_ok(&server, &chinese).await);
    assert_region_suspended(&send(&server, &american()).await, 3_600);
    send_ok(&server, &german()).await;
    server.advance(Duration::from_secs(60));
    let again = server.post("/v1/register/resend-code", json!({"ticket": ticket})).await;
    assert_region_suspended(&again, 3_540);
    // A client with a code can verify it. The refund applies to the region of the code only.
    verify_code(&server, &phone, &ticket).await;
    assert_budget_left(&server, 1).await;
    send_ok(&server, &american()).await;
    assert_region_suspended(&send(&server, &american()).await, 3_600);
    verify_code(&server, &chinese, &other).await;
    assert_budget_left(&server, 1).await;
    server.advance(HOUR);
    assert_budget_left(&server, 2).await;
    send_ok(&server, &american()).await;
}

/// An exhausted budget of new numbers does not stop logins, and the other way round.
async fn new_numbers_and_existing_accounts_have_separate_budgets(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1")]).await;
    let mut users = accounts(&server, 2).await;
    send_ok(&server, &fresh_phone()).await;
    assert_budget_left(&server, 0).await;
    let (ticket, code) = server.ticket_and_code("login", users.last().unwrap()).await;
    assert_budget_left_for(&server, "login", 0, &mut vec![users.remove(0)]).await;
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    assert_budget_left(&server, 0).await;
}

/// Sends a code and verifies it. The budget of the region is exhausted in between, and available afterwards.
async fn assert_refunded_after_verification(
    server: &TestServer,
    flow: &str,
    phone: &str,
    access: &str,
    accounts: &mut Vec<String>,
) {
    let to = if flow == "me/phone" { fresh_phone() } else { phone.to_owned() };
    let before = server.sms.messages_for(&to).len();
    let body = match flow {
        "me/phone" => json!({"phone_number": to, "current_password": PASSWORD}),
        "me/deletion" => Value::Null,
        _ => json!({"phone_number": to, "captcha_id": server.captcha().await, "captcha_answer": BYPASS}),
    };
    let sent = server.call(Method::POST, &format!("/v1/{flow}/send-code"), access, body).await;
    sent.assert_status(200);
    let code = server.next_code(&to, before).await;
    assert_budget_left_for(server, flow, 0, accounts).await;
    let body = json!({"ticket": sent.text("ticket"), "code": code});
    let done = match flow {
        "me/deletion" => server.call(Method::DELETE, "/v1/me", access, body).await,
        _ => server.call(Method::POST, &format!("/v1/{flow}/verify-code"), access, body).await,
    };
    assert!(done.status.is_success() || done.code() == "act_held", "{flow}: {done:?}");
    assert_budget_left_for(server, flow, 1, accounts).await;
    server.advance(HOUR);
}

async fn a_verified_code_is_refunded_in_every_flow(back_ends: BackEnds) {
    let server =
        server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1"), ("ACCESS_TOKEN_SECONDS", "3600")]).await;
    let mut others = accounts(&server, 5).await;
    for flow in ["register", "login", "password-reset", "account-deletion", "me/phone", "me/deletion"] {
        let (phone, access) = if flow == "register" {
            (fresh_phone(), String::new())
        } else {
            let user = server.create_user().await;
            (user.phone, user.access_token)
        };
        assert_refunded_after_verification(&server, flow, &phone, &access, &mut others).await;
    }
}

/// Only one of the requests ends the flow.
async fn concurrent_redemptions_of_one_code_refund_it_once(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "3")]).await;
    let mut others = accounts(&server, 4).await;
    let user = server.create_user().await;
    for _ in 0..2 {
        server.send_code_for("login", &others.pop().unwrap()).await.assert_status(200);
    }
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let body = json!({"ticket": ticket, "code": code});
    let done = join_all((0..20).map(|_| server.post("/v1/login/verify-code", body.clone()))).await;
    assert!(done.iter().any(|response| response.status == StatusCode::OK));
    server.post("/v1/login/verify-code", body).await.assert_error(410, "ticket_expired");
    assert_budget_left_for(&server, "login", 1, &mut others).await;
}

/// The claim of a correct code expires while the first request still runs, so the second request succeeds too.
#[actix_web::test]
async fn two_successful_redemptions_of_one_code_refund_it_once() {
    let server = server(BackEnds::Real, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "3")]).await;
    let mut others = accounts(&server, 4).await;
    let user = server.create_user().await;
    for _ in 0..2 {
        server.send_code_for("login", &others.pop().unwrap()).await.assert_status(200);
    }
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let mut lock = server.database();
    lock.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").unwrap();
    let mut redemptions = Vec::new();
    for _ in 0..2 {
        let body = json!({"ticket": ticket, "code": code});
        let request = server.request(Method::POST, "/v1/login/verify-code").json(&body).send();
        redemptions.push(actix_web::rt::spawn(request));
        server.wait_for_claim().await;
        server.advance(FlowPolicy::default().claim_ttl);
    }
    lock.batch_execute("ROLLBACK").unwrap();
    for response in redemptions {
        assert_eq!(response.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_budget_left_for(&server, "login", 1, &mut others).await;
}

async fn verification_refunds_every_message_of_a_flow(back_ends: BackEnds) {
    let settings = [("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "3"), ("LIMIT_IP_UNVERIFIED_HOUR", "1")];
    let server = server(back_ends, &settings).await;
    let (phone, first, second) = (fresh_phone(), "203.0.113.7", "203.0.113.8");
    send_ok(&server, &fresh_phone()).await;
    let ticket = send_from(&server, first, &phone).await.text("ticket");
    server.advance(Duration::from_secs(60));
    let resend = server.request(Method::POST, "/v1/register/resend-code").json(&json!({"ticket": ticket}));
    server.send(resend.header("x-forwarded-for", second), "/v1/register/resend-code").await.assert_status(200);
    for address in [first, second] {
        send_from(&server, address, &fresh_phone()).await.assert_error(429, "too_many_requests");
    }
    assert_budget_left(&server, 0).await;
    verify_code(&server, &phone, &ticket).await;
    for address in [first, second] {
        send_from(&server, address, &fresh_phone()).await.assert_status(200);
    }
    assert_budget_left(&server, 0).await;
}

/// Every limit and budget is 1, so that a missing refund fails the next request.
const ALL_LIMITS_ONE: [(&str, &str); 7] = [
    ("LIMIT_IP_SENDS", "1"),
    ("LIMIT_IP_PHONES_HOUR", "1"),
    ("LIMIT_IP_UNVERIFIED_HOUR", "1"),
    ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1"),
    ("SMS_BUDGET_REGION_HOUR", "1"),
    ("SMS_BUDGET_HOUR", "1"),
    ("SMS_BUDGET_DAY", "1"),
];

async fn a_message_that_the_provider_refuses_is_refunded(back_ends: BackEnds) {
    let server = server(back_ends, &ALL_LIMITS_ONE).await;
    server.sms.behave(Behaviour::Refuse("160032"));
    for _ in 0..3 {
        server.send_code(&fresh_phone()).await.assert_error(502, "sms_delivery_failed");
    }
    server.sms.behave(Behaviour::Accept);
    server.new_ticket(&fresh_phone()).await;
    server.send_code(&fresh_phone()).await.assert_error(429, "too_many_requests");
    send(&server, &fresh_phone()).await.assert_error(503, "sms_region_suspended");
    send(&server, &german()).await.assert_error(503, "sms_budget_exhausted");
}

async fn a_message_that_does_not_reach_the_provider_is_refunded(back_ends: BackEnds) {
    let unreachable = [("SMS_CLOOPEN_BASE_URL", "http://127.0.0.1:1")];
    let server = server(back_ends, &[&ALL_LIMITS_ONE[..], &unreachable].concat()).await;
    for _ in 0..3 {
        server.send_code(&fresh_phone()).await.assert_error(502, "sms_delivery_failed");
    }
}

async fn a_message_that_was_possibly_sent_is_not_refunded(back_ends: BackEnds) {
    for name in ["SMS_BUDGET_REGION_UNVERIFIED_HOUR", "SMS_BUDGET_REGION_HOUR"] {
        let server = server(back_ends, &[(name, "2")]).await;
        for behaviour in [Behaviour::Garbage, Behaviour::ServerError] {
            server.sms.behave(behaviour);
            send(&server, &fresh_phone()).await.assert_error(502, "sms_delivery_failed");
        }
        server.sms.behave(Behaviour::Accept);
        assert_budget_left(&server, 0).await;
    }
}

async fn a_taken_number_uses_no_budget(back_ends: BackEnds) {
    let server = server(back_ends, &ALL_LIMITS_ONE[1..6]).await;
    let user = server.create_user().await;
    for _ in 0..3 {
        server.send_code(&user.phone).await.assert_error(409, "phone_already_registered");
    }
    send(&server, &fresh_phone()).await.assert_status(200);
}

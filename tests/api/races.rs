//! Concurrent requests: of many that exclude each other, one succeeds.

use crate::server_tests;
use crate::test_server::{BYPASS, Response, TestServer, fresh_phone, wrong_code};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

server_tests!(
    one_of_200_correct_codes_advances_the_flow,
    five_of_200_wrong_codes_are_counted,
    one_of_100_sends_with_one_captcha_succeeds,
    one_of_100_sends_with_one_audio_captcha_succeeds,
    one_of_100_sends_to_one_phone_succeeds,
    submissions_of_one_ticket_create_one_user,
    submissions_of_tickets_for_one_phone_create_one_user,
);

/// Sends this number of requests at the same time and returns how often each outcome occurred.
async fn send_concurrently(
    server: &TestServer,
    count: usize,
    path: &'static str,
    body: impl Fn(usize) -> Value,
) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    for response in responses(server, count, path, body).await {
        *outcomes.entry(outcome(&response)).or_default() += 1;
    }
    outcomes
}

fn outcome(response: &Response) -> String {
    if response.status.is_success() { "success".to_owned() } else { response.code().to_owned() }
}

/// Sends this number of requests at the same time.
async fn responses(
    server: &TestServer,
    count: usize,
    path: &'static str,
    body: impl Fn(usize) -> Value,
) -> Vec<Response> {
    let requests: Vec<_> = (0..count)
        .map(|n| {
            let request = server.request(Method::POST, path).json(&body(n));
            actix_web::rt::spawn(async move {
                let response = request.send().await.unwrap();
                let (status, headers) = (response.status(), response.headers().clone());
                Response { status, headers, body: response.json().await.unwrap() }
            })
        })
        .collect();
    let mut responses = Vec::new();
    for request in requests {
        responses.push(request.await.unwrap());
    }
    responses
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

async fn one_of_200_correct_codes_advances_the_flow(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let body = json!({"ticket": ticket, "code": server.sms.code_for(&phone).unwrap()});
    let outcomes = send_concurrently(&server, 200, "/v1/register/verify-code", |_| body.clone()).await;
    assert_eq!(outcomes, counts(&[("success", 1), ("wrong_step", 199)]));
}

async fn five_of_200_wrong_codes_are_counted(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let body = json!({"ticket": ticket, "code": wrong_code(&server.sms.code_for(&phone).unwrap())});
    let outcomes = send_concurrently(&server, 200, "/v1/register/verify-code", |_| body.clone()).await;
    assert_eq!(outcomes, counts(&[("code_wrong", 4), ("code_exhausted", 1), ("ticket_expired", 195)]));
}

async fn one_of_100_sends_with_one_captcha_succeeds(server: TestServer) {
    let captcha = server.captcha().await;
    let outcomes = send_concurrently(
        &server,
        100,
        "/v1/register/send-code",
        |_| json!({"phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": BYPASS}),
    );
    assert_eq!(outcomes.await, counts(&[("success", 1), ("captcha_expired", 99)]));
    assert_eq!(server.sms.accepted(), 1);
}

async fn one_of_100_sends_with_one_audio_captcha_succeeds(server: TestServer) {
    let captcha = server.post("/v1/captchas", json!({"kind": "audio"})).await.text("captcha_id");
    let (digits, _) = server.last_audio_captcha();
    let body = |_| json!({"phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": digits});
    let outcomes = send_concurrently(&server, 100, "/v1/register/send-code", body).await;
    assert_eq!(outcomes, counts(&[("success", 1), ("captcha_expired", 99)]));
    assert_eq!(server.sms.accepted(), 1);
}

async fn one_of_100_sends_to_one_phone_succeeds(server: TestServer) {
    let phone = fresh_phone();
    let mut captchas = Vec::new();
    for _ in 0..100 {
        captchas.push(server.captcha().await);
    }
    let outcomes = send_concurrently(
        &server,
        100,
        "/v1/register/send-code",
        |n| json!({"phone_number": phone, "captcha_id": captchas[n], "captcha_answer": BYPASS}),
    );
    let outcomes = outcomes.await;
    // Reservations that are refunded later can still fill the limit of the IP block (60) for a moment.
    assert_eq!(outcomes.get("success"), Some(&1), "{outcomes:?}");
    let rejected =
        ["resend_cooldown", "too_many_requests"].iter().filter_map(|code| outcomes.get(*code)).sum::<usize>();
    assert_eq!(rejected, 99, "{outcomes:?}");
    assert_eq!(server.sms.accepted(), 1);
}

/// Sends submissions at the same time. Those that succeed MUST return one user and one session.
async fn assert_one_account(server: &TestServer, count: usize, body: impl Fn(usize) -> Value) {
    let (mut accounts, mut last) = (BTreeSet::new(), None);
    for response in responses(server, count, "/v1/register/submit-profile", body).await {
        match &*outcome(&response) {
            "success" => {
                accounts.insert((response.body["refresh_token"].to_string(), response.body["user"]["id"].to_string()));
                last = response.body["access_token"].as_str().map(str::to_owned);
            }
            lost => assert!(["phone_already_registered", "ticket_expired"].contains(&lost), "{response:?}"),
        }
    }
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    let sessions = server.request(Method::GET, "/v1/sessions").bearer_auth(last.unwrap());
    let sessions: Value = sessions.send().await.unwrap().json().await.unwrap();
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");
}

/// A client that repeats the last step gets the same account.
async fn submissions_of_one_ticket_create_one_user(server: TestServer) {
    let ticket = server.ticket_with_password(&fresh_phone()).await;
    assert_one_account(&server, 100, |_| json!({"ticket": ticket, "nickname": "小明"})).await;
}

/// Mistake 12 in docs/mistakes.md: a race between the check and the insert.
async fn submissions_of_tickets_for_one_phone_create_one_user(server: TestServer) {
    let phone = fresh_phone();
    let mut tickets = Vec::new();
    // As many concurrent flows as the cooldowns allow.
    for cooldown in [60, 120, 300, 300, 0] {
        tickets.push(server.ticket_with_password(&phone).await);
        server.advance(std::time::Duration::from_secs(cooldown));
    }
    let body = |n: usize| json!({"ticket": tickets[n % tickets.len()], "nickname": format!("No {n}")});
    assert_one_account(&server, 20, body).await;
}

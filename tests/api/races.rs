//! Many at once.

use crate::over_both_back_ends;
use crate::test_server::{Answer, BYPASS, TestServer, fresh_phone, other_than};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

over_both_back_ends!(
    of_200_right_codes_one_advances,
    of_200_wrong_codes_five_are_counted,
    of_100_sends_with_one_captcha_one_goes_out,
    of_100_sends_with_one_spoken_captcha_one_goes_out,
    of_100_sends_to_one_phone_one_goes_out,
    of_100_submissions_of_one_ticket_one_makes_a_user,
    of_20_flows_for_one_phone_one_makes_a_user,
);

/// The same request `times` over, all under way together; how often each outcome came.
async fn storm(
    server: &TestServer,
    times: usize,
    path: &'static str,
    body: impl Fn(usize) -> Value,
) -> BTreeMap<String, usize> {
    let requests: Vec<_> = (0..times)
        .map(|n| {
            let request = server.request(Method::POST, path).json(&body(n));
            actix_web::rt::spawn(async move {
                let response = request.send().await.unwrap();
                let (status, headers) = (response.status(), response.headers().clone());
                Answer { status, headers, body: response.json().await.unwrap() }
            })
        })
        .collect();
    let mut outcomes = BTreeMap::new();
    for request in requests {
        let answer = request.await.unwrap();
        let name = if answer.status.is_success() { "done".to_owned() } else { answer.code().to_owned() };
        *outcomes.entry(name).or_default() += 1;
    }
    outcomes
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

async fn of_200_right_codes_one_advances(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    let body = json!({"ticket": ticket, "code": server.sms.code_for(&phone).unwrap()});
    let outcomes = storm(&server, 200, "/v1/register/verify-code", |_| body.clone()).await;
    assert_eq!(outcomes, counts(&[("done", 1), ("wrong_step", 199)]));
}

async fn of_200_wrong_codes_five_are_counted(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    let body = json!({"ticket": ticket, "code": other_than(&server.sms.code_for(&phone).unwrap())});
    let outcomes = storm(&server, 200, "/v1/register/verify-code", |_| body.clone()).await;
    assert_eq!(outcomes, counts(&[("code_wrong", 4), ("code_exhausted", 1), ("ticket_expired", 195)]));
}

async fn of_100_sends_with_one_captcha_one_goes_out(server: TestServer) {
    let captcha = server.captcha().await;
    let outcomes = storm(
        &server,
        100,
        "/v1/register/send-code",
        |_| json!({"phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": BYPASS}),
    );
    assert_eq!(outcomes.await, counts(&[("done", 1), ("captcha_expired", 99)]));
    assert_eq!(server.sms.accepted(), 1);
}

async fn of_100_sends_with_one_spoken_captcha_one_goes_out(server: TestServer) {
    let captcha = server.post("/v1/captchas", json!({"kind": "audio"})).await.text("captcha_id");
    let (digits, _) = server.spoken();
    let body = |_| json!({"phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": digits});
    let outcomes = storm(&server, 100, "/v1/register/send-code", body).await;
    assert_eq!(outcomes, counts(&[("done", 1), ("captcha_expired", 99)]));
    assert_eq!(server.sms.accepted(), 1);
}

async fn of_100_sends_to_one_phone_one_goes_out(server: TestServer) {
    let phone = fresh_phone();
    let mut captchas = Vec::new();
    for _ in 0..100 {
        captchas.push(server.captcha().await);
    }
    let outcomes = storm(
        &server,
        100,
        "/v1/register/send-code",
        |n| json!({"phone_number": phone, "captcha_id": captchas[n], "captcha_answer": BYPASS}),
    );
    let outcomes = outcomes.await;
    // Reservations that are given back may meet the address's limit of 60 while they are still held.
    assert_eq!(outcomes.get("done"), Some(&1), "{outcomes:?}");
    let refused = ["resend_cooldown", "too_many_requests"].iter().filter_map(|code| outcomes.get(*code)).sum::<usize>();
    assert_eq!(refused, 99, "{outcomes:?}");
    assert_eq!(server.sms.accepted(), 1);
}

async fn of_100_submissions_of_one_ticket_one_makes_a_user(server: TestServer) {
    let ticket = server.with_password(&fresh_phone()).await;
    let body = json!({"ticket": ticket, "nickname": "小明"});
    let outcomes = storm(&server, 100, "/v1/register/submit-profile", |_| body.clone()).await;
    let lost = ["phone_already_registered", "ticket_expired"].iter().filter_map(|code| outcomes.get(*code)).sum();
    assert_eq!((outcomes.get("done"), 99), (Some(&1), lost), "{outcomes:?}");
}

/// Mistake 12: a race between the check and the insert.
async fn of_20_flows_for_one_phone_one_makes_a_user(server: TestServer) {
    let phone = fresh_phone();
    let mut tickets = Vec::new();
    // As many flows as the cooldowns let live together.
    for cooldown in [60, 120, 300, 300, 0] {
        tickets.push(server.with_password(&phone).await);
        server.advance(std::time::Duration::from_secs(cooldown));
    }
    let outcomes = storm(
        &server,
        20,
        "/v1/register/submit-profile",
        |n| json!({"ticket": tickets[n % tickets.len()], "nickname": format!("No {n}")}),
    );
    let outcomes = outcomes.await;
    let lost = ["phone_already_registered", "ticket_expired"].iter().filter_map(|code| outcomes.get(*code)).sum();
    assert_eq!((outcomes.get("done"), 19), (Some(&1), lost), "{outcomes:?}");
}

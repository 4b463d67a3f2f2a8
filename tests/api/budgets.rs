//! What is on its way and not entered, by region and by address; what comes back, and what does not.

use crate::limits::{BEHIND_A_PROXY, send_from, wait};
use crate::people::{at_once, until};
use crate::support::cloopen::Behaviour;
use crate::test_server::{Answer, BYPASS, BackEnds, PASSWORD, TestServer, fresh_phone};
use diesel::connection::SimpleConnection;
use doorstep::domain::policy::CodePolicy;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Makes two tests of each function, which gets its own settings.
macro_rules! on_both_back_ends {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[actix_web::test]
            async fn $test() {
                super::$test(super::BackEnds::Embedded).await;
            })+
        }
        mod real {
            $(#[actix_web::test]
            async fn $test() {
                super::$test(super::BackEnds::Real).await;
            })+
        }
    };
}

on_both_back_ends!(
    an_address_reaches_so_many_phones,
    an_address_has_so_many_codes_on_their_way,
    a_spent_region_closes_alone,
    a_region_of_codes_that_nobody_enters_closes_alone,
    pumped_sign_ups_keep_nobody_from_signing_in,
    a_code_that_came_back_makes_room_in_every_flow,
    a_code_that_is_redeemed_many_times_at_once_comes_back_once,
    every_message_of_a_flow_comes_back,
    what_the_provider_refused_costs_nothing,
    what_never_reached_the_provider_costs_nothing,
    what_may_have_gone_out_stays_counted,
    a_number_that_is_told_to_be_taken_costs_no_budget,
    a_decoy_costs_no_budget_and_looks_like_a_message,
    a_concealed_failure_costs_no_budget,
);

const HOUR: Duration = Duration::from_secs(3_600);
const REGIONS: (&str, &str) = ("PHONE_REGIONS", "CN,US,DE");

async fn server(back_ends: BackEnds, settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(back_ends, &[&[BEHIND_A_PROXY, REGIONS, ("LIMIT_IP_CAPTCHAS", "100000")], settings].concat()).await
}

/// A number of the United States that no other call got.
fn american() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(2_000_000);
    format!("+1415{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn german() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+491512{:07}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An address that no other call got, for what is not about addresses.
async fn send(server: &TestServer, phone: &str) -> Answer {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    send_from(server, &format!("10.{}.{}.1", n / 256, n % 256), phone).await
}

async fn sent(server: &TestServer, phone: &str) -> String {
    let answer = send(server, phone).await;
    answer.assert_done(200);
    answer.text("ticket")
}

#[track_caller]
fn assert_closed(answer: &Answer, seconds: u64) {
    answer.assert_refused(503, "sms_region_suspended");
    assert!((seconds - 20..=seconds).contains(&wait(answer)), "{answer:?}");
}

async fn verify(server: &TestServer, phone: &str, ticket: &str) {
    server.verify(ticket, &server.sms.code_for(phone).unwrap()).await.assert_done(200);
}

/// So many more codes go to China, and then none.
async fn assert_room(server: &TestServer, room: usize) {
    for n in 0..room {
        assert_eq!(send(server, &fresh_phone()).await.status, StatusCode::OK, "{n} of {room}");
    }
    send(server, &fresh_phone()).await.assert_refused(503, "sms_region_suspended");
}

/// The same of the codes that this kind of flow sends, and of those that only people with an account get, if it is one of theirs.
async fn assert_room_in(server: &TestServer, flow: &str, room: usize, accounts: &mut Vec<String>) {
    if ["register", "me/phone"].contains(&flow) {
        return assert_room(server, room).await;
    }
    for _ in 0..room {
        server.send_code_for("login", &accounts.pop().unwrap()).await.assert_done(200);
    }
    server.send_code_for("login", accounts.last().unwrap()).await.assert_refused(503, "sms_region_suspended");
}

async fn accounts(server: &TestServer, count: usize) -> Vec<String> {
    server.people(count).await.into_iter().map(|person| person.phone).collect()
}

async fn an_address_reaches_so_many_phones(back_ends: BackEnds) {
    let server = server(back_ends, &[("LIMIT_IP_PHONES_HOUR", "2")]).await;
    let phones = [fresh_phone(), fresh_phone()];
    send_from(&server, "2001:db8:0:1::1", &phones[0]).await.assert_done(200);
    server.advance(Duration::from_secs(600));
    send_from(&server, "2001:db8:0:1::2", &phones[1]).await.assert_done(200);
    let full = send_from(&server, "2001:db8:0:1:ffff::3", &fresh_phone()).await;
    full.assert_refused(429, "too_many_requests");
    assert!((2_980..=3_000).contains(&wait(&full)), "{full:?}");
    send_from(&server, "2001:db8:0:2::1", &fresh_phone()).await.assert_done(200);
    send_from(&server, "2001:db8:0:1::9", &phones[0]).await.assert_done(200);
    server.advance(Duration::from_secs(3_000));
    send_from(&server, "2001:db8:0:1::1", &fresh_phone()).await.assert_done(200);
}

async fn an_address_has_so_many_codes_on_their_way(back_ends: BackEnds) {
    let server = server(back_ends, &[("LIMIT_IP_UNVERIFIED_HOUR", "2")]).await;
    let address = "203.0.113.7";
    let (phone, other) = (fresh_phone(), fresh_phone());
    let ticket = send_from(&server, address, &phone).await.text("ticket");
    send_from(&server, address, &other).await.assert_done(200);
    for _ in 0..3 {
        let full = send_from(&server, address, &fresh_phone()).await;
        full.assert_refused(429, "too_many_requests");
        assert!((3_580..=3_600).contains(&wait(&full)), "{full:?}");
    }
    send_from(&server, "203.0.113.8", &fresh_phone()).await.assert_done(200);
    verify(&server, &phone, &ticket).await;
    send_from(&server, address, &fresh_phone()).await.assert_done(200);
    send_from(&server, address, &fresh_phone()).await.assert_refused(429, "too_many_requests");
    server.advance(HOUR);
    send_from(&server, address, &fresh_phone()).await.assert_done(200);
}

/// The budget of messages of a region: verified ones too.
async fn a_spent_region_closes_alone(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_HOUR", "2,US=1")]).await;
    let phone = american();
    let ticket = sent(&server, &phone).await;
    verify(&server, &phone, &ticket).await;
    for _ in 0..3 {
        assert_closed(&send(&server, &american()).await, 3_600);
    }
    for phone in [german(), fresh_phone(), german(), fresh_phone()] {
        sent(&server, &phone).await;
    }
    assert_closed(&send(&server, &german()).await, 3_600);
    assert_eq!(server.sms.accepted(), 5);
    server.advance(HOUR);
    sent(&server, &american()).await;
}

async fn a_region_of_codes_that_nobody_enters_closes_alone(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "2,US=1")]).await;
    let (phone, chinese) = (american(), fresh_phone());
    let (ticket, other) = (sent(&server, &phone).await, sent(&server, &chinese).await);
    assert_closed(&send(&server, &american()).await, 3_600);
    sent(&server, &german()).await;
    server.advance(Duration::from_secs(60));
    let again = server.post("/v1/register/resend-code", json!({"ticket": ticket})).await;
    assert_closed(&again, 3_540);
    // Who has a code goes on, and makes room in her region and in no other.
    verify(&server, &phone, &ticket).await;
    assert_room(&server, 1).await;
    sent(&server, &american()).await;
    assert_closed(&send(&server, &american()).await, 3_600);
    verify(&server, &chinese, &other).await;
    assert_room(&server, 1).await;
    server.advance(HOUR);
    assert_room(&server, 2).await;
    sent(&server, &american()).await;
}

/// And the other way round.
async fn pumped_sign_ups_keep_nobody_from_signing_in(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1")]).await;
    let mut people = accounts(&server, 2).await;
    sent(&server, &fresh_phone()).await;
    assert_room(&server, 0).await;
    let (ticket, code) = server.ticket_for("login", people.last().unwrap()).await;
    assert_room_in(&server, "login", 0, &mut vec![people.remove(0)]).await;
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await.assert_done(200);
    assert_room(&server, 0).await;
}

/// Asks for a code and enters it; between the two the region is closed, and behind it open.
async fn pass(server: &TestServer, flow: &str, phone: &str, access: &str, accounts: &mut Vec<String>) {
    let to = if flow == "me/phone" { fresh_phone() } else { phone.to_owned() };
    let before = server.sms.messages_for(&to).len();
    let asked = match flow {
        "me/phone" => json!({"phone_number": to, "current_password": PASSWORD}),
        "me/deletion" => Value::Null,
        _ => json!({"phone_number": to, "captcha_id": server.captcha().await, "captcha_answer": BYPASS}),
    };
    let asked = server.call(Method::POST, &format!("/v1/{flow}/send-code"), access, asked).await;
    asked.assert_done(200);
    let code = server.next_code(&to, before).await;
    assert_room_in(server, flow, 0, accounts).await;
    let body = json!({"ticket": asked.text("ticket"), "code": code});
    let done = match flow {
        "me/deletion" => server.call(Method::DELETE, "/v1/me", access, body).await,
        _ => server.call(Method::POST, &format!("/v1/{flow}/verify-code"), access, body).await,
    };
    assert!(done.status.is_success(), "{flow}: {done:?}");
    assert_room_in(server, flow, 1, accounts).await;
    server.advance(HOUR);
}

async fn a_code_that_came_back_makes_room_in_every_flow(back_ends: BackEnds) {
    let server =
        server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1"), ("ACCESS_TOKEN_SECONDS", "3600")]).await;
    let mut others = accounts(&server, 5).await;
    for flow in ["register", "login", "password-reset", "account-deletion", "me/phone", "me/deletion"] {
        let (phone, access) = if flow == "register" {
            (fresh_phone(), String::new())
        } else {
            let person = server.person().await;
            (person.phone, person.access)
        };
        pass(&server, flow, &phone, &access, &mut others).await;
    }
}

/// Only one of them ends the flow.
async fn a_code_that_is_redeemed_many_times_at_once_comes_back_once(back_ends: BackEnds) {
    let server = server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "3")]).await;
    let mut others = accounts(&server, 4).await;
    let person = server.person().await;
    for _ in 0..2 {
        server.send_code_for("login", &others.pop().unwrap()).await.assert_done(200);
    }
    let (ticket, code) = server.ticket_for("login", &person.phone).await;
    let body = json!({"ticket": ticket, "code": code});
    let done = at_once((0..20).map(|_| server.post("/v1/login/verify-code", body.clone()))).await;
    assert!(done.iter().any(|answer| answer.status == StatusCode::OK));
    server.post("/v1/login/verify-code", body).await.assert_refused(410, "ticket_expired");
    assert_room_in(&server, "login", 1, &mut others).await;
}

/// Whoever comes second while the first still works, for the claim of a right code runs out, has it too.
#[actix_web::test]
async fn a_code_that_two_have_redeemed_comes_back_once() {
    let server = server(BackEnds::Real, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "3")]).await;
    let mut others = accounts(&server, 4).await;
    let person = server.person().await;
    for _ in 0..2 {
        server.send_code_for("login", &others.pop().unwrap()).await.assert_done(200);
    }
    let (ticket, code) = server.ticket_for("login", &person.phone).await;
    let mut stalled = server.database();
    stalled.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").unwrap();
    let mut redeemed = Vec::new();
    for _ in 0..2 {
        let body = json!({"ticket": ticket, "code": code});
        let request = server.request(Method::POST, "/v1/login/verify-code").json(&body).send();
        redeemed.push(actix_web::rt::spawn(request));
        server.wait_for_claim().await;
        server.advance(CodePolicy::default().claim);
    }
    stalled.batch_execute("ROLLBACK").unwrap();
    for answer in redeemed {
        assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_room_in(&server, "login", 1, &mut others).await;
}

async fn every_message_of_a_flow_comes_back(back_ends: BackEnds) {
    let settings = [("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "3"), ("LIMIT_IP_UNVERIFIED_HOUR", "1")];
    let server = server(back_ends, &settings).await;
    let (phone, first, second) = (fresh_phone(), "203.0.113.7", "203.0.113.8");
    sent(&server, &fresh_phone()).await;
    let ticket = send_from(&server, first, &phone).await.text("ticket");
    server.advance(Duration::from_secs(60));
    let resend = server.request(Method::POST, "/v1/register/resend-code").json(&json!({"ticket": ticket}));
    server.send(resend.header("x-forwarded-for", second), "/v1/register/resend-code").await.assert_done(200);
    for address in [first, second] {
        send_from(&server, address, &fresh_phone()).await.assert_refused(429, "too_many_requests");
    }
    assert_room(&server, 0).await;
    verify(&server, &phone, &ticket).await;
    for address in [first, second] {
        send_from(&server, address, &fresh_phone()).await.assert_done(200);
    }
    assert_room(&server, 0).await;
}

/// One of everything: whatever was not given back would be missed.
const ONE_OF_EVERYTHING: [(&str, &str); 7] = [
    ("LIMIT_IP_SENDS", "1"),
    ("LIMIT_IP_PHONES_HOUR", "1"),
    ("LIMIT_IP_UNVERIFIED_HOUR", "1"),
    ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1"),
    ("SMS_BUDGET_REGION_HOUR", "1"),
    ("SMS_BUDGET_HOUR", "1"),
    ("SMS_BUDGET_DAY", "1"),
];

async fn what_the_provider_refused_costs_nothing(back_ends: BackEnds) {
    let server = server(back_ends, &ONE_OF_EVERYTHING).await;
    server.sms.behave(Behaviour::Refuse("160040"));
    for _ in 0..3 {
        server.send_code(&fresh_phone()).await.assert_refused(502, "sms_delivery_failed");
    }
    server.sms.behave(Behaviour::Accept);
    server.ticket(&fresh_phone()).await;
    server.send_code(&fresh_phone()).await.assert_refused(429, "too_many_requests");
    send(&server, &fresh_phone()).await.assert_refused(503, "sms_region_suspended");
    send(&server, &german()).await.assert_refused(503, "sms_budget_exhausted");
}

async fn what_never_reached_the_provider_costs_nothing(back_ends: BackEnds) {
    let nobody = [("SMS_CLOOPEN_BASE_URL", "http://127.0.0.1:1")];
    let server = server(back_ends, &[&ONE_OF_EVERYTHING[..], &nobody].concat()).await;
    for _ in 0..3 {
        server.send_code(&fresh_phone()).await.assert_refused(502, "sms_delivery_failed");
    }
}

async fn what_may_have_gone_out_stays_counted(back_ends: BackEnds) {
    for name in ["SMS_BUDGET_REGION_UNVERIFIED_HOUR", "SMS_BUDGET_REGION_HOUR"] {
        let server = server(back_ends, &[(name, "2")]).await;
        for behaviour in [Behaviour::Garbage, Behaviour::ServerError] {
            server.sms.behave(behaviour);
            send(&server, &fresh_phone()).await.assert_refused(502, "sms_delivery_failed");
        }
        server.sms.behave(Behaviour::Accept);
        assert_room(&server, 0).await;
    }
}

async fn a_number_that_is_told_to_be_taken_costs_no_budget(back_ends: BackEnds) {
    let one = &ONE_OF_EVERYTHING[1..6];
    let server = server(back_ends, one).await;
    let person = server.person().await;
    for _ in 0..3 {
        server.send_code(&person.phone).await.assert_refused(409, "phone_already_registered");
    }
    send(&server, &fresh_phone()).await.assert_done(200);
}

/// Returns once a code goes out: what was concealed is given back a moment after the answer.
async fn wait_for_room(server: &TestServer) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while send(server, &fresh_phone()).await.status != StatusCode::OK {
        assert!(Instant::now() < deadline, "nothing was given back");
    }
}

/// A decoy that gave its place at the address back would tell who has an account: with one place left, ask for a code to somebody,
/// and then see whether the place is taken.
async fn a_decoy_costs_no_budget_and_looks_like_a_message(back_ends: BackEnds) {
    let budgets =
        [("SMS_BUDGET_HOUR", "2"), ("SMS_BUDGET_REGION_HOUR", "2"), ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "2")];
    let server = server(back_ends, &[&budgets[..], &[("LIMIT_IP_UNVERIFIED_HOUR", "2")]].concat()).await;
    for _ in 0..2 {
        server.send_code_for("login", &fresh_phone()).await.assert_done(200);
    }
    wait_for_room(&server).await;
    wait_for_room(&server).await;
    assert_room(&server, 0).await;
    assert_eq!(server.sms.accepted(), 2);
    server.send_code_for("login", &fresh_phone()).await.assert_refused(429, "too_many_requests");
    server.advance(HOUR);
    server.send_code_for("login", &fresh_phone()).await.assert_done(200);
}

/// As for a decoy nobody sees it, and the budgets get it back. (That the code of a further message does not give it back once more
/// is a promise of staging.)
async fn a_concealed_failure_costs_no_budget(back_ends: BackEnds) {
    let server =
        server(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "2"), ("LIMIT_IP_UNVERIFIED_HOUR", "1")]).await;
    let person = server.person().await;
    let requests = server.sms.requests();
    server.sms.behave(Behaviour::Refuse("160040"));
    server.send_code_for("login", &person.phone).await.assert_done(200);
    until("request", || server.sms.requests() > requests).await;
    server.sms.behave(Behaviour::Accept);
    wait_for_room(&server).await;
    wait_for_room(&server).await;
    assert_room(&server, 0).await;
    server.advance(Duration::from_secs(60));
    server.send_code_for("login", &person.phone).await.assert_refused(429, "too_many_requests");
}

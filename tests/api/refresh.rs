//! Refresh tokens: each has one successor; who lost the answer gets it again, who copied the token is thrown out.

use crate::over_both_back_ends;
use crate::people::at_once;
use crate::test_server::{BackEnds, TestServer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const QUARTER: Duration = Duration::from_secs(900);
const DAY: Duration = Duration::from_secs(86_400);

over_both_back_ends!(
    each_refresh_brings_the_next_pair,
    a_lost_answer_is_given_again,
    many_at_once_get_the_same_successor,
    an_older_token_ends_the_session,
    a_thief_in_lock_step_is_thrown_out,
    a_device_that_retries_at_once_is_never_thrown_out,
    a_session_ends_when_it_is_not_used,
    a_session_ends_after_half_a_year_in_any_case,
    made_up_tokens_are_refused,
);

async fn next(server: &TestServer, token: &str) -> String {
    let answer = server.refresh(token).await;
    answer.assert_done(200);
    answer.text("refresh_token")
}

async fn each_refresh_brings_the_next_pair(server: TestServer) {
    let person = server.person().await;
    server.advance(QUARTER);
    server.me(&person.access).await.assert_refused(401, "token_expired");
    let pair = server.refresh(&person.refresh).await;
    pair.assert_done(200);
    assert_eq!((pair.text("token_type").as_str(), pair.number("expires_in")), ("Bearer", 900));
    assert_eq!(pair.number("refresh_expires_in"), 30 * 86_400);
    assert_ne!(pair.text("refresh_token"), person.refresh);
    assert_eq!(pair.headers["cache-control"], "no-store");
    assert_eq!(server.me(&pair.text("access_token")).await.body, person.user);
    server.advance(QUARTER);
    next(&server, &pair.text("refresh_token")).await;
}

async fn a_lost_answer_is_given_again(server: TestServer) {
    let person = server.person().await;
    let second = next(&server, &person.refresh).await;
    // A minute or three weeks later: the device that did not hear asks again.
    for wait in [Duration::from_secs(60), 21 * DAY] {
        server.advance(wait);
        let again = server.refresh(&person.refresh).await;
        assert_eq!(again.text("refresh_token"), second);
        server.me(&again.text("access_token")).await.assert_done(200);
    }
    assert_ne!(next(&server, &second).await, second);
}

async fn many_at_once_get_the_same_successor(server: TestServer) {
    let person = server.person().await;
    let answers = at_once((0..16).map(|_| server.refresh(&person.refresh))).await;
    let successors: std::collections::BTreeSet<_> = answers.iter().map(|answer| answer.text("refresh_token")).collect();
    assert_eq!(successors.len(), 1);
    next(&server, successors.first().unwrap()).await;
}

async fn an_older_token_ends_the_session(server: TestServer) {
    let person = server.person().await;
    let other_device = server.signed_in(&person.phone).await;
    let second = next(&server, &person.refresh).await;
    let pair = server.refresh(&second).await;
    server.refresh(&person.refresh).await.assert_refused(401, "refresh_reused");
    // The thief is out, and so is what he copied from.
    server.refresh(&pair.text("refresh_token")).await.assert_refused(401, "refresh_invalid");
    server.me(&pair.text("access_token")).await.assert_refused(401, "token_invalid");
    server.me(&other_device.access).await.assert_done(200);
}

/// Thief and owner refresh in turn, so that neither falls behind: only that each answer is asked for twice gives them away.
async fn a_thief_in_lock_step_is_thrown_out(server: TestServer) {
    let person = server.person().await;
    let (mut token, mut rounds) = (person.refresh, 0);
    loop {
        server.advance(Duration::from_secs(450));
        let owner = server.refresh(&token).await;
        owner.assert_done(200);
        server.advance(Duration::from_secs(450));
        let thief = server.refresh(&token).await;
        rounds += 1;
        if thief.code() == "refresh_reused" {
            server.me(&owner.text("access_token")).await.assert_refused(401, "token_invalid");
            break;
        }
        assert_eq!(thief.text("refresh_token"), owner.text("refresh_token"));
        token = owner.text("refresh_token");
    }
    assert_eq!(rounds, 3);
}

/// On a network that loses every first answer each token comes twice, too, but at once.
async fn a_device_that_retries_at_once_is_never_thrown_out(server: TestServer) {
    let person = server.person().await;
    let mut token = person.refresh;
    for _ in 0..12 {
        server.advance(QUARTER);
        let lost = next(&server, &token).await;
        server.advance(Duration::from_secs(60));
        token = next(&server, &token).await;
        assert_eq!(token, lost);
    }
}

async fn a_session_ends_when_it_is_not_used(server: TestServer) {
    let person = server.person().await;
    server.advance(30 * DAY - Duration::from_secs(1));
    let second = next(&server, &person.refresh).await;
    server.advance(30 * DAY);
    server.refresh(&second).await.assert_refused(401, "refresh_invalid");
}

async fn a_session_ends_after_half_a_year_in_any_case(server: TestServer) {
    let mut token = server.person().await.refresh;
    for _ in 0..7 {
        server.advance(25 * DAY);
        token = next(&server, &token).await;
    }
    let last = server.refresh(&token).await;
    assert_eq!(last.number("refresh_expires_in"), 5 * 86_400, "the absolute end is nearer than the idle one");
    server.advance(5 * DAY - Duration::from_secs(600));
    let last = server.refresh(&last.text("refresh_token")).await;
    assert_eq!(
        (last.number("expires_in"), last.number("refresh_expires_in")),
        (600, 600),
        "nor does a token outlive it"
    );
    server.advance(Duration::from_secs(600));
    server.me(&last.text("access_token")).await.assert_refused(401, "token_expired");
    server.refresh(&last.text("refresh_token")).await.assert_refused(401, "refresh_invalid");
}

async fn made_up_tokens_are_refused(server: TestServer) {
    let person = server.person().await;
    let mut forged = person.refresh.clone();
    let last = if forged.pop() == Some('A') { 'E' } else { 'A' };
    forged.push(last);
    let next_generation = person.refresh.replacen(".0.", ".1.", 1);
    for token in [forged.as_str(), &next_generation, "", "x", "a.b.c", &person.access, &"x".repeat(10_000)] {
        server.refresh(token).await.assert_refused(401, "refresh_invalid");
    }
    server.post("/v1/token/refresh", json!({"refresh_token": 7})).await.assert_refused(400, "malformed_request");
    // A refresh token is no access token.
    server.me(&person.refresh).await.assert_refused(401, "token_invalid");
    next(&server, &person.refresh).await;
}

/// An operator who would rather count every replay says so.
async fn without_a_retry_window_three_replays_in_a_row_are_too_many(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("REFRESH_RETRY_SECONDS", "0")]).await;
    let mut token = server.person().await.refresh;
    for _ in 0..2 {
        let successor = next(&server, &token).await;
        assert_eq!(next(&server, &token).await, successor);
        token = successor;
    }
    next(&server, &token).await;
    server.refresh(&token).await.assert_refused(401, "refresh_reused");
}

#[actix_web::test]
async fn without_a_retry_window_three_replays_in_a_row_are_too_many_embedded() {
    without_a_retry_window_three_replays_in_a_row_are_too_many(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn without_a_retry_window_three_replays_in_a_row_are_too_many_real() {
    without_a_retry_window_three_replays_in_a_row_are_too_many(BackEnds::Real).await;
}

/// 10,000 refreshes of 20 devices over a network that loses one answer in ten and doubles one request in ten. One lost answer in
/// fifty is only asked for again a quarter of an hour later, when the app is opened anew.
async fn nobody_is_logged_out_by_a_bad_network(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let person = server.person().await;
    let mut devices = Vec::new();
    for _ in 0..20 {
        devices.push(server.signed_in(&person.phone).await.refresh);
    }
    let (mut chance, mut lost, mut doubled) = (Chance(0x5eed), 0, 0);
    for _round in 0..500 {
        server.advance(QUARTER);
        let plans: Vec<_> = devices.iter().map(|_| Plan::draw(&mut chance)).collect();
        lost += plans.iter().map(|plan| plan.lost).sum::<u32>();
        doubled += plans.iter().filter(|plan| plan.doubled).count();
        let work = devices.iter().zip(&plans).map(|(token, plan)| refresh_over_a_bad_network(&server, token, plan));
        devices = at_once(work).await;
    }
    assert!((900..1_300).contains(&lost) && (900..1_100).contains(&doubled), "{lost} lost, {doubled} doubled");
    for token in &devices {
        let pair = server.refresh(token).await;
        server.call(Method::GET, "/v1/me", &pair.text("access_token"), Value::Null).await.assert_done(200);
    }
}

/// What happens to one refresh.
struct Plan {
    doubled: bool,
    /// Answers that are lost before one arrives.
    lost: u32,
    /// The device gives up after the loss and asks again in the next round.
    late: bool,
}

impl Plan {
    fn draw(chance: &mut Chance) -> Self {
        let mut lost = 0;
        while chance.one_in(10) {
            lost += 1;
        }
        Self { doubled: chance.one_in(10), lost, late: lost > 0 && chance.one_in(50) }
    }
}

/// The token that the device holds afterwards.
async fn refresh_over_a_bad_network(server: &TestServer, token: &str, plan: &Plan) -> String {
    let copies = if plan.doubled { 2 } else { 1 };
    let mut successors = at_once((0..copies).map(|_| successor(server, token))).await;
    if plan.late {
        return token.to_owned();
    }
    for _ in 0..plan.lost {
        successors.push(successor(server, token).await);
    }
    assert!(successors.iter().all(|successor| *successor == successors[0]));
    successors.remove(0)
}

/// A device that is told to come back comes back: the machine of the test may be busy.
async fn successor(server: &TestServer, token: &str) -> String {
    loop {
        let answer = server.refresh(token).await;
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            answer.assert_done(200);
            return answer.text("refresh_token");
        }
    }
}

/// The same misfortunes at every run (xorshift64).
struct Chance(u64);

impl Chance {
    fn one_in(&mut self, n: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.is_multiple_of(n)
    }
}

#[actix_web::test]
async fn nobody_is_logged_out_by_a_bad_network_embedded() {
    nobody_is_logged_out_by_a_bad_network(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn nobody_is_logged_out_by_a_bad_network_real() {
    nobody_is_logged_out_by_a_bad_network(BackEnds::Real).await;
}

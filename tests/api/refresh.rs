//! Refresh-token rotation: each token has one successor, which a retry gets again. The reuse of a copied token ends the
//! session.

use crate::server_tests;
use crate::test_server::{BackEnds, TestServer};
use crate::users::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const QUARTER_HOUR: Duration = Duration::from_secs(900);
const DAY: Duration = Duration::from_secs(86_400);

server_tests!(
    a_refresh_returns_a_new_token_pair,
    a_retry_returns_the_same_refresh_token,
    concurrent_refreshes_return_the_same_refresh_token,
    reuse_of_an_older_token_ends_the_session,
    alternating_refreshes_of_a_copied_token_end_the_session,
    quick_retries_never_end_the_session,
    an_unused_session_ends_after_30_days,
    every_session_ends_after_180_days,
    forged_tokens_are_rejected,
);

async fn refresh_ok(server: &TestServer, token: &str) -> String {
    let response = server.refresh(token).await;
    response.assert_status(200);
    response.text("refresh_token")
}

async fn a_refresh_returns_a_new_token_pair(server: TestServer) {
    let user = server.create_user().await;
    server.advance(QUARTER_HOUR);
    server.me(&user.access_token).await.assert_error(401, "token_expired");
    let pair = server.refresh(&user.refresh_token).await;
    pair.assert_status(200);
    assert_eq!((pair.text("token_type").as_str(), pair.number("expires_in")), ("Bearer", 900));
    assert_eq!(pair.number("refresh_expires_in"), 30 * 86_400);
    assert_ne!(pair.text("refresh_token"), user.refresh_token);
    assert_eq!(pair.headers["cache-control"], "no-store");
    assert_eq!(server.me(&pair.text("access_token")).await.body, user.profile);
    server.advance(QUARTER_HOUR);
    refresh_ok(&server, &pair.text("refresh_token")).await;
}

async fn a_retry_returns_the_same_refresh_token(server: TestServer) {
    let user = server.create_user().await;
    let second = refresh_ok(&server, &user.refresh_token).await;
    // The device did not get the response, and retries after a minute or after three weeks.
    for wait in [Duration::from_secs(60), 21 * DAY] {
        server.advance(wait);
        let again = server.refresh(&user.refresh_token).await;
        assert_eq!(again.text("refresh_token"), second);
        server.me(&again.text("access_token")).await.assert_status(200);
    }
    assert_ne!(refresh_ok(&server, &second).await, second);
}

async fn concurrent_refreshes_return_the_same_refresh_token(server: TestServer) {
    let user = server.create_user().await;
    let responses = join_all((0..16).map(|_| server.refresh(&user.refresh_token))).await;
    let successors: std::collections::BTreeSet<_> =
        responses.iter().map(|response| response.text("refresh_token")).collect();
    assert_eq!(successors.len(), 1);
    refresh_ok(&server, successors.first().unwrap()).await;
}

async fn reuse_of_an_older_token_ends_the_session(server: TestServer) {
    let user = server.create_user().await;
    let other_device = server.new_session(&user.phone).await;
    let second = refresh_ok(&server, &user.refresh_token).await;
    let pair = server.refresh(&second).await;
    server.refresh(&user.refresh_token).await.assert_error(401, "refresh_reused");
    // The session ended, for the attacker and for the copied device.
    server.refresh(&pair.text("refresh_token")).await.assert_error(401, "refresh_invalid");
    server.me(&pair.text("access_token")).await.assert_error(401, "token_invalid");
    server.me(&other_device.access_token).await.assert_status(200);
}

/// The attacker and the owner refresh alternately, so that neither uses an older token. Only the repeated use of each
/// token reveals the copy.
async fn alternating_refreshes_of_a_copied_token_end_the_session(server: TestServer) {
    let user = server.create_user().await;
    let (mut token, mut rounds) = (user.refresh_token, 0);
    loop {
        server.advance(Duration::from_secs(450));
        let owner = server.refresh(&token).await;
        owner.assert_status(200);
        server.advance(Duration::from_secs(450));
        let attacker = server.refresh(&token).await;
        rounds += 1;
        if attacker.code() == "refresh_reused" {
            server.me(&owner.text("access_token")).await.assert_error(401, "token_invalid");
            break;
        }
        assert_eq!(attacker.text("refresh_token"), owner.text("refresh_token"));
        token = owner.text("refresh_token");
    }
    assert_eq!(rounds, 3);
}

/// The service gets each token twice too if the network loses every first response, but within a minute.
async fn quick_retries_never_end_the_session(server: TestServer) {
    let user = server.create_user().await;
    let mut token = user.refresh_token;
    for _ in 0..12 {
        server.advance(QUARTER_HOUR);
        let lost = refresh_ok(&server, &token).await;
        server.advance(Duration::from_secs(60));
        token = refresh_ok(&server, &token).await;
        assert_eq!(token, lost);
    }
}

async fn an_unused_session_ends_after_30_days(server: TestServer) {
    let user = server.create_user().await;
    server.advance(30 * DAY - Duration::from_secs(1));
    let second = refresh_ok(&server, &user.refresh_token).await;
    server.advance(30 * DAY);
    server.refresh(&second).await.assert_error(401, "refresh_invalid");
}

async fn every_session_ends_after_180_days(server: TestServer) {
    let mut token = server.create_user().await.refresh_token;
    for _ in 0..7 {
        server.advance(25 * DAY);
        token = refresh_ok(&server, &token).await;
    }
    let last = server.refresh(&token).await;
    assert_eq!(last.number("refresh_expires_in"), 5 * 86_400, "not the end of the session after 180 days");
    server.advance(5 * DAY - Duration::from_secs(600));
    let last = server.refresh(&last.text("refresh_token")).await;
    assert_eq!(
        (last.number("expires_in"), last.number("refresh_expires_in")),
        (600, 600),
        "a token lives longer than the session"
    );
    server.advance(Duration::from_secs(600));
    server.me(&last.text("access_token")).await.assert_error(401, "token_expired");
    server.refresh(&last.text("refresh_token")).await.assert_error(401, "refresh_invalid");
}

async fn forged_tokens_are_rejected(server: TestServer) {
    let user = server.create_user().await;
    let mut forged = user.refresh_token.clone();
    let last = if forged.pop() == Some('A') { 'E' } else { 'A' };
    forged.push(last);
    let next_generation = user.refresh_token.replacen(".0.", ".1.", 1);
    for token in [forged.as_str(), &next_generation, "", "x", "a.b.c", &user.access_token, &"x".repeat(10_000)] {
        server.refresh(token).await.assert_error(401, "refresh_invalid");
    }
    server.post("/v1/token/refresh", json!({"refresh_token": 7})).await.assert_error(400, "malformed_request");
    // A refresh token is not an access token.
    server.me(&user.refresh_token).await.assert_error(401, "token_invalid");
    refresh_ok(&server, &user.refresh_token).await;
}

/// `REFRESH_RETRY_SECONDS=0` counts every replay.
async fn without_a_retry_window_the_third_replay_ends_the_session(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("REFRESH_RETRY_SECONDS", "0")]).await;
    let mut token = server.create_user().await.refresh_token;
    for _ in 0..2 {
        let refresh_until_ready = refresh_ok(&server, &token).await;
        assert_eq!(refresh_ok(&server, &token).await, refresh_until_ready);
        token = refresh_until_ready;
    }
    refresh_ok(&server, &token).await;
    server.refresh(&token).await.assert_error(401, "refresh_reused");
}

#[actix_web::test]
async fn without_a_retry_window_the_third_replay_ends_the_session_embedded() {
    without_a_retry_window_the_third_replay_ends_the_session(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn without_a_retry_window_the_third_replay_ends_the_session_real() {
    without_a_retry_window_the_third_replay_ends_the_session(BackEnds::Real).await;
}

/// 10,000 refreshes of 20 devices over a network that loses one response in ten and duplicates one request in ten.
/// After one lost response in fifty, the app retries only 15 minutes later, when the user opens it again.
async fn an_unreliable_network_ends_no_session(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let user = server.create_user().await;
    let mut devices = Vec::new();
    for _ in 0..20 {
        devices.push(server.new_session(&user.phone).await.refresh_token);
    }
    let (mut rng, mut lost, mut duplicated) = (Rng(0x5eed), 0, 0);
    for _round in 0..500 {
        server.advance(QUARTER_HOUR);
        let all_faults: Vec<_> = devices.iter().map(|_| Faults::random(&mut rng)).collect();
        lost += all_faults.iter().map(|faults| faults.lost).sum::<u32>();
        duplicated += all_faults.iter().filter(|faults| faults.duplicated).count();
        let refreshes = devices
            .iter()
            .zip(&all_faults)
            .map(|(token, faults)| refresh_over_unreliable_network(&server, token, faults));
        devices = join_all(refreshes).await;
    }
    assert!((900..1_300).contains(&lost) && (900..1_100).contains(&duplicated), "{lost} lost, {duplicated} duplicated");
    for token in &devices {
        let pair = server.refresh(token).await;
        server.call(Method::GET, "/v1/me", &pair.text("access_token"), Value::Null).await.assert_status(200);
    }
}

/// Faults of the network during one refresh.
struct Faults {
    duplicated: bool,
    /// Number of responses that are lost before one arrives.
    lost: u32,
    /// The device stops after the loss and retries in the next round.
    late: bool,
}

impl Faults {
    fn random(rng: &mut Rng) -> Self {
        let mut lost = 0;
        while rng.one_in(10) {
            lost += 1;
        }
        Self { duplicated: rng.one_in(10), lost, late: lost > 0 && rng.one_in(50) }
    }
}

/// Refreshes with these faults and returns the token that the device has afterwards.
async fn refresh_over_unreliable_network(server: &TestServer, token: &str, faults: &Faults) -> String {
    let copies = if faults.duplicated { 2 } else { 1 };
    let mut tokens = join_all((0..copies).map(|_| refresh_until_ready(server, token))).await;
    if faults.late {
        return token.to_owned();
    }
    for _ in 0..faults.lost {
        tokens.push(refresh_until_ready(server, token).await);
    }
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    tokens.remove(0)
}

/// Refreshes, and retries after a 503: the machine that runs the test may be overloaded.
async fn refresh_until_ready(server: &TestServer, token: &str) -> String {
    loop {
        let response = server.refresh(token).await;
        if response.status != StatusCode::SERVICE_UNAVAILABLE {
            response.assert_status(200);
            return response.text("refresh_token");
        }
    }
}

/// Deterministic random numbers (xorshift64), the same in every run.
struct Rng(u64);

impl Rng {
    /// Returns true once in `n` calls on average.
    fn one_in(&mut self, n: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.is_multiple_of(n)
    }
}

#[actix_web::test]
async fn an_unreliable_network_ends_no_session_embedded() {
    an_unreliable_network_ends_no_session(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn an_unreliable_network_ends_no_session_real() {
    an_unreliable_network_ends_no_session(BackEnds::Real).await;
}

//! A day of SMS pumping in four regions at once, by a moved clock. Attackers enter some of their codes. One requests
//! sign-in codes for 1,000 numbers with accounts. New numbers of another region and existing accounts get in each time.

use crate::client::{BYPASS, Client, Response};
use crate::sms_pumping::{TestServer, post, print};
use crate::support::redis;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Pumped regions, with the beginning and the number of further digits of their mobile numbers.
const PUMPED: [(&str, &str, usize); 4] =
    [("GB", "+447400", 6), ("US", "+14152", 6), ("DE", "+491512", 7), ("FR", "+3361", 7)];
/// Budgets that agree with each other: four regions, pumped all day, leave messages to a fifth. See
/// [`doorstep::domain::limits::Limits::contradictions`].
const BUDGETS: [(&str, &str); 3] = [
    ("PHONE_REGIONS", "CN,GB,US,DE,FR"),
    ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "20"),
    ("SMS_BUDGET_REGION_HOUR", "30"),
];
/// Messages that new numbers of a region can get in an hour: 60 % of `SMS_BUDGET_REGION_HOUR`.
const REGION_HOUR: usize = 18;
/// Codes that the attacker of a region enters in an hour, and further codes that they request and do not enter.
const ENTERED: usize = 8;
const NOT_ENTERED: usize = 16;
/// Numbers with accounts that the attacker knows, and those that they request codes for in an hour, from one IP block.
const KNOWN_ACCOUNTS: usize = 1_000;
const KNOWN_AN_HOUR: usize = 42;
/// Unverified sign-in codes of an IP block: 60 % of `LIMIT_IP_UNVERIFIED_HOUR`.
const IP_UNVERIFIED: usize = 18;
const HOURS: usize = 24;

/// The `n`-th number of a pumped region. Numbers of accounts begin at half of all.
fn number(region: usize, n: usize) -> String {
    let (_, beginning, digits) = PUMPED[region];
    format!("{beginning}{n:0digits$}")
}

/// The `n`-th number with an account, in one pumped region after the other.
fn account(n: usize) -> String {
    number(n % PUMPED.len(), 500_000 + n / PUMPED.len())
}

/// IP address of the attackers: one for each request.
fn address(n: usize) -> String {
    format!("203.{}.{}.9", n / 256 % 256, n % 256)
}

fn insert_accounts(server: &TestServer, count: usize) {
    let rows: Vec<_> = (0..count)
        .map(|n| {
            let times = "now(), now(), now(), now()";
            format!("(gen_random_uuid()::text, '{}', '$argon2id$none', 'Ada', {times})", account(n))
        })
        .collect();
    let insert = "INSERT INTO users (id, phone, password_hash, nickname, created_at, updated_at, \
        password_changed_at, phone_proven_at)";
    let mut database = PgConnection::establish(&server.database).unwrap();
    database.batch_execute(&format!("{insert} VALUES {}", rows.join(","))).unwrap();
}

type ResponseCounts = BTreeMap<(&'static str, u16, String), usize>;

fn count(counts: &mut ResponseCounts, attack: &'static str, response: &Response) {
    let code = response.body["code"].as_str().unwrap_or("sent").to_owned();
    *counts.entry((attack, response.status, code)).or_default() += 1;
}

/// Pumps a region for an hour.
async fn pump(client: Client, server: Arc<TestServer>, region: usize, hour: usize) -> ResponseCounts {
    let (mut counts, requests) = (ResponseCounts::new(), ENTERED + NOT_ENTERED);
    for n in hour * requests..(hour + 1) * requests {
        let phone = number(region, n);
        let sent = request_code(&client, "register", &address(n * PUMPED.len() + region), &phone).await;
        count(&mut counts, "sign-up", &sent);
        if n % requests < ENTERED {
            assert_eq!(sent.status, 200, "{sent:?}");
            let body = json!({"ticket": sent.field("ticket"), "code": server.sms.code_for(&phone).unwrap()});
            assert_eq!(retry(&client, "192.0.2.1", "/v1/register/verify-code", &body).await.status, 200);
        }
    }
    counts
}

/// Solves a captcha and requests a code. Repeats a request that a busy machine did not serve in time, as an app does.
async fn request_code(client: &Client, flow: &str, address: &str, phone: &str) -> Response {
    loop {
        let captcha = retry(client, address, "/v1/captchas", &json!({})).await;
        let body = json!({"phone_number": phone, "captcha_id": captcha.field("captcha_id"), "captcha_answer": BYPASS});
        let sent = post(client, address, &format!("/v1/{flow}/send-code"), &body).await;
        if sent.body["code"] != "dependency_unavailable" {
            return sent;
        }
    }
}

async fn retry(client: &Client, address: &str, path: &str, body: &Value) -> Response {
    loop {
        let response = post(client, address, path, body).await;
        if response.body["code"] != "dependency_unavailable" {
            return response;
        }
    }
}

/// Requests sign-in codes for numbers with accounts, for an hour, from one IP block.
async fn bomb_accounts(client: Client, hour: usize) -> ResponseCounts {
    let mut counts = ResponseCounts::new();
    for n in hour * KNOWN_AN_HOUR..(hour + 1) * KNOWN_AN_HOUR {
        let sent = request_code(&client, "login", "198.51.100.7", &account(n % KNOWN_ACCOUNTS)).await;
        count(&mut counts, "sign-in", &sent);
    }
    counts
}

/// Signs in by code, from an IP block that the attackers do not use.
async fn sign_in(client: Client, server: Arc<TestServer>, n: usize) {
    let (phone, address) = (account(KNOWN_ACCOUNTS + n), format!("192.0.2.{}", n % 100));
    let sent = request_code(&client, "login", &address, &phone).await;
    assert_eq!(sent.status, 200, "an existing account, {n}: {sent:?}");
    let code = server.next_code(&phone, 0).await;
    let body = json!({"ticket": sent.field("ticket"), "code": code});
    let signed_in = retry(&client, &address, "/v1/login/verify-code", &body).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
}

/// Signs up in a region that is not pumped.
async fn sign_up(client: &Client, server: &TestServer, hour: usize) {
    let phone = format!("+86138001380{hour:02}");
    let sent = request_code(client, "register", "192.0.2.200", &phone).await;
    assert_eq!(sent.status, 200, "a new number, hour {hour}: {sent:?}");
    client.finish_sign_up(&sent.field("ticket"), &server.sms.code_for(&phone).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_pumping_in_four_regions_keeps_nobody_else_out() {
    let server = Arc::new(TestServer::with(&BUDGETS).await);
    insert_accounts(&server, KNOWN_ACCOUNTS + HOURS * PUMPED.len());
    let (mut counts, started) = (ResponseCounts::new(), Instant::now());
    for hour in 0..HOURS {
        let mut attacks = JoinSet::new();
        for region in 0..PUMPED.len() {
            attacks.spawn(pump(server.client(region), Arc::clone(&server), region, hour));
        }
        attacks.spawn(bomb_accounts(server.client(hour), hour));
        for (response, count) in attacks.join_all().await.into_iter().flatten() {
            *counts.entry(response).or_default() += count;
        }
        // The attackers have used everything that they can in this hour.
        let client = server.client(hour);
        sign_up(&client, &server, hour).await;
        let mut users = JoinSet::new();
        for region in 0..PUMPED.len() {
            users.spawn(sign_in(client.clone(), Arc::clone(&server), hour * PUMPED.len() + region));
        }
        users.join_all().await;
        redis::advance(&server.redis, Duration::from_secs(3_600));
    }
    print(&format!("a day of pumping in {} s:", started.elapsed().as_secs()), &counts);

    let sent = |attack| counts.get(&(attack, 200, "sent".to_owned())).copied();
    assert_eq!(sent("sign-up"), Some(HOURS * PUMPED.len() * REGION_HOUR));
    assert_eq!(sent("sign-in"), Some(HOURS * IP_UNVERIFIED));
    let expected = [(200, "sent"), (503, "sms_region_suspended"), (429, "too_many_requests")];
    assert!(counts.keys().all(|(_, status, code)| expected.contains(&(*status, code))), "{counts:?}");
    assert_eq!(server.log_lines_with("setting needs attention").await, 0);
    assert_eq!(redis::without_expiry(&server.redis), Vec::<String>::new());
}

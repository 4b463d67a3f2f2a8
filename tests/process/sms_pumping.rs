//! A simulated SMS pumping attack on the program. The attacker earns money by messages to one country, has any number
//! of phone numbers and IP addresses there, and solves every captcha. docs/attack.md has the figures of one run; each
//! run prints its own.

use crate::client::{BYPASS, Client, Response};
use crate::databases::empty_database;
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use crate::support::cloopen::{ACCOUNT_SID, APP_ID, AUTH_TOKEN, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID};
use crate::support::redis;
use deadpool_redis::redis::cmd;
use doorstep::adapters::system::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const REQUESTS: usize = 5_000;
const CLIENTS: usize = 64;
/// IP addresses of the attacker, besides `BUSY_ADDRESS`.
const ADDRESSES: usize = 900;
/// IP address that sends one request in ten.
const BUSY_ADDRESS: &str = "198.51.100.7";
/// Unverified codes that one region may get: the default of `SMS_BUDGET_REGION_UNVERIFIED_HOUR`.
const BUDGET: usize = 120;

/// Errors that the attacker may get.
const EXPECTED_ERRORS: [(u16, &str); 4] =
    [(429, "resend_cooldown"), (429, "phone_limit_reached"), (429, "too_many_requests"), (503, "sms_region_suspended")];

/// Two processes on one Redis and one PostgreSQL, behind a load balancer that forwards the IP address of the client.
pub struct TestServer {
    pub sms: FakeCloopen,
    pub redis: String,
    /// URL of the PostgreSQL database.
    pub database: String,
    processes: [(Doorstep, Client); 2],
    _folder: Folder,
}

impl TestServer {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    /// Starts the processes with these settings in addition.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let (folder, redis, database) = (Folder::new(), redis::url(), empty_database());
        let sms = FakeCloopen::start(Arc::new(SystemClock));
        let vars = [
            ("REDIS_URL", redis.as_str()),
            ("DATABASE_URL", &database),
            ("MIGRATE_ON_START", "true"),
            ("TRUSTED_PROXIES", "127.0.0.0/8"),
            ("PHONE_REGIONS", "CN,GB"),
            ("CAPTCHA_STYLE", "arithmetic"),
            // The attacker has machines that solve it.
            ("PROOF_OF_WORK", "off"),
            ("SMS_TIMEOUT_SECONDS", "30"),
            ("SMS_PROVIDERS", "cloopen"),
            ("SMS_CLOOPEN_BASE_URL", sms.base_url.as_str()),
            ("SMS_CLOOPEN_ACCOUNT_SID", ACCOUNT_SID),
            ("SMS_CLOOPEN_AUTH_TOKEN", AUTH_TOKEN),
            ("SMS_CLOOPEN_APP_ID", APP_ID),
            ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
            ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", DELETION_TEMPLATE_ID),
            ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE_ID),
            ("SMS_NOTICES", "off"),
        ];
        let vars = [&vars[..], settings].concat();
        // Both run in one folder, because they share the keys in it.
        let processes = [folder.serve(&vars).await, folder.serve(&vars).await];
        Self { sms, redis, database, processes, _folder: folder }
    }

    pub fn client(&self, n: usize) -> Client {
        self.processes[n % 2].1.clone()
    }

    /// Returns the count of a counter that all processes share: of new numbers, if classes share it.
    fn shared_count(&self, name: &str) -> Option<usize> {
        let (key, mut redis) = (format!("limit:{{shared}}:{name}"), redis::connection(&self.redis));
        let shared = cmd("TYPE").arg(&key).query::<String>(&mut redis).unwrap() == "hash";
        let read = if shared { cmd("HGET").arg(key).arg("new_numbers").clone() } else { cmd("GET").arg(key).clone() };
        read.query(&mut redis).unwrap()
    }

    /// Waits for a message to this number after the first `before`, and returns its code.
    pub async fn next_code(&self, phone: &str, before: usize) -> String {
        let deadline = Instant::now() + DEADLINE;
        while self.sms.messages_for(phone).len() == before {
            assert!(Instant::now() < deadline, "no code was sent");
            tokio::task::yield_now().await;
        }
        self.sms.code_for(phone).unwrap()
    }

    /// Counts the log lines with this text, of both processes.
    pub async fn log_lines_with(&self, text: &str) -> usize {
        let mut count = 0;
        for (process, _) in &self.processes {
            count += process.output_until_now().await.iter().filter(|line| line.contains(text)).count();
        }
        count
    }
}

pub async fn post(client: &Client, address: &str, path: &str, body: &Value) -> Response {
    client.send(client.request(Method::POST, path).header("x-forwarded-for", address).json(body)).await
}

/// Solves a captcha and requests a code.
async fn send_code(client: &Client, address: &str, phone: &str) -> Response {
    let captcha = post(client, address, "/v1/captchas", &json!({})).await;
    if captcha.status != 201 {
        return captcha;
    }
    let body = json!({"phone_number": phone, "captcha_id": captcha.field("captcha_id"), "captcha_answer": BYPASS});
    post(client, address, "/v1/register/send-code", &body).await
}

/// Returns the British number of a request: four requests in a row, sent at about the same time, have the same number.
fn british_number(n: usize) -> String {
    format!("+447400{:06}", n / 4)
}

fn address(n: usize) -> String {
    if n.is_multiple_of(10) {
        return BUSY_ADDRESS.to_owned();
    }
    let n = n % ADDRESSES;
    format!("203.{}.{}.9", n / 256, n % 256)
}

/// Number of responses by status and error code.
type ResponseCounts = BTreeMap<(u16, String), usize>;

async fn attack(client: Client, next: Arc<AtomicUsize>) -> ResponseCounts {
    let mut counts = ResponseCounts::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= REQUESTS {
            return counts;
        }
        let response = send_code(&client, &address(n), &british_number(n)).await;
        let code = response.body["code"].as_str().unwrap_or("sent").to_owned();
        *counts.entry((response.status, code)).or_default() += 1;
    }
}

/// Signs up with a phone number of another region after `requests` requests of the attack, and before its end.
async fn sign_up(server: &TestServer, phone: &str, attack: &AtomicUsize, requests: usize) {
    let deadline = Instant::now() + DEADLINE;
    while attack.load(Ordering::Relaxed) < requests {
        assert!(Instant::now() < deadline, "the attack did not send {requests} requests in time");
        tokio::task::yield_now().await;
    }
    let client = server.client(1);
    let sent = send_code(&client, "192.0.2.77", phone).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let signed_in = client.finish_sign_up(&sent.field("ticket"), &server.sms.code_for(phone).unwrap()).await;
    assert_eq!(client.me(&signed_in.field("access_token")).await.status, 200);
    assert!(attack.load(Ordering::Relaxed) < REQUESTS, "the attack ended before the sign-up");
}

/// Signs in by code with an existing account of the region whose budget is exhausted.
async fn sign_in(server: &TestServer, phone: &str) {
    let client = server.client(0);
    let captcha = post(&client, "192.0.2.78", "/v1/captchas", &json!({})).await;
    let body = json!({"phone_number": phone, "captcha_id": captcha.field("captcha_id"), "captcha_answer": BYPASS});
    let before = server.sms.messages_for(phone).len();
    let sent = post(&client, "192.0.2.78", "/v1/login/send-code", &body).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let body = json!({"ticket": sent.field("ticket"), "code": server.next_code(phone, before).await});
    let signed_in = post(&client, "192.0.2.78", "/v1/login/verify-code", &body).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
}

/// Writes the counts to standard output directly, because the test harness hides the output of a test that succeeds.
pub fn print<K: Debug>(title: &str, counts: &BTreeMap<K, usize>) {
    let lines = counts.iter().map(|(response, count)| format!("{count:>6}  {response:?}\n"));
    std::io::stdout().write_all(format!("{title}\n{}", lines.collect::<String>()).as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_requests_send_exactly_the_budget_of_messages() {
    let server = TestServer::new().await;
    let existing_account = "+447400900001";
    sign_up(&server, existing_account, &AtomicUsize::new(0), 0).await;
    redis::advance(&server.redis, Duration::from_secs(86_400));
    let (requests, started) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut attackers = JoinSet::new();
    for n in 0..CLIENTS {
        attackers.spawn(attack(server.client(n), Arc::clone(&requests)));
    }
    for (phone, after) in [("+8613800138000", 1_000), ("+8613800138001", 3_000)] {
        sign_up(&server, phone, &requests, after).await;
    }
    let mut counts = ResponseCounts::new();
    for (response, count) in attackers.join_all().await.into_iter().flatten() {
        *counts.entry(response).or_default() += count;
    }
    print(&format!("{REQUESTS} requests by {CLIENTS} clients in {} s:", started.elapsed().as_secs()), &counts);

    assert_eq!(counts.values().sum::<usize>(), REQUESTS);
    assert_eq!(counts.remove(&(200, "sent".to_owned())), Some(BUDGET));
    for (status, code) in counts.keys() {
        assert!(EXPECTED_ERRORS.contains(&(*status, code)), "{status} {code}");
    }
    assert!(counts.contains_key(&(503, "sms_region_suspended".to_owned())));
    assert_eq!(server.sms.accepted(), BUDGET + 3, "the budget and the messages of three sign-ups");
    assert_eq!(server.sms.requests(), BUDGET + 3, "the provider got other requests");
    for (name, count) in [
        ("sms-unverified-region:GB", Some(BUDGET)),
        ("sms-region-hour:GB", Some(BUDGET)),
        ("sms-unverified-region:CN", None),
        ("sms-region-hour:CN", Some(2)),
        ("sms-hour:", Some(BUDGET + 2)),
        ("sms-day:", Some(BUDGET + 2)),
    ] {
        assert_eq!(server.shared_count(name), count, "{name}");
    }
    sign_in(&server, existing_account).await;
    assert!(server.log_lines_with("sms quota 80 % used").await > 0);
    // One of two regions can use up the hour of both.
    assert_eq!(server.log_lines_with("setting needs attention").await, 2, "one line of each process");
    assert!(server.log_lines_with("sms region budget exhausted").await > 0);
    assert_eq!(redis::without_expiry(&server.redis), Vec::<String>::new());
}

#[test]
fn check_config_names_budgets_that_contradict_each_other() {
    let check = |settings: &[(&str, &str)]| Folder::new().run(&["check-config"], settings);
    let output = check(&[("PHONE_REGIONS", "CN,GB"), ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "146")]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    for name in ["SMS_BUDGET_REGION_HOUR: 600", "SMS_BUDGET_REGION_UNVERIFIED_HOUR: 3504"] {
        assert!(output.stderr.contains(name), "{name} in {}", output.stderr);
    }
    assert!(!check(&[]).stderr.contains("SMS_BUDGET"));
}

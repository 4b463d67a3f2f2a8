//! SMS pumping, played against the program: who earns by messages to one country has numbers and addresses without end there, and
//! captchas solved for him. docs/attack.md has the figures of a run; each run prints its own.

use crate::client::{Answer, BYPASS, Client};
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use crate::servers::empty_database;
use crate::support::cloopen::{ACCOUNT_SID, APP_ID, AUTH_TOKEN, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID};
use crate::support::redis;
use deadpool_redis::redis::cmd;
use doorstep::adapters::system::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const REQUESTS: usize = 10_000;
const CLIENTS: usize = 64;
/// Each is asked four times, by requests that come at about the same time.
const ADDRESSES: usize = 900;
/// One request in ten comes from here: somebody else who cannot be stopped.
const BUSY_ADDRESS: &str = "198.51.100.7";
/// Codes to one region that nobody enters: the default of `SMS_BUDGET_REGION_UNVERIFIED_HOUR`.
const BUDGET: usize = 300;

/// What a refusal of the attack may say.
const REFUSALS: [(u16, &str); 4] =
    [(429, "resend_cooldown"), (429, "phone_limit_reached"), (429, "too_many_requests"), (503, "sms_region_suspended")];

/// Two processes on one Redis and one PostgreSQL, behind a load balancer that tells whose requests it passes on.
struct TestServer {
    sms: FakeCloopen,
    redis: String,
    processes: [(Doorstep, Client); 2],
    _folder: Folder,
}

impl TestServer {
    async fn new() -> Self {
        let (folder, redis, database) = (Folder::new(), redis::url(), empty_database());
        let sms = FakeCloopen::start(Arc::new(SystemClock));
        let vars = [
            ("REDIS_URL", redis.as_str()),
            ("DATABASE_URL", &database),
            ("MIGRATE_ON_START", "true"),
            ("TRUSTED_PROXIES", "127.0.0.0/8"),
            ("PHONE_REGIONS", "CN,GB"),
            ("CAPTCHA_STYLE", "arithmetic"),
            // He has machines that solve it.
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
        ];
        // In one folder, which holds the keys that they share.
        let processes = [folder.serve(&vars).await, folder.serve(&vars).await];
        Self { sms, redis, processes, _folder: folder }
    }

    fn client(&self, n: usize) -> Client {
        self.processes[n % 2].1.clone()
    }

    /// How far a counter of the whole house is.
    fn counted(&self, name: &str) -> Option<usize> {
        cmd("GET").arg(format!("limit:{{shared}}:{name}")).query(&mut redis::connection(&self.redis)).unwrap()
    }

    fn logged(&self, words: &str) -> usize {
        let lines =
            |(process, _): &(Doorstep, Client)| process.output().iter().filter(|line| line.contains(words)).count();
        self.processes.iter().map(lines).sum()
    }
}

async fn post(client: &Client, address: &str, path: &str, body: &Value) -> Answer {
    client.send(client.request(Method::POST, path).header("x-forwarded-for", address).json(body)).await
}

/// Solves a captcha and asks for a code.
async fn ask(client: &Client, address: &str, phone: &str) -> Answer {
    let captcha = post(client, address, "/v1/captchas", &json!({})).await;
    if captcha.status != 201 {
        return captcha;
    }
    let body = json!({"phone_number": phone, "captcha_id": captcha.field("captcha_id"), "captcha_answer": BYPASS});
    post(client, address, "/v1/register/send-code", &body).await
}

fn british(n: usize) -> String {
    format!("+447400{:06}", n / 4)
}

fn address(n: usize) -> String {
    if n.is_multiple_of(10) {
        return BUSY_ADDRESS.to_owned();
    }
    let n = n % ADDRESSES;
    format!("203.{}.{}.9", n / 256, n % 256)
}

/// How often each answer came.
type Answers = BTreeMap<(u16, String), usize>;

async fn bomb(client: Client, next: Arc<AtomicUsize>) -> Answers {
    let mut answers = Answers::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= REQUESTS {
            return answers;
        }
        let answer = ask(&client, &address(n), &british(n)).await;
        let code = answer.body["code"].as_str().unwrap_or("sent").to_owned();
        *answers.entry((answer.status, code)).or_default() += 1;
    }
}

/// Somebody of another region, once the attack is well under way: the whole way into the service.
async fn sign_up(server: &TestServer, phone: &str, begun: &AtomicUsize, from: usize) {
    let deadline = Instant::now() + DEADLINE;
    while begun.load(Ordering::Relaxed) < from {
        assert!(Instant::now() < deadline, "the attack does not begin");
        tokio::task::yield_now().await;
    }
    let client = server.client(1);
    let sent = ask(&client, "192.0.2.77", phone).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let signed_in = client.finish_sign_up(&sent.field("ticket"), &server.sms.code_for(phone).unwrap()).await;
    assert_eq!(client.me(&signed_in.field("access_token")).await.status, 200);
    assert!(begun.load(Ordering::Relaxed) < REQUESTS, "she came while it lasted");
}

/// Somebody of the region that is closed, who has had her account for long: she signs in by code.
async fn sign_in(server: &TestServer, phone: &str) {
    let client = server.client(0);
    let captcha = post(&client, "192.0.2.78", "/v1/captchas", &json!({})).await;
    let body = json!({"phone_number": phone, "captcha_id": captcha.field("captcha_id"), "captcha_answer": BYPASS});
    let before = server.sms.messages_for(phone).len();
    let sent = post(&client, "192.0.2.78", "/v1/login/send-code", &body).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let deadline = Instant::now() + DEADLINE;
    while server.sms.messages_for(phone).len() == before {
        assert!(Instant::now() < deadline, "no code came");
        tokio::task::yield_now().await;
    }
    let body = json!({"ticket": sent.field("ticket"), "code": server.sms.code_for(phone).unwrap()});
    let signed_in = post(&client, "192.0.2.78", "/v1/login/verify-code", &body).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
}

/// Past the harness, which keeps the words of a test that succeeds to itself.
fn tell(answers: &Answers, took: Duration) {
    let mut text = format!("{REQUESTS} requests by {CLIENTS} clients in {} s:\n", took.as_secs());
    for ((status, code), times) in answers {
        text.push_str(&format!("{times:>6}  {status} {code}\n"));
    }
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_send_what_the_budget_says_and_not_one_more() {
    let server = TestServer::new().await;
    let resident = "+447400900001";
    sign_up(&server, resident, &AtomicUsize::new(0), 0).await;
    redis::advance(&server.redis, Duration::from_secs(86_400));
    let (begun, started) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut bombers = JoinSet::new();
    for n in 0..CLIENTS {
        bombers.spawn(bomb(server.client(n), Arc::clone(&begun)));
    }
    for (phone, from) in [("+8613800138000", 1_000), ("+8613800138001", 5_000)] {
        sign_up(&server, phone, &begun, from).await;
    }
    let mut answers = Answers::new();
    for (answer, times) in bombers.join_all().await.into_iter().flatten() {
        *answers.entry(answer).or_default() += times;
    }
    tell(&answers, started.elapsed());

    assert_eq!(answers.values().sum::<usize>(), REQUESTS);
    assert_eq!(answers.remove(&(200, "sent".to_owned())), Some(BUDGET));
    for (status, code) in answers.keys() {
        assert!(REFUSALS.contains(&(*status, code)), "{status} {code}");
    }
    assert!(answers.contains_key(&(503, "sms_region_suspended".to_owned())));
    assert_eq!(server.sms.accepted(), BUDGET + 3, "and those of the three who signed up");
    assert_eq!(server.sms.requests(), BUDGET + 3, "nothing else reached the provider");
    for (name, count) in [
        ("sms-unverified-region:GB", Some(BUDGET)),
        ("sms-region-hour:GB", Some(BUDGET)),
        ("sms-unverified-region:CN", None),
        ("sms-region-hour:CN", Some(2)),
        ("sms-hour:", Some(BUDGET + 2)),
        ("sms-day:", Some(BUDGET + 2)),
    ] {
        assert_eq!(server.counted(name), count, "{name}");
    }
    sign_in(&server, resident).await;
    assert!(server.logged("sms quota 80 % used") > 0);
    assert!(server.logged("sms region budget exhausted") > 0);
    assert_eq!(redis::without_expiry(&server.redis), Vec::<String>::new());
}

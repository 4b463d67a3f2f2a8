//! Load on a server whose Redis fails.

use crate::client::{BYPASS, Client, Response};
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use serde_json::json;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// Clients that send requests at the same time.
const CLIENTS: usize = 4;
/// Requests of all clients at the same time: each sends two codes at once.
pub const IN_FLIGHT: usize = 2 * CLIENTS;
/// Most codes that the server sends to all of them.
pub const BUDGET: usize = 80;
/// Longest time between the end of a fault and the first request of a series without errors.
const RECOVERY: Duration = Duration::from_secs(10);
/// Requests of such a series.
const SERIES: usize = 50;

/// Started server, whose limits allow the load until the budget is exhausted.
pub struct Server {
    pub doorstep: Doorstep,
    pub client: Client,
    pub folder: Folder,
}

/// Clients on threads of their own: a test may block while they send.
pub struct Load {
    runtime: Runtime,
    clients: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    next_phone: AtomicU32,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default, Clone)]
pub struct Counts {
    /// Responses other than 503.
    pub served: usize,
    /// Responses 503.
    pub unavailable: usize,
    /// Served responses since the last 503.
    series: usize,
    last_unavailable: Option<Instant>,
    /// Codes that were sent.
    pub sent: usize,
    /// Responses 429: the budget is exhausted.
    limited: usize,
    /// Captchas that were accepted twice.
    pub accepted_twice: usize,
    /// Responses that should not exist.
    wrong: Vec<String>,
}

impl Server {
    pub async fn start(redis_url: &str) -> Self {
        let folder = Folder::new();
        let doorstep = folder.start(&vars(redis_url, &BUDGET.to_string()));
        let client = Client::new(&doorstep.url());
        Self { doorstep, client, folder }
    }

    pub async fn ready(redis_url: &str) -> Self {
        let server = Self::start(redis_url).await;
        server.client.wait_for_readiness("ready").await;
        server
    }

    /// Sends requests until the log names this cause of an outage.
    pub async fn wait_for_cause(&self, cause: &str) {
        let start = Instant::now();
        while self.causes(cause).await == 0 {
            self.client.post("/v1/captchas", json!({})).await;
            assert!(start.elapsed() < DEADLINE, "no {cause:?}: {:?}", self.doorstep.output());
        }
    }

    /// Number of log lines about an outage with this cause.
    pub async fn causes(&self, cause: &str) -> usize {
        let names = |line: &&String| line.contains("redis unavailable") && line.contains(cause);
        self.doorstep.output_until_now().await.iter().filter(names).count()
    }

    /// Waits until requests succeed, and asserts that this takes at most [`RECOVERY`].
    pub async fn assert_recovers(&self) {
        let start = Instant::now();
        while self.client.post("/v1/captchas", json!({})).await.status != 201 {
            assert!(start.elapsed() < RECOVERY, "no recovery: {:?}", self.doorstep.output());
        }
        self.client.wait_for_readiness("ready").await;
        assert!(start.elapsed() < RECOVERY, "not ready in time");
    }
}

fn vars<'a>(redis_url: &'a str, budget: &'a str) -> [(&'a str, &'a str); 12] {
    [
        ("REDIS_URL", redis_url),
        ("PROOF_OF_WORK", "off"),
        ("SMS_BUDGET_RESERVED_PERCENT", "0"),
        ("SMS_BUDGET_HOUR", "100000"),
        ("SMS_BUDGET_DAY", "1000000"),
        ("SMS_BUDGET_REGION_HOUR", "100000"),
        ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "100000"),
        ("LIMIT_IP_CAPTCHAS", "1000000"),
        ("LIMIT_IP_SENDS", budget),
        ("LIMIT_IP_PHONES_HOUR", "1000000"),
        ("LIMIT_IP_UNVERIFIED_HOUR", "1000000"),
        ("WORKERS", "2"),
    ]
}

impl Load {
    pub fn start(client: &Client) -> Self {
        let shared = Arc::new(Shared::default());
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn_on(send_requests(Client::new(client.url()), Arc::clone(&shared)), runtime.handle());
        }
        Self { runtime, clients, shared }
    }

    pub fn counts(&self) -> Counts {
        self.shared.counts.lock().unwrap().clone()
    }

    /// Waits until a condition on the counts is true.
    pub async fn wait_for(&self, what: &str, condition: impl Fn(&Counts) -> bool) {
        let start = Instant::now();
        while !condition(&self.counts()) {
            assert!(start.elapsed() < DEADLINE, "not in time: {what}: {:?}", self.counts());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for a series without errors, and asserts that it began at most [`RECOVERY`] after the end of the fault.
    /// Waits until the budget is exhausted: its counter has survived the fault. Ends the load, and returns its counts.
    pub async fn end_after(mut self, fault: Instant) -> Counts {
        self.wait_for("series without errors", |counts| counts.series >= SERIES && counts.limited > 0).await;
        self.shared.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        self.runtime.shutdown_background();
        let counts = self.shared.counts.lock().unwrap().clone();
        let took = counts.last_unavailable.map_or(Duration::ZERO, |last| last.saturating_duration_since(fault));
        std::io::stdout().write_all(format!("recovery {took:?}: {counts:?}\n").as_bytes()).unwrap();
        assert!(took < RECOVERY, "{took:?}: {counts:?}");
        assert!(counts.wrong.is_empty(), "{counts:?}");
        counts
    }
}

/// Requests a captcha, and uses it for two phones at the same time, again and again.
async fn send_requests(client: Client, shared: Arc<Shared>) {
    while !shared.is_over.load(Ordering::Relaxed) {
        let captcha = client.post("/v1/captchas", json!({})).await;
        shared.count(&captcha);
        if captcha.status != 201 {
            continue;
        }
        let id = captcha.field("captcha_id");
        let send = async || {
            let phone = format!("+8613{:09}", shared.next_phone.fetch_add(1, Ordering::Relaxed));
            let body = json!({"phone_number": phone, "captcha_id": id, "captcha_answer": BYPASS});
            let response = client.post("/v1/register/send-code", body).await;
            shared.count(&response);
            response.status == 200
        };
        let (first, second) = tokio::join!(send(), send());
        let mut counts = shared.counts.lock().unwrap();
        counts.sent += usize::from(first) + usize::from(second);
        counts.accepted_twice += usize::from(first && second);
    }
}

impl Shared {
    fn count(&self, response: &Response) {
        let mut counts = self.counts.lock().unwrap();
        let may_retry = response.body["code"] == "dependency_unavailable" && response.body["retry_after"].is_number();
        match response.status {
            503 if may_retry => {
                counts.unavailable += 1;
                counts.series = 0;
                counts.last_unavailable = Some(Instant::now());
            }
            200..500 => {
                counts.served += 1;
                counts.series += 1;
                counts.limited += usize::from(response.status == 429);
            }
            _ => counts.wrong.push(format!("{response:?}")),
        }
    }
}

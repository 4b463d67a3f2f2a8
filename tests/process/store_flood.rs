//! Floods of the program from one IPv6 /48: each request comes from another /64 and has another `Idempotency-Key`.
//! Redis must not fill. docs/attack.md has the figures of one full run; each run prints its own.

use crate::client::{Client, PASSWORD};
use crate::databases::empty_database;
use crate::doorstep::{Doorstep, Folder};
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::cmd;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 64;

/// End of the flood of one endpoint, and the memory that it may cost.
#[derive(Clone, Copy)]
struct Bounds {
    requests: usize,
    duration: Duration,
    growth: usize,
}

/// Body of a request, by its number.
type MakeBody = Box<dyn Fn(usize) -> Value + Send + Sync>;

struct Flood {
    client: Client,
    path: &'static str,
    body: MakeBody,
    bounds: Bounds,
    started: Instant,
    next: AtomicUsize,
}

/// Number of responses by status and error code.
type ResponseCounts = BTreeMap<(u16, String), usize>;

/// Address in one of the 65,536 /64s of a /48, each in turn in an order that looks random.
fn address(n: usize) -> String {
    format!("2001:db8:77:{:x}::1", n * 40_503 % 65_536)
}

impl Flood {
    /// Sends one request after the other.
    async fn send_requests(self: Arc<Self>) -> ResponseCounts {
        let mut counts = ResponseCounts::new();
        loop {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            if n >= self.bounds.requests || self.started.elapsed() >= self.bounds.duration {
                return counts;
            }
            let request = self.client.request(Method::POST, self.path).json(&(self.body)(n));
            let request = request.header("x-forwarded-for", address(n)).header("idempotency-key", format!("key-{n}"));
            let response = self.client.send(request).await;
            let code = response.body["code"].as_str().unwrap_or("done").to_owned();
            *counts.entry((response.status, code)).or_default() += 1;
        }
    }
}

struct Server {
    redis: OwnRedis,
    client: Client,
    _doorstep: Doorstep,
    folder: Folder,
}

impl Server {
    async fn new() -> Self {
        let (folder, redis, database) = (Folder::new(), OwnRedis::new(), empty_database());
        let vars = [
            ("REDIS_URL", &*redis.url()),
            ("DATABASE_URL", &database),
            ("MIGRATE_ON_START", "true"),
            ("TRUSTED_PROXIES", "127.0.0.0/8"),
            // The lines of the requests would fill the memory of this test.
            ("LOG", "error,doorstep::app=info"),
        ];
        let (doorstep, client) = folder.serve(&vars).await;
        Self { redis, client, _doorstep: doorstep, folder }
    }

    /// Bytes of the memory of Redis: now, and at most since its start.
    fn memory(&self) -> (usize, usize) {
        let info: String = cmd("INFO").arg("memory").query(&mut redis::connection(&self.redis.url())).unwrap();
        let field = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().parse().unwrap()
        };
        (field("used_memory:"), field("used_memory_peak:"))
    }

    async fn flood(&self, path: &'static str, body: MakeBody, bounds: Bounds) {
        let before = self.memory().0;
        let next = AtomicUsize::new(0);
        let flood = Arc::new(Flood { client: self.client.clone(), path, body, bounds, started: Instant::now(), next });
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            connections.spawn(Arc::clone(&flood).send_requests());
        }
        let mut counts = ResponseCounts::new();
        for (response, count) in connections.join_all().await.into_iter().flatten() {
            *counts.entry(response).or_default() += count;
        }
        let (now, peak) = self.memory();
        let (growth, peak) = (now.saturating_sub(before), peak.saturating_sub(before));
        print(path, &counts, flood.started.elapsed(), growth, peak);
        assert!(peak < bounds.growth, "{path}: Redis grew by {growth} bytes, {peak} at most");
        assert_eq!(redis::without_expiry(&self.redis.url()), Vec::<String>::new());
    }
}

/// Writes to standard output directly, because the test harness hides the output of a test that succeeds.
fn print(path: &str, counts: &ResponseCounts, duration: Duration, growth: usize, peak: usize) {
    let requests: usize = counts.values().sum();
    let mut text = format!(
        "{path}: {requests} requests in {:.1} s, Redis +{} kB, at most +{} kB\n",
        duration.as_secs_f64(),
        growth / 1_000,
        peak / 1_000
    );
    for ((status, code), count) in counts {
        text.push_str(&format!("{count:>8}  {status} {code}\n"));
    }
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

/// Floods every endpoint that a client can call without limit, and the sign-in.
async fn flood_every_endpoint(bounds: Bounds, sign_ins: usize) {
    let server = Server::new().await;
    let user = server.client.sign_up(&server.folder, "+8613800138000").await;
    let status = json!({"ticket": server.client.send_code("+8613800138001").await.field("ticket")});
    let refresh = json!({"refresh_token": user.field("refresh_token")});
    server.flood("/v1/register/status", Box::new(move |_| status.clone()), bounds).await;
    server.flood("/v1/token/refresh", Box::new(move |_| refresh.clone()), bounds).await;
    server.flood("/v1/captchas", Box::new(|_| json!({})), bounds).await;
    let login = |n| json!({"phone_number": format!("+86139{n:08}"), "password": PASSWORD});
    server.flood("/v1/login", Box::new(login), Bounds { requests: sign_ins, ..bounds }).await;
}

/// Half a megabyte for 1,000 requests: stored responses to the status would take 0.7 MB, stored captchas 9 MB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_from_one_48_do_not_fill_redis() {
    let bounds = Bounds { requests: 1_000, duration: Duration::from_secs(60), growth: 500_000 };
    flood_every_endpoint(bounds, 150).await;
}

/// The full run: `cargo test --test process -- --ignored a_minute_of_requests`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes four minutes"]
async fn a_minute_of_requests_from_one_48_does_not_fill_redis() {
    let bounds = Bounds { requests: usize::MAX, duration: Duration::from_secs(60), growth: 64_000_000 };
    flood_every_endpoint(bounds, usize::MAX).await;
}

//! Rolling restarts behind the configurations of `deploy/`: no request fails.

use crate::client::Client;
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use crate::proxy::Proxy;
use crate::support::process::free_ports;
use reqwest::{RequestBuilder, StatusCode};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Maximum number of requests in flight: a busy machine gets fewer requests, and runs out of nothing.
const MAX_IN_FLIGHT: usize = 64;

/// Two replicas of one service, with their addresses.
struct Replicas {
    addresses: [String; 2],
    running: [(Doorstep, Folder); 2],
    delay: &'static str,
}

/// Requests at a constant rate, on a thread of their own.
struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Counts>,
}

struct Counts {
    requests: usize,
    failures: Vec<String>,
}

impl Replicas {
    async fn start(delay: &'static str) -> Self {
        let addresses = free_ports::<2>().map(|port| format!("127.0.0.1:{port}"));
        let [first, second] = &addresses;
        let running = tokio::join!(Self::start_one(first, delay), Self::start_one(second, delay)).into();
        Self { addresses, running, delay }
    }

    async fn start_one(address: &str, delay: &str) -> (Doorstep, Folder) {
        let folder = Folder::new();
        let settings = [
            ("BIND", address),
            ("SHUTDOWN_DELAY_SECONDS", delay),
            ("TRUSTED_PROXIES", "127.0.0.1/32"),
            ("LOG", "warn"),
        ];
        let doorstep = folder.start(&settings);
        Client::new(&format!("http://{address}")).wait_for_start().await;
        (doorstep, folder)
    }

    /// Restarts one replica, as an orchestrator does: SIGTERM, wait for the end, start, wait for the readiness.
    async fn restart(&mut self, index: usize) {
        self.running[index].0.signal("TERM");
        let address = &self.addresses[index];
        // The proxy must notice.
        Client::new(&format!("http://{address}")).wait_for_readiness(503).await;
        self.running[index].0.wait_for_end().await;
        self.running[index] = Self::start_one(address, self.delay).await;
    }
}

impl Load {
    /// Sends this number of POST requests each second.
    fn start(proxy: &str, rate: u32) -> Self {
        let (stop, url) = (Arc::new(AtomicBool::new(false)), format!("http://{proxy}/v1/token/refresh"));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(send(&url, rate, &stopped))
        });
        Self { stop, thread }
    }

    fn finish(self) -> Counts {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

async fn send(url: &str, rate: u32, stop: &AtomicBool) -> Counts {
    let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let (mut ticks, mut requests) = (interval(Duration::from_secs(1) / rate), JoinSet::new());
    let in_flight = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let place = Arc::clone(&in_flight).acquire_owned().await.unwrap();
        let request = http.post(url).header("Content-Type", "application/json").body(r#"{"refresh_token":"x"}"#);
        requests.spawn(async move {
            let _place = place;
            failure(request).await
        });
    }
    let outcomes = requests.join_all().await;
    Counts { requests: outcomes.len(), failures: outcomes.into_iter().flatten().collect() }
}

/// Sends a request that every replica refuses, because nobody has this token. Returns how it failed otherwise.
async fn failure(request: RequestBuilder) -> Option<String> {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Some(format!("{error:?}")),
    };
    let status = response.status();
    let read = response.bytes().await;
    (status != StatusCode::UNAUTHORIZED || read.is_err()).then(|| format!("{status} {read:?}"))
}

async fn no_request_fails(proxy: impl AsyncFnOnce([&str; 2]) -> Proxy, rounds: usize, rate: u32, delay: &'static str) {
    let mut replicas = Replicas::start(delay).await;
    let [first, second] = replicas.addresses.clone();
    let proxy = proxy([&first, &second]).await;
    let load = Load::start(&proxy.address, rate);
    for _ in 0..rounds {
        replicas.restart(0).await;
        replicas.restart(1).await;
    }
    let Counts { requests, failures } = load.finish();
    std::io::stdout().write_all(format!("{requests} requests, {} failed\n", failures.len()).as_bytes()).unwrap();
    assert!(requests > 100, "{requests} requests");
    let first: Vec<_> = failures.iter().take(3).collect();
    assert!(failures.is_empty(), "{} of {requests} failed: {first:#?}\n{}", failures.len(), proxy.log());
}

#[actix_web::test]
async fn no_request_fails_behind_nginx() {
    no_request_fails(Proxy::nginx, 1, 100, "3").await;
}

#[actix_web::test]
async fn no_request_fails_behind_haproxy() {
    no_request_fails(Proxy::haproxy, 1, 100, "3").await;
}

#[actix_web::test]
#[ignore = "takes five minutes"]
async fn no_request_fails_in_20_rounds_behind_nginx() {
    no_request_fails(Proxy::nginx, 20, 250, "5").await;
}

#[actix_web::test]
#[ignore = "takes five minutes"]
async fn no_request_fails_in_20_rounds_behind_haproxy() {
    no_request_fails(Proxy::haproxy, 20, 250, "5").await;
}

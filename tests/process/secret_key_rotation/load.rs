//! Clients that sign up and refresh all the time, each request at any replica.

use super::replicas::{Replicas, To};
use super::{new_address, new_phone, session_of};
use crate::doorstep::DEADLINE;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// Clients on a thread of their own: the test blocks while a replica stops.
pub struct Load {
    runtime: Runtime,
    clients: JoinSet<()>,
    is_over: Arc<AtomicBool>,
    journeys: Arc<AtomicUsize>,
}

impl Load {
    pub fn start(replicas: &Arc<Replicas>) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (mut clients, is_over, journeys) = (JoinSet::new(), Arc::default(), Arc::default());
        for _ in 0..2 {
            let client = repeat_journeys(Arc::clone(replicas), Arc::clone(&is_over), Arc::clone(&journeys));
            clients.spawn_on(client, runtime.handle());
        }
        Self { runtime, clients, is_over, journeys }
    }

    /// Waits until this number of further journeys has ended.
    pub async fn wait_for_journeys(&self, more: usize) {
        let ended = || self.journeys.load(Ordering::Relaxed);
        let (enough, start) = (ended() + more, Instant::now());
        while ended() < enough {
            assert!(start.elapsed() < DEADLINE, "a client has failed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends the load. Panics if a client has failed.
    pub async fn end(mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        self.runtime.shutdown_background();
    }
}

async fn repeat_journeys(replicas: Arc<Replicas>, is_over: Arc<AtomicBool>, journeys: Arc<AtomicUsize>) {
    while !is_over.load(Ordering::Relaxed) {
        make_journey(&replicas).await;
        journeys.fetch_add(1, Ordering::Relaxed);
    }
}

/// Signs up. The first request is sent to both replicas at the same time with the same key, and takes effect once.
async fn make_journey(replicas: &Replicas) {
    let (phone, address) = (new_phone(), new_address());
    let (body, key) = (replicas.send_code_body(To::Any, &address, &phone).await, [("idempotency-key", phone.as_str())]);
    let send = || replicas.post(To::Any, &address, "/v1/register/send-code", &key, &body);
    let (one, other) = tokio::join!(send(), send());
    let mut tickets = Vec::new();
    for mut sent in [one, other] {
        while sent.body["code"] == "request_in_progress" {
            sent = send().await;
        }
        assert_eq!(sent.status, 200, "{sent:?}");
        tickets.push(sent.field("ticket"));
    }
    assert_eq!(tickets[0], tickets[1]);
    let ticket = &tickets[0];
    let code = replicas.codes(&phone, 1).await.remove(0);
    let body = json!({"ticket": ticket, "code": code});
    let verified = replicas.post(To::Any, &address, "/v1/register/verify-code", &[], &body).await;
    assert_eq!(verified.status, 200, "{verified:?}");
    let profile = json!({"ticket": ticket, "nickname": "小明"});
    let signed_in = replicas.post(To::Any, &address, "/v1/register/submit-profile", &[], &profile).await;
    let mut session = session_of(&signed_in);
    session.refresh(replicas, To::Any).await;
    session.refresh(replicas, To::Any).await;
    assert_eq!(replicas.codes_so_far(&phone).len(), 1, "one message");
}

//! The stores, each with a time that a test can advance.

use crate::support::redis::cluster::{self, OwnCluster};
use crate::support::redis::{self, OwnRedis, sentinel};
use chrono::{DateTime, Utc};
use doorstep::adapters::staging::memory::MemoryStaging;
use doorstep::adapters::staging::redis::RedisStaging;
use doorstep::ports::{Clock, Staging};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Threads that use a Redis store: those of the runtime of a test.
const THREADS: usize = 4;

/// Store whose time a test can advance.
pub(super) trait Harness {
    fn store(&self) -> Arc<dyn Staging>;
    fn advance(&self, by: Duration);
}

pub(super) struct Memory {
    store: Arc<MemoryStaging>,
    clock: Arc<TestClock>,
}

struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl Memory {
    pub(super) fn new() -> Self {
        let clock = Arc::new(TestClock(Mutex::new("2026-11-20T12:00:00Z".parse().unwrap())));
        Self { store: Arc::new(MemoryStaging::new(clock.clone())), clock }
    }
}

impl Harness for Memory {
    fn store(&self) -> Arc<dyn Staging> {
        self.store.clone()
    }

    fn advance(&self, by: Duration) {
        *self.clock.0.lock().unwrap() += by;
    }
}

/// Store in Redis. The tests of a cluster run one after the other.
pub(super) struct Redis {
    pub(super) store: Arc<RedisStaging>,
    /// URL of the server, or of one primary.
    pub(super) url: String,
    /// URLs of further primaries.
    others: Vec<String>,
    _cluster: Option<MutexGuard<'static, OwnCluster>>,
}

impl Redis {
    pub(super) fn new() -> Self {
        let url = redis::url();
        Self { store: store(&url), url, others: Vec::new(), _cluster: None }
    }

    pub(super) fn with_sentinels() -> Self {
        let (sentinels, url) = sentinel::urls();
        Self { store: store(&sentinels), url, others: Vec::new(), _cluster: None }
    }

    pub(super) fn with_cluster() -> Self {
        let cluster = cluster::empty();
        let mut urls: Vec<_> = cluster.nodes.iter().map(OwnRedis::url).collect();
        Self { store: store(&cluster.url()), url: urls.remove(0), others: urls, _cluster: Some(cluster) }
    }

    fn urls(&self) -> impl Iterator<Item = &String> {
        [&self.url].into_iter().chain(&self.others)
    }

    pub(super) fn assert_every_key_expires(&self) {
        self.urls().for_each(|url| assert_eq!(redis::without_expiry(url), Vec::<String>::new()));
    }
}

fn store(url: &str) -> Arc<RedisStaging> {
    Arc::new(RedisStaging::connect(url, THREADS).unwrap())
}

impl Harness for Redis {
    fn store(&self) -> Arc<dyn Staging> {
        self.store.clone()
    }

    fn advance(&self, by: Duration) {
        self.assert_every_key_expires();
        self.urls().for_each(|url| redis::advance(url, by));
    }
}

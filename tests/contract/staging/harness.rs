//! Both stores, each with a time that a test can advance.

use crate::support::redis;
use chrono::{DateTime, Utc};
use doorstep::adapters::staging::memory::MemoryStaging;
use doorstep::adapters::staging::redis::RedisStaging;
use doorstep::ports::{Clock, Staging};
use std::sync::{Arc, Mutex};
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

pub(super) struct Redis {
    pub(super) store: Arc<RedisStaging>,
    pub(super) url: String,
}

impl Redis {
    pub(super) fn new() -> Self {
        let url = redis::url();
        Self { store: Arc::new(RedisStaging::connect(&url, THREADS).unwrap()), url }
    }

    pub(super) fn assert_every_key_expires(&self) {
        assert_eq!(redis::without_expiry(&self.url), Vec::<String>::new());
    }
}

impl Harness for Redis {
    fn store(&self) -> Arc<dyn Staging> {
        self.store.clone()
    }

    fn advance(&self, by: Duration) {
        self.assert_every_key_expires();
        redis::advance(&self.url, by);
    }
}

//! Watchdog: ends calls of libpq that hang, because their server or a machine in between accepts data and never
//! answers.

use doorstep_libpq::Socket;
use scheduled_thread_pool::{OnPoolDropBehavior, ScheduledThreadPool};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time between two looks at the running calls.
const PERIOD: Duration = Duration::from_millis(250);

pub(super) struct Watchdog {
    calls: Arc<Mutex<Calls>>,
    /// Thread that looks at the calls. It ends when this is dropped.
    _thread: ScheduledThreadPool,
}

/// Running calls by number: when each has to be over, and its socket.
#[derive(Default)]
struct Calls {
    next: u64,
    running: HashMap<u64, (Instant, Socket)>,
}

/// Call that is watched until this is dropped.
pub(super) struct Guard {
    calls: Arc<Mutex<Calls>>,
    number: u64,
}

impl Watchdog {
    pub fn start() -> Self {
        let calls = Arc::new(Mutex::new(Calls::default()));
        let thread = ScheduledThreadPool::builder()
            .num_threads(1)
            .thread_name_pattern("database-watchdog")
            .on_drop_behavior(OnPoolDropBehavior::DiscardPendingScheduled)
            .build();
        let watched = Arc::clone(&calls);
        thread.execute_at_fixed_rate(PERIOD, PERIOD, move || shut_down_overdue(&watched));
        Self { calls, _thread: thread }
    }

    /// Watches calls on this socket. After `limit`, the socket is shut down, and the call fails at once.
    pub fn watch(&self, socket: &Socket, limit: Instant) -> Guard {
        let mut calls = lock(&self.calls);
        let number = calls.next;
        calls.next += 1;
        calls.running.insert(number, (limit, socket.clone()));
        Guard { calls: Arc::clone(&self.calls), number }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        lock(&self.calls).running.remove(&self.number);
    }
}

fn shut_down_overdue(calls: &Mutex<Calls>) {
    let now = Instant::now();
    lock(calls).running.values().filter(|(limit, _)| *limit < now).for_each(|(_, socket)| socket.shut_down());
}

fn lock(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

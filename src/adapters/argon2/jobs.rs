//! Jobs that wait for a hashing thread.

use crate::adapters::fair_queue::FairQueue;
use crate::ports::fairness::Requester;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Fair queue between the requests and the threads.
pub(super) struct Jobs<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    waiting: FairQueue<J>,
    /// The hasher is dropped: the threads end.
    closed: bool,
}

impl<J> Jobs<J> {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { waiting: FairQueue::new(capacity), closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a job. If the queue is full, returns the job that it refuses, one of the longest line.
    #[must_use = "the caller of a refused job waits"]
    pub(super) fn push(&self, requester: Requester, job: J) -> Option<J> {
        let dropped = self.lock().waiting.push(requester, job).dropped;
        if dropped.is_none() {
            self.changed.notify_one();
        }
        dropped
    }

    /// Returns the next job if one waits.
    pub(super) fn try_next(&self) -> Option<J> {
        self.lock().waiting.pop()
    }

    /// Waits for the next job. Returns `None` after [`Jobs::close`], when no job is left.
    pub(super) fn next(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

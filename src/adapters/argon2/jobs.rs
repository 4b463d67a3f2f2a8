//! Jobs that wait for a hashing thread.

use super::worker::Worker;
use crate::adapters::fair_queue::FairQueue;
use crate::ports::fairness::Requester;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Computation on a thread. It gets `None` when the full queue refuses it.
pub(super) type Job = Box<dyn FnOnce(Option<&mut Worker>) + Send>;

/// Fair queue between the requests and the threads.
pub(super) struct Jobs {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: FairQueue<Job>,
    /// The hasher is dropped: the threads end.
    closed: bool,
}

impl Jobs {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { waiting: FairQueue::new(capacity), closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a job, or refuses one job of the longest line if the queue is full.
    pub(super) fn push(&self, requester: Requester, job: Job) {
        let dropped = self.lock().waiting.push(requester, job).dropped;
        match dropped {
            Some(job) => job(None),
            None => self.changed.notify_one(),
        }
    }

    /// Returns the next job if one waits.
    pub(super) fn try_next(&self) -> Option<Job> {
        self.lock().waiting.pop()
    }

    /// Waits for the next job. Returns `None` after [`Jobs::close`], when no job is left.
    pub(super) fn next(&self) -> Option<Job> {
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Lane for jobs that another transaction was in the way of: each runs alone in this process. Without it, jobs that
//! arrive later can win again and again, as long as many change one account.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest wait for each other. A job that hangs must not stop all others.
const WAIT: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Lane {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Number of running jobs outside the lane.
    outside: usize,
    /// Set while a job is in the lane, or waits for those outside.
    is_taken: bool,
    /// Number of jobs that wait. Without any, nobody is woken: that would be a system call for each job.
    waiting: usize,
}

/// Place of a running job, until this is dropped.
pub(super) struct Turn<'a> {
    lane: &'a Lane,
    is_inside: bool,
}

impl Lane {
    /// Starts the first attempt of a job. Waits for the job in the lane.
    pub fn outside(&self) -> Turn<'_> {
        let mut state = self.wait(self.lock(), |state| state.is_taken);
        state.outside += 1;
        Turn { lane: self, is_inside: false }
    }

    /// Starts a retry. Waits for an earlier retry, then for the jobs outside. Runs outside the lane if the wait is too
    /// long.
    pub fn inside(&self) -> Turn<'_> {
        let mut state = self.wait(self.lock(), |state| state.is_taken);
        if state.is_taken {
            state.outside += 1;
            return Turn { lane: self, is_inside: false };
        }
        state.is_taken = true;
        drop(self.wait(state, |state| state.outside > 0));
        Turn { lane: self, is_inside: true }
    }

    fn wait<'a>(&self, mut state: MutexGuard<'a, State>, condition: impl Fn(&State) -> bool) -> MutexGuard<'a, State> {
        state.waiting += 1;
        let waited = self.changed.wait_timeout_while(state, WAIT, |state| condition(state));
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.lock();
        if self.is_inside {
            state.is_taken = false;
        } else {
            state.outside -= 1;
        }
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.lane.changed.notify_all();
        }
    }
}

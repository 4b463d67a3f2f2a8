//! Log lines about outages: one at the beginning for each cause, one at the end.

use super::error::CallError;
use crate::ports::DependencyError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An outage ends with the first success after so long a time without an error: a full server still reads.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Outage {
    is_open: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    causes: Vec<String>,
    last_error: Option<Instant>,
}

impl Outage {
    /// Logs an error that is the first one with its cause since the beginning of the outage.
    pub(super) fn record_error(&self, cause: &CallError, error: &DependencyError) {
        if !matches!(error, DependencyError::Unavailable { .. }) {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last_error = Some(Instant::now());
        let cause = cause.cause();
        if !state.causes.iter().any(|known| known == cause) {
            state.causes.push(cause.to_owned());
            self.is_open.store(true, Ordering::Relaxed);
            tracing::warn!(%error, "redis unavailable");
        }
    }

    pub(super) fn record_success(&self) {
        if !self.is_open.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last_error.is_some_and(|at| at.elapsed() >= QUIET) {
            *state = State::default();
            self.is_open.store(false, Ordering::Relaxed);
            tracing::info!("redis available");
        }
    }
}

//! Phase of the process, and state of its dependencies.

use super::probe::SharedProbe;
use crate::ports::Dependency;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Phase in the life of a process. It never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The process is warming up, or a dependency has not responded yet.
    Starting,
    /// Every dependency has responded once.
    Ready,
    /// The process will stop soon: it serves, and should get no new connections.
    Draining,
}

/// Phase of the process, and last known state of its shared dependencies.
pub(super) struct Lifecycle {
    state: Mutex<State>,
    pub staging: SharedProbe,
    pub database: SharedProbe,
}

pub(super) struct State {
    pub phase: Phase,
    pub warm: bool,
    /// Dependencies that did not respond to their last probe.
    pub down: Vec<Dependency>,
}

impl Lifecycle {
    pub fn new() -> Self {
        let state = State { phase: Phase::Starting, warm: false, down: Vec::new() };
        Self { state: Mutex::new(state), staging: SharedProbe::new(), database: SharedProbe::new() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

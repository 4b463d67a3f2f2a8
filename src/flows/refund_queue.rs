//! Counters whose refunds wait.

use crate::domain::limits::Counter;
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// If the process dies they are lost: the counters count too much, never too little.
#[derive(Default)]
pub(super) struct RefundQueue {
    waiting: Mutex<Vec<Counter>>,
    /// Locked while refunds are on their way.
    pub sending: tokio::sync::Mutex<()>,
}

impl RefundQueue {
    /// Adds counters. Returns how many waited before, and how many wait now.
    pub fn push(&self, counters: Vec<Counter>) -> (usize, usize) {
        let mut waiting = self.waiting();
        let before = waiting.len();
        waiting.extend(counters);
        (before, waiting.len())
    }

    /// Returns all counters that wait, which then wait no longer.
    pub fn take(&self) -> Vec<Counter> {
        take(&mut *self.waiting())
    }

    /// Tells whether no refund waits, and none is on its way.
    pub fn is_idle(&self) -> bool {
        self.sending.try_lock().is_ok() && self.waiting().is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Counter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

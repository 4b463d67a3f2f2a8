//! Deferred refunds: those of many requests travel in one operation, a moment after the responses.

use super::refund::refund_counters;
use super::service::Service;
use crate::domain::limits::Counter;
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Delay of a refund. With the time that the store takes it is at most 100 ms (docs/adr/0016).
const DELAY: Duration = Duration::from_millis(50);
/// Counters of one operation. The store serves nothing else meanwhile: about 0.1 ms.
const BATCH: usize = 128;

/// Counters whose refunds wait. If the process dies they are lost: the counters count too much, never too little.
#[derive(Default)]
pub(super) struct DeferredRefunds {
    waiting: Mutex<Vec<Counter>>,
    /// Locked while refunds are on their way.
    sending: tokio::sync::Mutex<()>,
}

/// Refunds the counters after [`DELAY`], or as soon as a batch is complete.
pub(super) fn defer(service: &Service, counters: Vec<Counter>) {
    let (before, after) = service.deferred.push(counters);
    let (is_first, is_complete) = (before == 0 && after > 0, before < BATCH && after >= BATCH);
    if is_first || is_complete {
        let handle = service.clone();
        service.background.spawn(async move {
            if !is_complete {
                handle.background.sleep_until_finish(DELAY).await;
            }
            send(&handle).await;
        });
    }
}

/// Makes the waiting refunds now. Returns whether there were any.
pub(super) async fn flush(service: &Service) -> bool {
    let deferred = &service.deferred;
    let is_waiting = deferred.sending.try_lock().is_err() || !deferred.waiting().is_empty();
    if is_waiting {
        // A separate task: a client that disconnects must not lose the refunds of others.
        let handle = service.clone();
        drop(service.background.spawn(async move { send(&handle).await }).await);
    }
    is_waiting
}

async fn send(service: &Service) {
    let _turn = service.deferred.sending.lock().await;
    let counters = take(&mut *service.deferred.waiting());
    for batch in counters.chunks(BATCH) {
        refund_counters(service, batch.to_vec()).await;
    }
}

impl DeferredRefunds {
    /// Adds counters. Returns how many waited before, and how many wait now.
    fn push(&self, counters: Vec<Counter>) -> (usize, usize) {
        let mut waiting = self.waiting();
        let before = waiting.len();
        waiting.extend(counters);
        (before, waiting.len())
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Counter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

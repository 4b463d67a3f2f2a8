//! Deferred refunds: those of many requests travel in one operation, a moment after the responses.

use super::refund::refund_counters;
use super::service::Service;
use crate::domain::limits::Counter;
use std::time::Duration;

/// Delay of a refund. With the time that the store takes it is at most 100 ms (docs/adr/0016).
const DELAY: Duration = Duration::from_millis(50);
/// Counters of one operation. The store serves nothing else meanwhile: about 0.1 ms.
const BATCH: usize = 128;

/// Refunds the counters after [`DELAY`], or as soon as a batch is complete.
pub(super) fn defer(service: &Service, counters: Vec<Counter>) {
    let (before, after) = service.refunds.push(counters);
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
pub async fn flush(service: &Service) -> bool {
    if service.refunds.is_idle() {
        return false;
    }
    // A separate task: a client that disconnects must not lose the refunds of others.
    let handle = service.clone();
    drop(service.background.spawn(async move { send(&handle).await }).await);
    true
}

async fn send(service: &Service) {
    let _turn = service.refunds.sending.lock().await;
    for batch in service.refunds.take().chunks(BATCH) {
        refund_counters(service, batch.to_vec()).await;
    }
}

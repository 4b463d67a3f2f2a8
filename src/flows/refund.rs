//! Refunds: the outcome of a request decides which of its counters are refunded.

use super::service::Service;
use crate::domain::limits::{Counter, Refund};
use crate::ports::{DependencyError, REFUND_TTL};
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Interval of the checks whether the store answers again.
const CHECK: Duration = Duration::from_secs(1);
/// Time until the last check: two minutes, longer than a failover takes. Later the counters of most limits have
/// expired.
const LAST_CHECK: Duration = Duration::from_secs(120);
// The store remembers a refund until its last repetition has ended.
const _: () = assert!(LAST_CHECK.as_secs() + 10 < REFUND_TTL.as_secs());

/// Counters whose limits are refunded on this outcome.
pub(super) fn refundable(counters: &[Counter], outcome: Refund) -> Vec<Counter> {
    counters.iter().filter(|counter| counter.limit.is_refunded_on(outcome)).cloned().collect()
}

/// Refunds by the outcome. If the store does not answer, the refund follows when it does.
pub(super) async fn refund(service: &Service, counters: &[Counter], outcome: Refund) {
    let counters = refundable(counters, outcome);
    if !counters.is_empty() {
        refund_counters(service, counters).await;
    }
}

/// Refunds these counters. If the store does not answer, the refund follows when it does.
pub(super) async fn refund_counters(service: &Service, counters: Vec<Counter>) {
    let id = service.new_id();
    let act = move |service| refund_once(service, id, counters.clone());
    log_refund_error(now_or_when_available(service, act).await);
}

/// Refunds when the store answers again: a call that timed out may still be counted.
pub(super) fn refund_when_available(service: &Service, counters: Vec<Counter>) {
    let id = service.new_id();
    when_available(service, move |service| refund_once(service, id, counters.clone()));
}

async fn refund_once(service: Service, id: Uuid, counters: Vec<Counter>) -> Result<(), DependencyError> {
    service.ports.staging.refund(id, &counters).await
}

/// Runs `act` now and, if the store is unavailable, again when it answers ([`when_available`]). Returns the first
/// result.
pub(super) async fn now_or_when_available<Done>(
    service: &Service,
    act: impl Fn(Service) -> Done + Send + 'static,
) -> Result<(), DependencyError>
where
    Done: Future<Output = Result<(), DependencyError>> + Send,
{
    let done = act(service.clone()).await;
    if is_unavailable(&done) {
        when_available(service, act);
    }
    done
}

/// Runs `act` in the background, as soon as the store answers. Commands that were sent before are then done or lost.
/// If the store becomes unavailable again meanwhile, `act` runs again: its effect must not depend on how often.
pub(super) fn when_available<Done>(service: &Service, act: impl Fn(Service) -> Done + Send + 'static)
where
    Done: Future<Output = Result<(), DependencyError>> + Send,
{
    let (handle, until) = (service.clone(), Instant::now() + LAST_CHECK);
    service.background.spawn_until_finish(async move {
        while Instant::now() < until {
            tokio::time::sleep(CHECK).await;
            if handle.probe_staging().await.is_err() {
                continue;
            }
            let done = act(handle.clone()).await;
            if !is_unavailable(&done) {
                return log_refund_error(done);
            }
        }
    });
}

/// Tells whether the store may have executed a call that failed.
pub(super) const fn may_be_done<T>(result: &Result<T, DependencyError>) -> bool {
    matches!(result, Err(DependencyError::Unavailable { may_be_done: true, .. }))
}

const fn is_unavailable<T>(result: &Result<T, DependencyError>) -> bool {
    matches!(result, Err(DependencyError::Unavailable { .. }))
}

/// Logs the error. The counters expire by themselves.
pub(super) fn log_refund_error(result: Result<(), DependencyError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "refund failed");
    }
}

//! Refunds: the outcome of a request decides which of its counters are refunded.

use super::service::Service;
use crate::domain::limits::{Counter, Refund};
use crate::ports::DependencyError;
use std::future::Future;
use std::time::Duration;

/// Interval and number of the checks whether the store answers again: for two minutes, longer than a failover takes.
/// Later the counters of most limits have expired.
const CHECK: Duration = Duration::from_secs(1);
const CHECKS: u32 = 120;

/// Counters whose limits are refunded on this outcome.
pub(super) fn refundable(counters: &[Counter], outcome: Refund) -> Vec<Counter> {
    counters.iter().filter(|counter| counter.limit.is_refunded_on(outcome)).cloned().collect()
}

/// Refunds by the outcome. If the store does not answer, the refund follows when it does.
pub(super) async fn refund(service: &Service, counters: &[Counter], outcome: Refund) {
    let counters = refundable(counters, outcome);
    if counters.is_empty() {
        return;
    }
    let refunded = service.ports.staging.refund(&counters).await;
    if is_unavailable(&refunded) {
        refund_when_available(service, counters);
    }
    log_refund_error(refunded);
}

/// Refunds when the store answers again: a call that timed out may still be counted.
pub(super) fn refund_when_available(service: &Service, counters: Vec<Counter>) {
    when_available(service, |service| async move { service.ports.staging.refund(&counters).await });
}

/// Runs `act` once in the background, as soon as the store answers. Commands that were sent before are then done or
/// lost.
pub(super) fn when_available<Done>(service: &Service, act: impl FnOnce(Service) -> Done + Send + 'static)
where
    Done: Future<Output = Result<(), DependencyError>> + Send,
{
    let handle = service.clone();
    service.background.spawn_until_finish(async move {
        for _ in 0..CHECKS {
            tokio::time::sleep(CHECK).await;
            if handle.ports.staging.ping().await.is_ok() {
                return log_refund_error(act(handle.clone()).await);
            }
        }
    });
}

/// Tells whether the store may have executed a call that failed.
pub(super) const fn may_be_done<T>(result: &Result<T, DependencyError>) -> bool {
    matches!(result, Err(DependencyError::Unavailable { may_be_done: true, .. }))
}

pub(super) const fn is_unavailable<T>(result: &Result<T, DependencyError>) -> bool {
    matches!(result, Err(DependencyError::Unavailable { .. }))
}

/// Logs the error. The counters expire by themselves.
pub(super) fn log_refund_error(result: Result<(), DependencyError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "refund failed");
    }
}

//! Refunds: take back the counts of a request, depending on its outcome.

use super::service::Service;
use crate::domain::limits::{Counter, Refund};
use crate::ports::DependencyError;

/// Counters whose limits are refunded on this outcome.
pub(super) fn refundable(counters: &[Counter], outcome: Refund) -> Vec<Counter> {
    counters.iter().filter(|counter| counter.limit.is_refunded_on(outcome)).cloned().collect()
}

/// Refunds by the outcome. A failure is logged and not returned: the counters expire by themselves.
pub(super) async fn refund(service: &Service, counters: &[Counter], outcome: Refund) {
    let counters = refundable(counters, outcome);
    if !counters.is_empty() {
        log_refund_error(service.ports.staging.refund(&counters).await);
    }
}

pub(super) fn log_refund_error(result: Result<(), DependencyError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "refund failed");
    }
}

//! Abuse signal: active while a region is being pumped. Captchas then need proof of work.

use super::refund::log_refund_error;
use super::service::Service;
use crate::domain::flow::BudgetClass;
use crate::domain::limits::{Counter, Limit, Rule};
use crate::domain::phone::Region;
use crate::domain::policy::Demand;
use crate::ports::Counts;

/// Counter that denies captchas without proof of work while the signal is active.
pub(super) fn active() -> Counter {
    signal(1)
}

/// Counter that reads the signal when a message is reserved, and never denies. [`update`] needs the value.
pub(super) fn probe() -> Counter {
    signal(u32::MAX)
}

fn signal(threshold: u32) -> Counter {
    Counter { limit: Limit::AbuseSignal, key: String::new(), rule: Rule::Threshold(threshold) }
}

/// Activates the signal when the codes that were requested in a region and not verified reach half of its
/// unverified-code budget.
pub(super) async fn update(service: &Service, region: Region, class: BudgetClass, counts: &Counts) {
    let count = counts.get(Limit::region_requested(class));
    let max = service.policy.limits.region_quota(Limit::region_unverified(class), region).max;
    if u64::from(count) * 2 < u64::from(max) {
        return;
    }
    if counts.get(Limit::AbuseSignal) == 0 && service.policy.proof.demand == Demand::OnAbuseSignal {
        tracing::warn!(%region, count, max, "proof of work enabled");
    }
    activate(service).await;
}

/// Extends the signal when a budget of a region denies a message, because the attack continues.
pub(super) async fn extend_on_denial(service: &Service, limit: Limit) {
    if limit.entry().extends_abuse_signal {
        activate(service).await;
    }
}

async fn activate(service: &Service) {
    if service.policy.proof.demand == Demand::OnAbuseSignal {
        let ttl = service.policy.limits.quota(Limit::AbuseSignal).window;
        log_refund_error(service.ports.staging.set(&active(), ttl).await);
    }
}

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

/// Activates the signal when half of a region's unverified codes, or more, are requested and not verified; and when new
/// numbers have used half of a total, verified or not: an attacker may enter the codes.
pub(super) async fn update(service: &Service, region: Region, counters: &[Counter], counts: &Counts) {
    let half_used = |(limit, max): &(Limit, u32)| u64::from(counts.get(*limit)) * 2 >= u64::from(*max);
    let Some((limit, max)) = counters.iter().filter_map(indicator).find(half_used) else { return };
    if counts.get(Limit::AbuseSignal) == 0 && service.policy.proof.demand == Demand::OnAbuseSignal {
        let (limit, count) = (limit.name(), counts.get(limit));
        tracing::warn!(limit, %region, count, max, "proof of work enabled");
    }
    activate(service).await;
}

/// Budget whose use indicates an attack, and its maximum.
fn indicator(counter: &Counter) -> Option<(Limit, u32)> {
    let max = match &counter.rule {
        Rule::Count(quota) | Rule::Shared { class: BudgetClass::NewNumbers, quota, .. } => quota.max,
        _ => return None,
    };
    counter.limit.entry().is_budget().then_some((counter.limit, max))
}

/// Extends the signal when a budget of a region denies a send: the attack goes on.
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

//! Region blocks by the operator, and the usage of the SMS budgets. These functions need no [`super::Service`]: the
//! command runs in its own process, and every process reads the block when it reserves a message.

use crate::domain::flow::BudgetClass;
use crate::domain::limits::{Counter, Limit, Rule};
use crate::domain::phone::{Region, all_regions};
use crate::domain::policy::Policy;
use crate::ports::{Counters, DependencyError, Usage};
use std::time::Duration;

/// Key of the block of all regions.
pub const ALL: &str = "all";

/// Blocks messages to a region, or without one to all regions, for `ttl`. A later call replaces an earlier one.
pub async fn block(counters: &dyn Counters, region: Option<Region>, ttl: Duration) -> Result<(), DependencyError> {
    counters.set(&block_counter(region), ttl).await?;
    tracing::warn!(region = name(region), seconds = ttl.as_secs(), "sms region blocked");
    Ok(())
}

/// Ends a block; returns whether there was one. The block of all regions and that of one region are independent.
pub async fn allow(counters: &dyn Counters, region: Option<Region>) -> Result<bool, DependencyError> {
    let block = [block_counter(region)];
    let blocked = counters.usage(&block).await?.iter().any(|usage| usage.count > 0);
    counters.reset(&block).await?;
    tracing::warn!(region = name(region), blocked, "sms region unblocked");
    Ok(blocked)
}

/// Counter that is set while the operator blocks a region, or all regions.
pub(super) fn block_counter(region: Option<Region>) -> Counter {
    Counter { limit: Limit::RegionBlock, key: name(region), rule: Rule::Threshold(1) }
}

fn name(region: Option<Region>) -> String {
    region.map_or_else(|| ALL.to_owned(), |region| region.to_string())
}

/// Blocks and budgets.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    /// Remaining time of the block of all regions.
    pub all_blocked: Option<Duration>,
    /// Regions whose numbers may sign up, and every other region that is blocked or whose budgets are partly used, in
    /// the order of their codes.
    pub regions: Vec<RegionStatus>,
    pub hour: Spent,
    pub day: Spent,
}

#[derive(Debug, PartialEq, Eq)]
pub struct RegionStatus {
    pub region: Region,
    /// Remaining time of its block.
    pub blocked: Option<Duration>,
    pub hour: Spent,
    /// Unverified codes to new numbers.
    pub new_numbers: Spent,
    /// Unverified codes to existing accounts.
    pub accounts: Spent,
}

/// Used part of a budget, and the time until its window ends; zero if nothing is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub count: u32,
    pub max: u32,
    pub expires_in: Duration,
}

/// Reads all regions that exist, about 250: the store has no list of the regions that are in use.
pub async fn status(counters: &dyn Counters, policy: &Policy) -> Result<Status, DependencyError> {
    let limits = &policy.limits;
    let of_service = |limit| BudgetClass::ALL.map(|class| limits.class_counter(limit, class, ""));
    let service =
        [block_counter(None)].into_iter().chain([Limit::ServiceHour, Limit::ServiceDay].map(of_service).concat());
    let of_region = |region: &Region| {
        let of_class = |limit, class| limits.region_counter(limit, class, *region);
        let hour = BudgetClass::ALL.map(|class| of_class(Limit::RegionHour, class));
        let unverified = [
            of_class(Limit::RegionUnverified, BudgetClass::NewNumbers),
            of_class(Limit::RegionUnverifiedAccounts, BudgetClass::ExistingAccounts),
        ];
        [block_counter(Some(*region))].into_iter().chain(hour).chain(unverified)
    };
    let regions = all_regions();
    let all: Vec<_> = service.chain(regions.iter().flat_map(of_region)).collect();
    let mut usages = all.iter().zip(counters.usage(&all).await?).map(|(counter, usage)| Spent::new(counter, usage));
    // A shared budget has a counter for each class.
    let mut next = |counters| usages.by_ref().take(counters).fold(Spent::nothing(), Spent::plus);
    let classes = BudgetClass::ALL.len();
    let (all_blocked, hour, day) = (next(1).blocked(), next(classes), next(classes));
    let status_of = |region| RegionStatus {
        region,
        blocked: next(1).blocked(),
        hour: next(classes),
        new_numbers: next(1),
        accounts: next(1),
    };
    let relevant = |status: &RegionStatus| {
        let open = policy.regions.iter().any(|open| open == status.region);
        let used = [&status.hour, &status.new_numbers, &status.accounts].iter().any(|spent| spent.count > 0);
        open || status.blocked.is_some() || used
    };
    Ok(Status { all_blocked, regions: regions.into_iter().map(status_of).filter(relevant).collect(), hour, day })
}

impl Spent {
    const fn nothing() -> Self {
        Self { count: 0, max: 0, expires_in: Duration::ZERO }
    }

    const fn new(counter: &Counter, usage: Usage) -> Self {
        let max = match &counter.rule {
            Rule::Count(quota) | Rule::Shared { quota, .. } | Rule::Sliding(quota) => quota.max,
            Rule::Threshold(max) => *max,
            Rule::Cooldown { .. } => 1,
        };
        Self { count: usage.count, max, expires_in: usage.expires_in }
    }

    /// Use of one budget by several classes.
    fn plus(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            max: self.max.max(other.max),
            expires_in: self.expires_in.max(other.expires_in),
        }
    }

    /// Remaining time of a block.
    fn blocked(&self) -> Option<Duration> {
        (self.count >= self.max).then_some(self.expires_in).filter(|left| !left.is_zero())
    }
}

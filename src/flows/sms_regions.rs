//! The operator's switch: no codes to a region, or to any, until a time; and how much of the budgets is spent. It needs no
//! [`super::Service`]: a command throws it in a process of its own, and the next send of any process obeys.

use super::DependencyError;
use super::limits::{block as counter, day, hour, hour_of_region, unverified_of_region};
use crate::domain::flow::BudgetClass;
use crate::domain::phone::{Region, all_regions};
use crate::domain::policy::Policy;
use crate::ports::{Counter, Counters, Rule, Usage};
use std::time::Duration;

/// Lets no code go out to this region, or, without one, to any. A later call replaces an earlier one.
pub async fn block(counters: &dyn Counters, region: Option<Region>, life: Duration) -> Result<(), DependencyError> {
    counters.set(&counter(region), life).await?;
    tracing::warn!(region = name(region), seconds = life.as_secs(), "sms region blocked");
    Ok(())
}

/// Ends such a block; whether there was one. That of all regions and that of one are apart.
pub async fn allow(counters: &dyn Counters, region: Option<Region>) -> Result<bool, DependencyError> {
    let block = [counter(region)];
    let blocked = counters.usage(&block).await?.iter().any(|usage| usage.count > 0);
    counters.reset(&block).await?;
    tracing::warn!(region = name(region), blocked, "sms region unblocked");
    Ok(blocked)
}

/// What stands in place of a region's code where all are meant.
pub const ALL: &str = "all";

fn name(region: Option<Region>) -> String {
    region.map_or_else(|| ALL.to_owned(), |region| region.to_string())
}

/// What is blocked, and what is spent.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    /// How long no code goes out to any region.
    pub all_blocked: Option<Duration>,
    /// Those that may sign up, and every other that is blocked or has had messages, by their codes.
    pub regions: Vec<RegionStatus>,
    pub hour: Spent,
    pub day: Spent,
}

#[derive(Debug, PartialEq, Eq)]
pub struct RegionStatus {
    pub region: Region,
    pub blocked: Option<Duration>,
    pub hour: Spent,
    /// Codes that nobody entered, to numbers of newcomers and to numbers that have an account.
    pub newcomers: Spent,
    pub accounts: Spent,
}

/// So much of a budget, which begins anew after that long; at once when nothing is spent.
#[derive(Debug, PartialEq, Eq)]
pub struct Spent {
    pub count: u32,
    pub max: u32,
    pub expires_in: Duration,
}

/// Looks at every region that there is: which of them were used is written down nowhere, and they are few.
pub async fn status(counters: &dyn Counters, policy: &Policy) -> Result<Status, DependencyError> {
    let (limits, all) = (&policy.sms, all_regions());
    let of_region = |region: &Region| {
        let unverified = |budget_class| unverified_of_region(limits, *region, budget_class);
        [
            counter(Some(*region)),
            hour_of_region(limits, *region),
            unverified(BudgetClass::NewNumbers),
            unverified(BudgetClass::ExistingAccounts),
        ]
    };
    let asked: Vec<_> =
        [counter(None), hour(limits), day(limits)].into_iter().chain(all.iter().flat_map(of_region)).collect();
    let mut usages = asked.iter().zip(counters.usage(&asked).await?);
    let mut next = || usages.next().map_or_else(Spent::nothing, |(counter, usage)| Spent::of(counter, usage));
    let (all_blocked, hour, day) = (next().blocked(), next(), next());
    let looked = all.into_iter().map(|region| RegionStatus {
        region,
        blocked: next().blocked(),
        hour: next(),
        newcomers: next(),
        accounts: next(),
    });
    let open = |region| policy.regions.iter().any(|open| open == region);
    let told = |status: &RegionStatus| {
        let used = [&status.hour, &status.newcomers, &status.accounts].iter().any(|spent| spent.count > 0);
        open(status.region) || status.blocked.is_some() || used
    };
    Ok(Status { all_blocked, regions: looked.filter(told).collect(), hour, day })
}

impl Spent {
    const fn nothing() -> Self {
        Self { count: 0, max: 0, expires_in: Duration::ZERO }
    }

    const fn of(counter: &Counter, usage: Usage) -> Self {
        let max = match &counter.rule {
            Rule::Count(quota) | Rule::Distinct { quota, .. } => quota.max,
            Rule::Threshold(max) => *max,
        };
        Self { count: usage.count, max, expires_in: usage.expires_in }
    }

    /// Of the counter of a block.
    fn blocked(&self) -> Option<Duration> {
        (self.count >= self.max).then_some(self.expires_in).filter(|left| !left.is_zero())
    }
}

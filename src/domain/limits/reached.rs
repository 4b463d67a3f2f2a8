//! Limits that a request has reached.

use super::entry::{Denial, Refund};
use super::limit::Limit;
use std::time::Duration;

/// Limits that a request has reached, in the order in which it named them; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The first, which decides the denial.
    pub limit: Limit,
    waits: Vec<(Limit, Duration)>,
}

impl Reached {
    /// `None` if no limit is reached.
    #[must_use]
    pub fn new(waits: Vec<(Limit, Duration)>) -> Option<Self> {
        let limit = waits.first()?.0;
        Some(Self { limit, waits })
    }

    #[must_use]
    pub const fn denial(&self) -> Denial {
        self.limit.entry().denial
    }

    /// Tells whether one of the limits is refunded on this outcome.
    #[must_use]
    pub fn is_refunded_on(&self, outcome: Refund) -> bool {
        self.waits.iter().any(|(limit, _)| limit.is_refunded_on(outcome))
    }

    /// Longest wait among the limits with this denial.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        let waits = self.waits.iter().filter(|(limit, _)| limit.entry().denial == self.denial());
        let bounded =
            |(limit, wait): &(Limit, Duration)| limit.entry().longest_wait.map_or(*wait, |most| most.min(*wait));
        waits.map(bounded).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_limit_decides_and_the_longest_wait_of_its_denial_counts() {
        let minutes = |minutes| Duration::from_secs(60 * minutes);
        let reached = |waits: &[(Limit, u64)]| {
            Reached::new(waits.iter().map(|(limit, wait)| (*limit, minutes(*wait))).collect()).unwrap()
        };
        let phone = reached(&[(Limit::PhoneHour, 10), (Limit::PhoneDay, 70), (Limit::ServiceDay, 900)]);
        assert_eq!((phone.denial(), phone.retry_after()), (Denial::PhoneLimitReached, minutes(70)));
        let cooling = reached(&[(Limit::PhoneCooldown, 1), (Limit::PhoneDay, 70)]);
        assert_eq!((cooling.denial(), cooling.retry_after()), (Denial::ResendCooldown, minutes(1)));
        assert_eq!(reached(&[(Limit::RegionBlock, 9_000)]).retry_after(), minutes(5));
        assert_eq!(Reached::new(Vec::new()), None);
    }
}

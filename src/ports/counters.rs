//! Counters of the rate limits.

use super::DependencyError;
use crate::domain::limits::{Counter, Limit, Reached};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// Time for which a store remembers a refund. Longer than a caller repeats one.
pub const REFUND_TTL: Duration = Duration::from_secs(150);

/// Counters that are shared by all processes. Every method is one atomic operation and, over a network, one round trip.
#[async_trait]
pub trait Counters: Send + Sync {
    /// Counts on every counter by its rule. If a limit is reached, counts on none and returns every limit that is
    /// reached.
    async fn count(&self, counters: &[Counter]) -> Result<Admission, DependencyError>;

    /// Subtracts one call from every counter, as if it had not been counted. Never below zero. A counter that has
    /// expired is not created again. Does nothing if a refund with this id was made within [`REFUND_TTL`]: a caller
    /// whose answer was lost can repeat it.
    async fn refund(&self, id: Uuid, counters: &[Counter]) -> Result<(), DependencyError>;

    /// Sets every counter to zero.
    async fn reset(&self, counters: &[Counter]) -> Result<(), DependencyError>;

    /// Reads every counter, in the given order, and counts nothing.
    async fn usage(&self, counters: &[Counter]) -> Result<Vec<Usage>, DependencyError>;

    /// Sets a counter to 1 for `ttl`, also if it has a value. This is for counters that a [`Rule::Threshold`] reads.
    ///
    /// [`Rule::Threshold`]: crate::domain::limits::Rule::Threshold
    async fn set(&self, counter: &Counter, ttl: Duration) -> Result<(), DependencyError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Value of each counter after the call. The value of a cooldown is the number of sends that its wait follows; that
    /// of a shared counter is the count of its class.
    Allowed(Counts),
    Limited(Reached),
}

/// Values of counters, by limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(Vec<(Limit, u32)>);

impl Counts {
    /// Pairs the counters of a call with their values.
    #[must_use]
    pub fn new(counters: &[Counter], values: impl IntoIterator<Item = u32>) -> Self {
        Self(counters.iter().map(|counter| counter.limit).zip(values).collect())
    }

    /// Tells whether a counter of a limit, which may have several, is above zero.
    #[must_use]
    pub fn any(&self, limit: Limit) -> bool {
        self.0.iter().any(|(counted, value)| *counted == limit && *value > 0)
    }

    /// Value of a limit's first counter; zero if the call did not name it.
    #[must_use]
    pub fn get(&self, limit: Limit) -> u32 {
        self.0.iter().find(|(counted, _)| *counted == limit).map_or(0, |(_, value)| *value)
    }
}

/// Value of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub count: u32,
    /// Zero if the window has not begun.
    pub expires_in: Duration,
}

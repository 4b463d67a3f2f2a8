//! Who has had how many of what.

use super::DependencyError;
use crate::domain::policy::Quota;
use async_trait::async_trait;
use std::time::Duration;

/// Counters that deny. Every method is one atomic operation and, over a network, one round trip.
#[async_trait]
pub trait Counters: Send + Sync {
    /// Counts on every counter by its rule, or, if any is full, on none and tells how long the first full one stays so.
    async fn count(&self, counters: &[Counter]) -> Result<Admission, DependencyError>;

    /// Takes one back from every counter, as if it had not been counted. Never below zero; a counter that has expired stays gone.
    async fn refund(&self, counters: &[Counter]) -> Result<(), DependencyError>;

    /// Forgets what every counter has counted.
    async fn reset(&self, counters: &[Counter]) -> Result<(), DependencyError>;

    /// How far every counter is, and how long it stays so. Counts nothing.
    async fn usage(&self, counters: &[Counter]) -> Result<Vec<Usage>, DependencyError>;

    /// Sets a counter to 1 for this long, whatever it was: for those that [`Rule::Threshold`] looks at.
    async fn set(&self, counter: &Counter, life: Duration) -> Result<(), DependencyError>;
}

/// A counter that denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What is counted: `sends-ip`, `captchas-ip`, `sms-hour` …
    pub scope: &'static str,
    /// Whose: an address, a region, or empty for the whole service.
    pub subject: String,
    pub rule: Rule,
}

/// What is counted, and when the counter is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Every call.
    Count(Quota),
    /// Different members: a call whose member is known already is always let through.
    Distinct { member: String, quota: Quota },
    /// Nothing: it is only looked at, and full from so many on.
    Threshold(u32),
}

impl Counter {
    #[must_use]
    pub fn count(scope: &'static str, subject: impl Into<String>, quota: Quota) -> Self {
        Self { scope, subject: subject.into(), rule: Rule::Count(quota) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// How far each counter is now.
    Allowed(Vec<u32>),
    /// The counter at this place of the list is full for this long.
    Limited { index: usize, retry_after: Duration },
}

/// How far a counter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub count: u32,
    /// Zero when it has not begun.
    pub expires_in: Duration,
}

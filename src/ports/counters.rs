//! Who has had how many of what.

use super::Failure;
use crate::domain::policy::Quota;
use async_trait::async_trait;
use std::time::Duration;

/// Counters that deny. Every method is one atomic operation and, over a network, one round trip.
#[async_trait]
pub trait Counters: Send + Sync {
    /// Counts on every counter by its rule, or, if any is full, on none and tells how long the first full one stays so.
    async fn count(&self, counters: &[Counter]) -> Result<Counted, Failure>;

    /// Takes one back from every counter, as if it had not been counted. Never below zero; a counter that has expired stays gone.
    async fn uncount(&self, counters: &[Counter]) -> Result<(), Failure>;

    /// Forgets what every counter has counted.
    async fn forget(&self, counters: &[Counter]) -> Result<(), Failure>;

    /// How far every counter is, and how long it stays so. Counts nothing.
    async fn look(&self, counters: &[Counter]) -> Result<Vec<Standing>, Failure>;

    /// Sets a counter to 1 for this long, whatever it was: for those that [`Rule::Below`] looks at.
    async fn raise(&self, counter: &Counter, life: Duration) -> Result<(), Failure>;
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
    Calls(Quota),
    /// Different members: a call whose member is known already is always let through.
    Members { member: String, quota: Quota },
    /// Nothing: it is only looked at, and full from so many on.
    Below(u32),
}

impl Counter {
    #[must_use]
    pub fn calls(scope: &'static str, subject: impl Into<String>, quota: Quota) -> Self {
        Self { scope, subject: subject.into(), rule: Rule::Calls(quota) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// How far each counter is now.
    Yes(Vec<u32>),
    /// The counter at this place of the list is full for this long.
    Full { index: usize, retry_after: Duration },
}

/// How far a counter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub count: u32,
    /// Zero when it has not begun.
    pub expires_in: Duration,
}

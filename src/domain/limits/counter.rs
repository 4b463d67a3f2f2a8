//! Counters, and the rules by which they count.

use super::catalogue::Limit;
use super::quota::Quota;
use crate::domain::flow::Cooldowns;

/// Counter of one limit for one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    pub limit: Limit,
    /// Subject: a phone hash, an IP block, a region, a user; empty for the whole service.
    pub key: String,
    pub rule: Rule,
}

/// Rule of a counter: what it counts, and when its limit is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Counts every call.
    Count(Quota),
    /// Counts different members. A call for a member that is counted already is always allowed.
    Distinct { member: String, quota: Quota },
    /// Counts nothing. Reached if the counter, which other requests change, is at least this number.
    Threshold(u32),
    /// Reached while its entry exists. A call creates the entry for one of the waits. The wait grows with the count of
    /// `grows_with`, another counter of the same request.
    Cooldown { waits: Cooldowns, grows_with: Limit },
}

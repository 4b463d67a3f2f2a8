//! Counters, and the rules by which they count.

use super::cooldowns::Cooldowns;
use super::limit::Limit;
use super::quota::Quota;
use crate::domain::flow::BudgetClass;

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
    /// Counts the calls of a class or, with a member, its different members: a call of a known member is always
    /// allowed. Every other class keeps `reserved` calls of the maximum. The value is the count of this class.
    Shared { class: BudgetClass, member: Option<String>, quota: Quota, reserved: u32 },
    /// Counts every call of any window of this length: each call leaves the window by itself.
    Sliding(Quota),
    /// Counts nothing; reached from this number on. Reads a counter of the rule that the catalogue gives its limit, or
    /// one that was set; a shared one with the calls of all classes. Its value is the one before the call.
    Threshold(u32),
    /// Reached while its entry exists. A call creates the entry for one of the waits. The wait grows with the count of
    /// `grows_with`, another counter of the same request.
    Cooldown { waits: Cooldowns, grows_with: Limit },
}

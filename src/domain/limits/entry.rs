//! Entry of the catalogue.

use super::limit::Limit;
use super::quota::Quota;
use std::time::Duration;

/// Subject that a limit counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Phone, as keyed hash, or a device and its phone. Its counters share the Redis Cluster slot of the flows.
    Phone,
    /// Account, by the keyed hash of its phone. Its counters share a slot with those of the other scopes, so that one
    /// operation counts on all of them.
    Account,
    IpBlock,
    /// Known device, by its id.
    Device,
    /// One phone, as keyed hash, at one SMS provider.
    PhoneAtProvider,
    Region,
    Service,
    User,
    ProofOfWork,
}

impl Scope {
    /// Highest maximum of a setting: more would be no limit. For one person 100; for an IP block and ten minutes, 1,700
    /// requests a second; for the service and an hour, 2,800 messages a second.
    pub(super) const fn highest(self) -> u32 {
        match self {
            Self::Phone | Self::Account | Self::Device | Self::PhoneAtProvider | Self::User | Self::ProofOfWork => 100,
            Self::IpBlock => 1_000_000,
            Self::Region | Self::Service => 10_000_000,
        }
    }
}

/// Error of a request that reaches a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    ResendCooldown,
    PhoneLimitReached,
    TooManyRequests,
    SmsBudgetExhausted,
    SmsRegionSuspended,
    CaptchaRequired,
    ProofOfWorkRequired,
}

/// Outcome of a request. An entry of the catalogue names the outcomes on which its limit is refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refund {
    /// Nothing was done: a dependency failed, another limit denied, or the provider certainly sent nothing.
    NothingDone,
    /// Nothing was sent, and the response says why: the phone has an account.
    PhoneTaken,
    /// The outcome of the send is unknown; it stays counted.
    UnknownOutcome,
    /// The code was verified.
    CodeVerified,
    /// The password was right.
    PasswordRight,
}

/// Entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Name in logs, metrics and staging keys.
    pub name: &'static str,
    pub scope: Scope,
    pub default: Quota,
    /// Sliding window: the maximum holds in every window of this length, wherever it begins.
    pub sliding: bool,
    /// Reserved shares: each class of numbers keeps a share of the maximum.
    pub shared: bool,
    pub denial: Denial,
    /// Name of the setting that changes the maximum, and its documentation.
    pub setting: Option<(&'static str, &'static str)>,
    /// Highest maximum that the setting accepts.
    pub highest: u32,
    /// Limit that this one must not exceed.
    pub within: Option<Limit>,
    pub refunded_on: &'static [Refund],
    /// Extension of the abuse signal when the limit is reached.
    pub extends_abuse_signal: bool,
    /// Upper bound of `Retry-After`, for a limit that an operator may lift at any time.
    pub longest_wait: Option<Duration>,
}

impl Entry {
    pub(super) const fn new(name: &'static str, scope: Scope, default: Quota, denial: Denial) -> Self {
        Self {
            name,
            scope,
            default,
            sliding: false,
            shared: false,
            denial,
            setting: None,
            highest: scope.highest(),
            within: None,
            refunded_on: &[],
            extends_abuse_signal: false,
            longest_wait: None,
        }
    }

    pub(super) const fn setting(self, name: &'static str, doc: &'static str) -> Self {
        Self { setting: Some((name, doc)), ..self }
    }

    pub(super) const fn highest(self, highest: u32) -> Self {
        Self { highest, ..self }
    }

    /// The store keeps one time for each event, so the maximum has a bound.
    pub(super) const fn sliding(self) -> Self {
        Self { sliding: true, highest: MOST_SLIDING, ..self }
    }

    pub(super) const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    pub(super) const fn within(self, limit: Limit) -> Self {
        Self { within: Some(limit), ..self }
    }

    pub(super) const fn refunded_on(self, refunds: &'static [Refund]) -> Self {
        Self { refunded_on: refunds, ..self }
    }

    pub(super) const fn extends_abuse_signal(self) -> Self {
        Self { extends_abuse_signal: true, ..self }
    }

    pub(super) const fn longest_wait(self, seconds: u64) -> Self {
        Self { longest_wait: Some(Duration::from_secs(seconds)), ..self }
    }

    /// Returns `true` for a budget that an operator watches: a warning is logged at 80 %.
    #[must_use]
    pub const fn is_budget(&self) -> bool {
        matches!(self.denial, Denial::SmsBudgetExhausted | Denial::SmsRegionSuspended)
    }
}

/// Highest maximum of a sliding window: the store keeps the times of that many events.
pub(super) const MOST_SLIDING: u32 = 100;

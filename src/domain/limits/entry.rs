//! Parts of an entry of the catalogue.

/// Subject that a limit counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Phone, as keyed hash. Its counters share the Redis Cluster slot of the phone's flows.
    Phone,
    /// Account, by the keyed hash of its phone. Its counters share a slot with those of the other scopes, so that one
    /// operation counts on all of them.
    Account,
    IpBlock,
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
            Self::Phone | Self::Account | Self::User | Self::ProofOfWork => 100,
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
    /// Nothing was sent, and the client must not learn that.
    Concealed,
    /// As `Concealed`, but a right code has refunded the unverified codes before.
    ConcealedVerified,
    /// It is unknown whether the message was sent: it stays counted, and only the cooldown ends.
    UnknownOutcome,
    /// The code was verified.
    CodeVerified,
    /// The password was right.
    PasswordRight,
}

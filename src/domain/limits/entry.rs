//! Parts of an entry of the catalogue.

/// Subject that a limit counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Phone, as keyed hash. Its counters share the Redis Cluster slot of the phone's flows.
    Phone,
    /// Phone as an account's name, as keyed hash; counted together with limits of other scopes.
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

/// Answer to a request that reaches a limit.
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

/// Outcome that returns what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refund {
    /// Nothing was done: a dependency failed, another limit denied, or the provider certainly sent nothing.
    NothingDone,
    /// Nothing was sent, and the client learned something: the phone has an account.
    PhoneTaken,
    /// Nothing was sent, and the client must not learn it.
    Concealed,
    /// As `Concealed`, after a right code has refunded the unverified codes.
    ConcealedVerified,
    /// The outcome of the send is unknown; it stays counted.
    UnknownOutcome,
    /// The code was verified.
    CodeVerified,
    /// The password was right.
    PasswordRight,
}

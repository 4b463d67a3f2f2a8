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
    /// The outcome of the send is unknown; it stays counted.
    UnknownOutcome,
    /// The code was verified.
    CodeVerified,
    /// The password was right.
    PasswordRight,
}

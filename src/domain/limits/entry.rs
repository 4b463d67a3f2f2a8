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

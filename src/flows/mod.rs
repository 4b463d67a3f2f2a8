//! What the service does, one verb per file. No HTTP, no SQL, no Redis: only the domain and the ports.

pub mod account;
pub mod avatar;
pub mod background;
pub mod captcha;
pub mod otp;
mod password_attempt;
pub mod idempotency;
pub mod limits;
pub mod login;
pub mod new_password;
pub mod password_reset;
mod probe;
mod proof_of_work;
pub mod register;
pub mod service;
pub mod session;
pub mod sms_regions;

pub use crate::ports::DependencyError;
pub use service::{Ports, Service};

use crate::domain::flow::Step;
use crate::domain::language::Language;
use crate::domain::proof::Challenge;
use std::net::IpAddr;
use std::time::Duration;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    /// Which language she reads.
    pub language: Language,
}

/// Why the service does not do what it was asked: the one vocabulary of all flows. Each is one code of the API.
#[derive(Debug)]
pub enum Error {
    /// Unknown, expired, or tried before.
    CaptchaExpired,
    CaptchaWrong,
    /// Work on this and ask again.
    ProofRequired(Challenge),
    /// Wrong, expired, forged or taken before: one answer for all. Here is another.
    ProofInvalid(Challenge),
    PhoneTaken,
    ResendCooldown {
        retry_after: Duration,
    },
    PhoneLimitReached {
        retry_after: Duration,
    },
    TooManyRequests {
        retry_after: Duration,
    },
    SmsBudgetExhausted {
        retry_after: Duration,
    },
    /// No messages to this region for now: its budget is spent, or the operator has blocked it.
    RegionSuspended {
        retry_after: Duration,
    },
    SmsDeliveryFailed,
    /// Unknown, expired, finished, or a ticket for something else: one answer for all.
    TicketExpired,
    /// The flow is at another step than the one asked for.
    WrongStep(Step),
    CodeWrong {
        attempts_left: u32,
    },
    CodeExhausted,
    /// The same code is being redeemed by an earlier call.
    InProgress {
        retry_after: Duration,
    },
    PasswordTooWeak,
    /// The same request, by its idempotency key, is being worked on.
    RequestInProgress {
        retry_after: Duration,
    },
    /// The idempotency key belongs to a request with another content.
    IdempotencyKeyReused,
    /// Solve one and try again.
    CaptchaRequired,
    /// Unknown phone or wrong password: one answer for both.
    CredentialsInvalid,
    /// Of somebody who is signed in.
    PasswordWrong,
    RefreshInvalid,
    RefreshReused,
    SessionNotFound,
    TokenInvalid,
    TokenExpired,
    /// The operator has given no storage.
    AvatarUploadsDisabled,
    /// Something that the service depends on failed.
    Dependency(DependencyError),
}

impl From<DependencyError> for Error {
    fn from(error: DependencyError) -> Self {
        Self::Dependency(error)
    }
}

//! The one error type of all flows.

use super::otp::CodeSent;
use crate::domain::consent::LegalDocument;
use crate::domain::flow::Step;
use crate::domain::pending::ActKind;
use crate::domain::proof::Challenge;
use crate::domain::question::{OpenQuestion, Reason};
use crate::ports::DependencyError;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// Reason why a flow refuses a request. Each is one code of the API.
#[derive(Debug)]
pub enum Error {
    /// Unknown, expired, or used before.
    CaptchaExpired,
    CaptchaWrong,
    CaptchaRequired,
    ProofOfWorkRequired(Challenge),
    /// Wrong, expired, forged or used before: the same error for all. The challenge is a new one.
    ProofOfWorkInvalid(Challenge),
    /// The client has not accepted exactly these documents, which are in force.
    ConsentRequired(Vec<LegalDocument>),
    PhoneTaken,
    /// The account is detached: it has no phone that could get a code.
    NoPhone,
    /// The account has a password: a code does not replace it.
    PasswordAlreadySet,
    /// The password was set with a code alone, and too recently for an act that cannot be undone.
    PasswordTooNew {
        retry_after: Duration,
    },
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
    /// No messages are sent to this region now: its budget is exhausted, or the operator has blocked it.
    SmsRegionSuspended {
        retry_after: Duration,
    },
    SmsDeliveryFailed,
    /// Unknown, expired, finished, or a ticket of another purpose: the same error for all.
    TicketExpired,
    /// The flow is at this step, which does not allow the action.
    WrongStep(Step),
    CodeWrong {
        attempts_left: u32,
    },
    CodeExhausted,
    /// Another call is redeeming the same code.
    CodeBusy {
        retry_after: Duration,
    },
    /// A right code that is not enough.
    InQuestion(InQuestion),
    /// The account has a current proof of its number.
    StartAnewUnavailable,
    /// The device is not known for long enough to approve an act.
    DeviceTooNew {
        retry_after: Duration,
    },
    PendingNotFound,
    RegionNotSupported,
    PasswordTooWeak,
    /// Another request with the same idempotency key is being handled.
    RequestInProgress {
        retry_after: Duration,
    },
    /// The idempotency key belongs to a request with other content.
    IdempotencyKeyReused,
    /// The password is right and the device is new: a code was sent to the phone of the account.
    NewDevice(Box<CodeSent>),
    /// Unknown phone or wrong password: the same error for both.
    CredentialsInvalid,
    /// The account has a password, and the request does not contain it.
    CurrentPasswordRequired,
    /// Wrong current password of a signed-in user.
    PasswordWrong,
    RefreshInvalid,
    RefreshReused,
    /// The session is bound to another key than the one of the proof, or the request has no proof.
    RefreshKeyMismatch,
    /// Malformed, forged, for another request, or for a session that is not bound: one answer for all.
    DpopProofInvalid,
    /// The clock of the client is wrong, or its nonce has expired.
    DpopNonceRequired,
    /// The tokens of the stored response were used, or their session has ended.
    ResponseGone,
    SessionNotFound,
    TokenInvalid,
    TokenExpired,
    /// The operator has configured no avatar storage.
    AvatarUploadsDisabled,
    Dependency(DependencyError),
}

/// Reason why a right code is not enough, and how the person can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InQuestion {
    pub act: ActKind,
    pub reason: Reason<Duration>,
    /// The person can start anew.
    pub start_anew: bool,
    /// Remaining lifetime of the flow, if the error keeps one.
    pub expires_in: Option<Duration>,
}

impl InQuestion {
    /// Returns the question as staging keeps it.
    pub(super) fn open(&self, now: DateTime<Utc>) -> OpenQuestion {
        OpenQuestion { act: self.act, reason: self.reason.map(|wait| now + wait), start_anew: self.start_anew }
    }
}

impl Error {
    /// A right code was not enough.
    pub(super) const fn questions_account(&self) -> bool {
        matches!(self, Self::InQuestion(_))
    }

    /// Returns the same error for a flow with this remaining lifetime.
    pub(super) fn within(self, expires_in: Duration) -> Self {
        match self {
            Self::InQuestion(question) => Self::InQuestion(InQuestion { expires_in: Some(expires_in), ..question }),
            other => other,
        }
    }

    /// The client can enter the code again.
    pub(super) const fn keeps_flow(&self) -> bool {
        self.questions_account() || matches!(self, Self::Dependency(_) | Self::PasswordTooWeak)
    }
}

impl From<DependencyError> for Error {
    fn from(error: DependencyError) -> Self {
        Self::Dependency(error)
    }
}

//! Problems for the errors of flows and of dependencies.

use super::error::{Code, Problem, StartedFlow};
use super::field_codes::FieldError;
use super::response::seconds;
use crate::domain::flow::Step;
use crate::domain::question::Reason;
use crate::flows::otp::CodeSent;
use crate::flows::{self, DependencyError, InQuestion};
use std::time::Duration;

/// Wait before a retry after a failure of a dependency: 1 s. The dependency may have recovered by then.
const RECOVERY: Duration = Duration::from_secs(1);

impl From<flows::Error> for Problem {
    fn from(error: flows::Error) -> Self {
        match error {
            flows::Error::CaptchaExpired => Self::new(Code::CaptchaExpired),
            flows::Error::CaptchaWrong => Self::new(Code::CaptchaWrong),
            flows::Error::ProofOfWorkRequired(challenge) => Self::with_challenge(Code::ProofOfWorkRequired, challenge),
            flows::Error::ProofOfWorkInvalid(challenge) => Self::with_challenge(Code::ProofOfWorkInvalid, challenge),
            flows::Error::ConsentRequired(documents) => Self { documents, ..Self::new(Code::ConsentRequired) },
            flows::Error::PhoneTaken => Self::new(Code::PhoneAlreadyRegistered),
            flows::Error::NoPhone => Self::new(Code::PhoneMissing),
            flows::Error::PasswordAlreadySet => Self::new(Code::PasswordAlreadySet),
            flows::Error::PasswordTooNew { retry_after } => Self::retry_later(Code::PasswordTooNew, retry_after),
            flows::Error::ResendCooldown { retry_after } => Self::retry_later(Code::ResendCooldown, retry_after),
            flows::Error::PhoneLimitReached { retry_after } => Self::retry_later(Code::PhoneLimitReached, retry_after),
            flows::Error::TooManyRequests { retry_after } => Self::retry_later(Code::TooManyRequests, retry_after),
            flows::Error::SmsBudgetExhausted { retry_after } => {
                Self::retry_later(Code::SmsBudgetExhausted, retry_after)
            }
            flows::Error::SmsRegionSuspended { retry_after } => {
                Self::retry_later(Code::SmsRegionSuspended, retry_after)
            }
            flows::Error::SmsDeliveryFailed => Self::new(Code::SmsDeliveryFailed),
            flows::Error::TicketExpired => Self::new(Code::TicketExpired),
            flows::Error::WrongStep(step) => Self { step: Some(step), ..Self::new(Code::WrongStep) },
            flows::Error::CodeWrong { attempts_left } => {
                Self { attempts_left: Some(attempts_left), ..Self::new(Code::CodeWrong) }
            }
            flows::Error::CodeExhausted => Self { attempts_left: Some(0), ..Self::new(Code::CodeExhausted) },
            flows::Error::CodeBusy { retry_after } => Self::retry_later(Code::Overloaded, retry_after),
            flows::Error::InQuestion(question) => question.into(),
            flows::Error::StartAnewUnavailable => Self::new(Code::StartAnewUnavailable),
            flows::Error::DeviceTooNew { retry_after } => Self::retry_later(Code::DeviceTooNew, retry_after),
            flows::Error::PendingNotFound => Self::new(Code::NotFound),
            flows::Error::RegionNotSupported => Self::new(Code::RegionNotSupported),
            flows::Error::PasswordTooWeak => Self::new(Code::PasswordTooWeak),
            flows::Error::RequestInProgress { retry_after } => Self::retry_later(Code::RequestInProgress, retry_after),
            flows::Error::IdempotencyKeyReused => Self::new(Code::IdempotencyKeyReused),
            flows::Error::CaptchaRequired => Self::new(Code::CaptchaRequired),
            flows::Error::NewDevice(sent) => {
                let CodeSent { ticket, expires_in, resend_in, attempts_left, .. } = *sent;
                let (expires_in, resend_in) = (seconds(expires_in), seconds(resend_in));
                let flow = StartedFlow { ticket: ticket.expose(), expires_in, resend_in };
                Self { flow: Some(Box::new(flow)), attempts_left: Some(attempts_left), ..Self::new(Code::NewDevice) }
            }
            flows::Error::CredentialsInvalid => Self::new(Code::CredentialsInvalid),
            flows::Error::CurrentPasswordRequired => {
                Self::invalid(vec![FieldError { field: "current_password".to_owned(), code: "required" }])
            }
            flows::Error::PasswordWrong => Self::new(Code::PasswordWrong),
            flows::Error::RefreshInvalid => Self::new(Code::RefreshInvalid),
            flows::Error::RefreshReused => Self::new(Code::RefreshReused),
            flows::Error::RefreshKeyMismatch => Self::new(Code::RefreshKeyMismatch),
            flows::Error::DpopProofInvalid => Self::new(Code::InvalidDpopProof),
            flows::Error::DpopNonceRequired => Self::new(Code::UseDpopNonce),
            flows::Error::ResponseGone => Self::new(Code::ResponseGone),
            flows::Error::SessionNotFound => Self::new(Code::NotFound),
            flows::Error::TokenInvalid => Self::new(Code::TokenInvalid),
            flows::Error::TokenExpired => Self::new(Code::TokenExpired),
            flows::Error::AvatarUploadsDisabled => Self::new(Code::AvatarUploadsDisabled),
            flows::Error::Dependency(error) => error.into(),
        }
    }
}

impl Code {
    /// Returns the code of a right code that was not enough.
    pub(super) const fn of<T: Copy>(reason: Reason<T>) -> Self {
        match reason {
            Reason::Dormant => Self::AccountDormant,
            Reason::Held(_) => Self::ActHeld,
            Reason::Refused(_) => Self::ActRefused,
        }
    }
}

impl From<InQuestion> for Problem {
    fn from(question: InQuestion) -> Self {
        let (code, retry_after) = (Code::of(question.reason), question.reason.time());
        Self { retry_after, question: Some(Box::new(question)), step: Some(Step::AccountUnclear), ..Self::new(code) }
    }
}

impl From<DependencyError> for Problem {
    fn from(error: DependencyError) -> Self {
        let problem = match &error {
            DependencyError::Unavailable { .. } => Self::retry_later(Code::DependencyUnavailable, RECOVERY),
            DependencyError::Overloaded(_) => Self::retry_later(Code::Overloaded, RECOVERY),
            DependencyError::Broken { .. } => Self::new(Code::InternalError),
        };
        Self { cause: Some(error.to_string().into()), ..problem }
    }
}

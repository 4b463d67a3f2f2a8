//! Counting on the limits of the catalogue (see [`crate::domain::limits`]), and the error of a reached limit.

mod after_captcha;
mod password_attempt;
mod send_reservation;

pub use after_captcha::Answered;
pub(super) use after_captcha::{admit_after, redeem_captcha};
pub(super) use password_attempt::{PasswordAttempt, reset_wrong_passwords};
pub(super) use send_reservation::{SendReservation, refund_verified};

use super::deferred_refunds;
use super::error::Error;
use super::refund::{may_be_done, refund_when_available};
use super::service::Service;
use crate::domain::limits::{Counter, Denial, Limit, Reached, Refund};
use crate::domain::user::UserId;
use crate::ports::{Admission, Counts, DependencyError};
use std::future::Future;

/// Counts on all counters, or denies and counts on none. One staging operation.
pub(super) async fn count(service: &Service, counters: &[Counter]) -> Result<Counts, Error> {
    allowed(service, admit(service, counters).await?)
}

/// Counts on all counters or on none.
pub(super) async fn admit(service: &Service, counters: &[Counter]) -> Result<Admission, DependencyError> {
    admit_by(service, counters, || service.ports.staging.count(counters)).await
}

/// Counts by an operation that counts on all counters or on none. A call without an answer may be counted, and nothing
/// follows it: it is refunded when the store answers again. Refunds that are on their way may make room: before a
/// denial they are made, and the operation runs again.
pub(super) async fn admit_by<Done>(
    service: &Service,
    counters: &[Counter],
    operation: impl Fn() -> Done,
) -> Result<Admission, DependencyError>
where
    Done: Future<Output = Result<Admission, DependencyError>>,
{
    let mut admission = operation().await;
    if let Ok(Admission::Limited(reached)) = &admission
        && may_get_room(service, reached).await
    {
        admission = operation().await;
    }
    if may_be_done(&admission) {
        refund_when_available(service, counters.to_vec());
    }
    admission
}

/// Makes the refunds that are on their way, if they may concern a reached limit. Returns whether there were any.
async fn may_get_room(service: &Service, reached: &Reached) -> bool {
    reached.is_refunded_on(Refund::CodeVerified) && deferred_refunds::flush(service).await
}

/// Returns the counts, or the error of a reached limit.
pub(super) fn allowed(service: &Service, admission: Admission) -> Result<Counts, Error> {
    match admission {
        Admission::Allowed(counts) => Ok(counts),
        Admission::Limited(reached) => Err(denied(service, &reached)),
    }
}

/// Counts one call of a signed-in user.
pub(super) async fn count_for_user(service: &Service, limit: Limit, user: UserId) -> Result<(), Error> {
    count(service, &[service.policy.limits.counter(limit, user.0.to_string())]).await.map(drop)
}

/// Error of a reached limit.
pub(super) fn denied(service: &Service, reached: &Reached) -> Error {
    let retry_after = reached.retry_after();
    match reached.denial() {
        Denial::ResendCooldown => Error::ResendCooldown { retry_after },
        Denial::PhoneLimitReached => Error::PhoneLimitReached { retry_after },
        Denial::TooManyRequests => Error::TooManyRequests { retry_after },
        Denial::SmsBudgetExhausted => Error::SmsBudgetExhausted { retry_after },
        Denial::SmsRegionSuspended => Error::SmsRegionSuspended { retry_after },
        Denial::CaptchaRequired => Error::CaptchaRequired,
        Denial::ProofOfWorkRequired => Error::ProofOfWorkRequired(service.challenge()),
    }
}

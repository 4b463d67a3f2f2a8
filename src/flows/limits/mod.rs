//! Counting on the limits of the catalogue (see [`crate::domain::limits`]), and the error of a reached limit.

mod password_attempt;
mod send_reservation;

pub(super) use password_attempt::PasswordAttempt;
pub(super) use send_reservation::{SendReservation, refund_verified};

use super::error::Error;
use super::refund::{may_be_done, refund_when_available};
use super::service::Service;
use crate::domain::limits::{Counter, Denial, Limit, Reached};
use crate::domain::user::UserId;
use crate::ports::{Admission, Counts, DependencyError};

/// Counts on all counters, or denies and counts on none. One staging operation.
pub(super) async fn count(service: &Service, counters: &[Counter]) -> Result<Counts, Error> {
    match admit(service, counters).await? {
        Admission::Allowed(counts) => Ok(counts),
        Admission::Limited(reached) => Err(denied(service, &reached)),
    }
}

/// Counts on all counters or on none. A call without an answer may be counted, and nothing follows it: it is refunded
/// when the store answers again.
pub(super) async fn admit(service: &Service, counters: &[Counter]) -> Result<Admission, DependencyError> {
    let admission = service.ports.staging.count(counters).await;
    if may_be_done(&admission) {
        refund_when_available(service, counters.to_vec());
    }
    admission
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

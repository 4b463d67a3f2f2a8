//! Hashing of a new password for a flow whose phone is verified. Sign-up and password reset share it.

use super::error::Error;
use super::refund::log_refund_error;
use super::service::Service;
use crate::domain::completion::Completion;
use crate::domain::flow::{Proven, Purpose, Transition};
use crate::domain::password::{NewPassword, PasswordHash};
use crate::domain::ticket::Ticket;
use crate::ports::{Advance, Change, Hashed};
use std::time::Duration;

/// Flow after a transition.
pub(super) struct Advanced {
    pub proven: Proven,
    pub completion: Option<Completion>,
    /// Remaining lifetime.
    pub expires_in: Duration,
}

/// Spends one of the flow's password hashes, then hashes. Returns the flow with the hash.
pub(super) async fn hash(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    password: NewPassword,
) -> Result<(Advanced, PasswordHash), Error> {
    let flow = advance(service, purpose, ticket, &Transition::HASH_PASSWORD, &Change::SpendPassword).await?;
    match service.ports.hasher.hash(password, Some(&flow.proven.phone)).await {
        Ok(Hashed::Hash(hash)) => Ok((flow, hash)),
        Ok(Hashed::TooWeak) => Err(Error::PasswordTooWeak),
        Err(error) => {
            refund(service, ticket).await;
            Err(error.into())
        }
    }
}

/// Makes a transition of a verified flow.
pub(super) async fn advance(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    transition: &Transition,
    change: &Change,
) -> Result<Advanced, Error> {
    let ttl = service.policy.flow.verified_ttl;
    match service.ports.staging.advance(&ticket.flow_key(), purpose, transition, change, ttl).await? {
        Advance::Done { proven, completion, expires_in } => Ok(Advanced { proven, completion, expires_in }),
        Advance::Exhausted { retry_after } => Err(Error::TooManyRequests { retry_after }),
        Advance::WrongStep(step) => Err(Error::WrongStep(step)),
        Advance::Gone => Err(Error::TicketExpired),
    }
}

/// Refunds a password hash that was not used.
pub(super) async fn refund(service: &Service, ticket: &Ticket) {
    let most = service.policy.flow.passwords;
    log_refund_error(service.ports.staging.refund_password(&ticket.flow_key(), most).await);
}

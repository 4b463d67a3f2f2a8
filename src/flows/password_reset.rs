//! A forgotten password: a code, and then a new one. Nobody is signed in by it.

use super::limits::log_refund_error;
use super::password_attempt::PasswordAttempt;
use super::{Error, Service, new_password, otp};
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::ticket::Ticket;
use crate::ports::Proof;
use std::sync::Arc;
use std::time::Duration;

/// Checks the code. Returns how long the new password may take.
pub async fn verify_code(service: &Service, ticket: &Ticket, given: &OneTimeCode) -> Result<Duration, Error> {
    otp::check(service, Purpose::ResetPassword, ticket, given).await?;
    Ok(service.policy.code.verified_life)
}

/// Replaces the password, ends every session and the flow. While the database is down the flow stays.
pub async fn set_password(service: &Arc<Service>, ticket: Ticket, password: Password) -> Result<(), Error> {
    let (proven, hash) = new_password::hash(service, Purpose::ResetPassword, &ticket, password).await?;
    service.background.run_to_completion(replace_or_give_back(Arc::clone(service), ticket, proven, hash)).await
}

/// A try that failed for a moment is not counted among the passwords of the flow.
async fn replace_or_give_back(
    service: Arc<Service>,
    ticket: Ticket,
    proven: Proven,
    hash: PasswordHash,
) -> Result<(), Error> {
    let done = replace(&service, &ticket, proven, hash).await;
    if let Err(Error::Dependency(_)) = done {
        log_refund_error(service.ports.staging.cancel_password(&ticket.flow_key()).await);
    }
    done
}

async fn replace(service: &Service, ticket: &Ticket, proven: Proven, hash: PasswordHash) -> Result<(), Error> {
    let (phone, account) = (proven.phone, proven.account.ok_or(Error::TicketExpired)?);
    let proof = Proof::of_code(phone.clone(), account);
    let done = service.ports.users.set_password(account.user, &proof, &hash, None, service.now()).await?;
    otp::end(service, ticket).await;
    if !done {
        // Deleted, moved to another phone, or given a new password since the code was sent.
        return Err(Error::TicketExpired);
    }
    // She has shown that the phone is hers: what strangers guessed must not keep her from her new password.
    log_refund_error(PasswordAttempt::forget(service, &phone).await);
    tracing::info!(phone = phone.masked(), "password reset");
    Ok(())
}

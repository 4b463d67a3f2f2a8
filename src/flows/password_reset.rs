//! A forgotten password: a code, and then a new one. Nobody is signed in by it.

use super::guess::Guess;
use super::limits::log_failure;
use super::{Refusal, Service, code, new_password};
use crate::domain::code::OneTimeCode;
use crate::domain::flow::Purpose;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::ports::Proof;
use std::sync::Arc;
use std::time::Duration;

/// Checks the code. Returns how long the new password may take.
pub async fn verify_code(service: &Service, ticket: &Ticket, given: &OneTimeCode) -> Result<Duration, Refusal> {
    code::check(service, Purpose::ResetPassword, ticket, given).await?;
    Ok(service.policy.code.verified_life)
}

/// Replaces the password, ends every session and the flow. While the database is down the flow stays.
pub async fn set_password(service: &Arc<Service>, ticket: Ticket, password: Password) -> Result<(), Refusal> {
    let (phone, hash) = new_password::hash(service, Purpose::ResetPassword, &ticket, password).await?;
    service.background.carry_through(replace_or_give_back(Arc::clone(service), ticket, phone, hash)).await
}

/// A try that failed for a moment is not counted among the passwords of the flow.
async fn replace_or_give_back(
    service: Arc<Service>,
    ticket: Ticket,
    phone: Phone,
    hash: PasswordHash,
) -> Result<(), Refusal> {
    let done = replace(&service, &ticket, phone, hash).await;
    if let Err(Refusal::Failed(_)) = done {
        log_failure(service.ports.staging.cancel_password(&ticket.flow_key()).await);
    }
    done
}

async fn replace(service: &Service, ticket: &Ticket, phone: Phone, hash: PasswordHash) -> Result<(), Refusal> {
    let users = &service.ports.users;
    let user = users.by_phone(&phone).await?.map(|account| account.user.id);
    let done = match user {
        Some(user) => users.set_password(user, &Proof::Phone(phone.clone()), &hash, None, service.now()).await?,
        None => false,
    };
    code::end(service, ticket).await;
    if !done {
        // Deleted, or moved to another phone, since the code was sent.
        return Err(Refusal::TicketExpired);
    }
    // She has shown that the phone is hers: what strangers guessed must not keep her from her new password.
    log_failure(Guess::forget(service, &phone).await);
    tracing::info!(phone = phone.masked(), "a password was reset");
    Ok(())
}

//! A password for a flow whose phone is verified: shared by sign-up and reset.

use super::limits::log_refund_error;
use super::{Error, Service};
use crate::domain::flow::{Proven, Purpose};
use crate::domain::password::{Password, PasswordHash};
use crate::domain::ticket::Ticket;
use crate::ports::{Hashed, PasswordTurn};

/// Asks the flow before it pays for a hash, and tells whose phone it proves.
pub(super) async fn hash(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    password: Password,
) -> Result<(Proven, PasswordHash), Error> {
    let (staging, policy, key) = (&service.ports.staging, &service.policy.code, ticket.flow_key());
    let proven = match staging.begin_password(&key, purpose, policy).await? {
        PasswordTurn::Granted(proven) => proven,
        PasswordTurn::Exhausted { retry_after } => return Err(Error::TooManyRequests { retry_after }),
        PasswordTurn::WrongStep(step) => return Err(Error::WrongStep(step)),
        PasswordTurn::Gone => return Err(Error::TicketExpired),
    };
    match service.ports.hasher.hash(password, &proven.phone).await {
        Ok(Hashed::Hash(hash)) => Ok((proven, hash)),
        Ok(Hashed::TooWeak) => Err(Error::PasswordTooWeak),
        Err(error) => {
            log_refund_error(staging.cancel_password(&key).await);
            Err(error.into())
        }
    }
}

//! Step 3: the password is hashed at once; only the hash waits in the flow.

use crate::domain::flow::Purpose;
use crate::domain::password::Password;
use crate::domain::ticket::Ticket;
use crate::flows::limits::log_failure;
use crate::flows::{Refusal, Service};
use crate::ports::{Advance, Hashed, PasswordTurn};
use std::time::Duration;

/// Asks the flow before it pays for a hash. A person may come back from step 4 and choose another password.
/// Returns how long the last step may take.
pub async fn set_password(service: &Service, ticket: &Ticket, password: Password) -> Result<Duration, Refusal> {
    let (staging, policy, key) = (&service.ports.staging, &service.policy.code, ticket.flow_key());
    let phone = match staging.begin_password(&key, Purpose::Register, policy).await? {
        PasswordTurn::Granted { phone } => phone,
        PasswordTurn::Exhausted { retry_after } => return Err(Refusal::TooManyRequests { retry_after }),
        PasswordTurn::WrongStep(step) => return Err(Refusal::WrongStep(step)),
        PasswordTurn::Gone => return Err(Refusal::TicketExpired),
    };
    let hash = match service.ports.hasher.hash(password, &phone).await {
        Ok(Hashed::Hash(hash)) => hash,
        Ok(Hashed::TooWeak) => return Err(Refusal::PasswordTooWeak),
        Err(failure) => {
            log_failure(staging.cancel_password(&key).await);
            return Err(failure.into());
        }
    };
    match staging.set_password(&key, Purpose::Register, &hash, policy).await? {
        Advance::Done { expires_in } => Ok(expires_in),
        Advance::WrongStep(step) => Err(Refusal::WrongStep(step)),
        Advance::Gone => Err(Refusal::TicketExpired),
    }
}

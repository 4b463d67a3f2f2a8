//! Step 3: the password is hashed at once; only the hash waits in the flow.

use crate::domain::flow::Purpose;
use crate::domain::password::Password;
use crate::domain::ticket::Ticket;
use crate::flows::{Error, Service, new_password};
use crate::ports::Advance;
use std::time::Duration;

/// A person may come back from step 4 and choose another password. Returns how long the last step may take.
pub async fn set_password(service: &Service, ticket: &Ticket, password: Password) -> Result<Duration, Error> {
    let (_, hash) = new_password::hash(service, Purpose::Register, ticket, password).await?;
    let (staging, policy) = (&service.ports.staging, &service.policy.code);
    match staging.set_password(&ticket.flow_key(), Purpose::Register, &hash, policy).await? {
        Advance::Done { expires_in } => Ok(expires_in),
        Advance::WrongStep(step) => Err(Error::WrongStep(step)),
        Advance::Gone => Err(Error::TicketExpired),
    }
}

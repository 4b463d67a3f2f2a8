//! Step 3: the password is hashed at once; only the hash waits in the flow.

use crate::domain::flow::{Purpose, Step};
use crate::domain::password::Password;
use crate::domain::ticket::Ticket;
use crate::flows::{Refusal, Service};
use crate::ports::{Advance, Hashed};
use std::time::Duration;

/// Looks at the flow before it pays for a hash. A person may come back from step 4 and choose another password.
/// Returns how long the last step may take.
pub async fn set_password(service: &Service, ticket: &Ticket, password: Password) -> Result<Duration, Refusal> {
    let (staging, policy, key) = (&service.ports.staging, &service.policy.code, ticket.flow_key());
    let flow = staging.read_flow(&key, Purpose::Register, policy).await?.ok_or(Refusal::TicketExpired)?;
    if flow.state.step() < Step::PhoneVerified {
        return Err(Refusal::WrongStep(flow.state.step()));
    }
    let hash = match service.ports.hasher.hash(password, &flow.phone).await? {
        Hashed::Hash(hash) => hash,
        Hashed::TooWeak => return Err(Refusal::PasswordTooWeak),
    };
    match staging.set_password(&key, Purpose::Register, &hash, policy).await? {
        Advance::Done => Ok(policy.verified_life),
        Advance::WrongStep(step) => Err(Refusal::WrongStep(step)),
        Advance::Gone => Err(Refusal::TicketExpired),
    }
}

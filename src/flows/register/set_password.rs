//! Step 3: the password is hashed at once; only its hash is stored in the flow.

use crate::domain::flow::{Purpose, Step, Transition};
use crate::domain::password::NewPassword;
use crate::domain::ticket::Ticket;
use crate::flows::new_password::{advance, hash};
use crate::flows::otp::StepDone;
use crate::flows::{Error, Service};
use crate::ports::Change;

/// Stores the hash of the password. A user may go back from step 4 and choose another password.
pub async fn set_password(service: &Service, ticket: &Ticket, password: NewPassword) -> Result<StepDone, Error> {
    let (_, hash) = hash(service, Purpose::Register, ticket, password).await?;
    let (transition, change) = (Transition::SET_PASSWORD, Change::StorePasswordHash(hash));
    let expires_in = advance(service, Purpose::Register, ticket, &transition, &change).await?.expires_in;
    Ok(StepDone { step: transition.to.unwrap_or(Step::FIRST), expires_in })
}

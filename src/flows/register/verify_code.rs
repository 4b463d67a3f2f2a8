//! Step 2: whoever has the code has the phone.

use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::ticket::Ticket;
use crate::flows::{Error, Service, otp};
use std::time::Duration;

/// Returns how long the next steps may take.
pub async fn verify_code(service: &Service, ticket: &Ticket, given: &OneTimeCode) -> Result<Duration, Error> {
    otp::check(service, Purpose::Register, ticket, given).await?;
    Ok(service.policy.code.verified_life)
}

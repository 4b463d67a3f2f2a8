//! Step 2: the code proves the phone.

use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::ticket::Ticket;
use crate::flows::otp::{self, StepDone};
use crate::flows::{Error, Service};

pub async fn verify_code(service: &Service, ticket: &Ticket, given: &OneTimeCode) -> Result<StepDone, Error> {
    otp::verify(service, Purpose::Register, ticket, given).await
}

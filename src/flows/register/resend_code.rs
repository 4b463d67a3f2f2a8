//! Resend between steps 1 and 2, if the message did not arrive.

use crate::domain::flow::Purpose;
use crate::domain::ticket::Ticket;
use crate::flows::otp::{self, CodeSent};
use crate::flows::{Client, Error, Service};

pub async fn resend_code(service: &Service, ticket: Ticket, client: Client) -> Result<CodeSent, Error> {
    otp::resend_to_new_number(service, Purpose::Register, ticket, client).await
}

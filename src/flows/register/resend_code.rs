//! Between step 1 and 2: the message did not arrive.

use crate::domain::flow::Purpose;
use crate::domain::ticket::Ticket;
use crate::flows::otp::{self, CodeSent};
use crate::flows::{Client, Error, Service};
use std::sync::Arc;

pub async fn resend_code(service: &Arc<Service>, ticket: Ticket, client: Client) -> Result<CodeSent, Error> {
    otp::resend_to_newcomer(service, Purpose::Register, ticket, client).await
}

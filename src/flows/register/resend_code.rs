//! Between step 1 and 2: the message did not arrive.

use crate::domain::flow::Purpose;
use crate::domain::ticket::Ticket;
use crate::flows::code::{self, CodeSent};
use crate::flows::{Refusal, Service};
use std::net::IpAddr;
use std::sync::Arc;

pub async fn resend_code(service: &Arc<Service>, ticket: Ticket, client: IpAddr) -> Result<CodeSent, Refusal> {
    let conceal = service.policy.conceal_taken_phone;
    let resend = code::resend(Arc::clone(service), Purpose::Register, ticket, client, conceal);
    service.background.carry_through(resend).await
}

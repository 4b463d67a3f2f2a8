//! A code becomes a session. It goes out as every other does (see [`crate::flows::code::send_to_account`]).

use crate::domain::code::OneTimeCode;
use crate::domain::flow::Purpose;
use crate::domain::phone::Phone;
use crate::domain::session::DeviceName;
use crate::domain::ticket::Ticket;
use crate::flows::session::{self, SignedIn};
use crate::flows::{Refusal, Service, code};
use crate::ports::Proof;
use std::sync::Arc;

/// Checks the code and signs in. While the database is down the code stays good.
pub async fn with_code(
    service: &Arc<Service>,
    ticket: Ticket,
    given: OneTimeCode,
    device_name: Option<DeviceName>,
) -> Result<SignedIn, Refusal> {
    let sign_in = move |service, phone| sign_in(service, phone, device_name);
    code::redeem(service, Purpose::Login, ticket, given, sign_in).await
}

async fn sign_in(service: Arc<Service>, phone: Phone, device_name: Option<DeviceName>) -> Result<SignedIn, Refusal> {
    // Deleted, or moved to another phone, since the code was sent.
    let account = service.ports.users.by_phone(&phone).await?.ok_or(Refusal::TicketExpired)?;
    let signed_in = session::sign_in(&service, account.user, &Proof::Phone(phone), None, device_name).await?;
    signed_in.ok_or(Refusal::TicketExpired)
}

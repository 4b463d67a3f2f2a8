//! State of a flow of a signed-in user.

use crate::domain::flow::{Flow, Purpose};
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, UserId};
use crate::flows::session::Caller;
use crate::flows::{Error, Service, otp};

/// Reads a flow of the caller. A flow from before a change of the credentials has expired: its code is worth nothing.
pub async fn status(
    service: &Service,
    caller: &Caller,
    purpose: fn(UserId) -> Purpose,
    ticket: &Ticket,
) -> Result<Flow, Error> {
    let flow = otp::status(service, purpose(caller.user.id), ticket).await?;
    if flow.account == Some(AccountVersion::of(&caller.user)) { Ok(flow) } else { Err(Error::TicketExpired) }
}

//! State of a flow, for an app that was killed and started again.

use crate::domain::flow::{Flow, Purpose};
use crate::domain::ticket::Ticket;
use crate::flows::error::Error;
use crate::flows::service::Service;

/// Reads a flow. One staging round trip, and the same for a decoy.
pub async fn status(service: &Service, purpose: Purpose, ticket: &Ticket) -> Result<Flow, Error> {
    service.ports.staging.read_flow(&ticket.flow_key(), purpose).await?.ok_or(Error::TicketExpired)
}

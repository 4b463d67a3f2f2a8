//! State of a flow, for an app that was killed and started again.

use crate::domain::flow::{Flow, Purpose};
use crate::domain::ticket::Ticket;
use crate::flows::{Error, Service};

pub async fn status(service: &Service, ticket: &Ticket) -> Result<Flow, Error> {
    let flow = service.ports.staging.read_flow(&ticket.flow_key(), Purpose::Register).await?;
    flow.ok_or(Error::TicketExpired)
}

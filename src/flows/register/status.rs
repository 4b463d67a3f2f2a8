//! For an app that was killed and came back: where the flow stands.

use crate::domain::flow::{Flow, Purpose};
use crate::domain::ticket::Ticket;
use crate::flows::{Error, Service};

pub async fn status(service: &Service, ticket: &Ticket) -> Result<Flow, Error> {
    let flow = service.ports.staging.read_flow(&ticket.flow_key(), Purpose::Register, &service.policy.code).await?;
    flow.ok_or(Error::TicketExpired)
}

//! Fairness between clients: the service serves waiting requests in turn, by IP block and session.

use crate::domain::ip_block::{AddressBlocks, Nat64};
use crate::ports::fairness::{Requester, on_behalf_of, requester};
use std::future::Future;
use std::net::IpAddr;

/// Runs the work of one request of a client.
pub fn for_client<F: Future>(client: IpAddr, nat64: &Nat64, work: F) -> impl Future<Output = F::Output> + use<F> {
    let ip_blocks = AddressBlocks::new(client, nat64);
    on_behalf_of(Requester { ip_blocks: Some(ip_blocks), session: None }, work)
}

/// Returns work that another task does for the requester of this one.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    on_behalf_of(requester(), work)
}

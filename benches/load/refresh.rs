//! Cost of a refresh: many devices, each with the token of its last refresh.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::devices;
use crate::report::Report;
use crate::session_requests::Tokens;
use crate::session_round::Costs;

/// An odd number, for the median.
const ROUNDS: usize = 5;
/// Refreshes in a row on each device.
const CHAIN: usize = 100;

pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    report.heading(&format!("Refresh ({kind:?} back ends), 64 devices, {CHAIN} in a row; processor time per request"));
    let mut server = back_ends.serve(kind);
    server.first_response("/readyz").await;
    let (mut devices, mut costs) = (devices::sign_in(back_ends, kind, &server).await, Costs::default());
    for _ in 0..ROUNDS {
        let requests = devices.len() * CHAIN;
        let chain = async |client: &mut Client, device: Tokens| devices::refresh(client, device, CHAIN).await;
        let pairs = costs.round("refresh", (back_ends, &server), requests, devices, chain).await;
        devices = pairs.into_iter().filter_map(|mut pairs| pairs.pop()).collect();
    }
    costs.report("refresh", report);
}

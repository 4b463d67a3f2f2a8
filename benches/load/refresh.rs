//! Cost of a refresh for the server: many devices, each with the token of its last refresh.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::devices;
use crate::report::{Report, median};
use crate::round::round;
use crate::session_requests::Tokens;

/// An odd number, for the median.
const ROUNDS: usize = 5;
/// Refreshes in a row on each device.
const CHAIN: usize = 200;

pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    report.heading(&format!("Refresh ({kind:?} back ends), 64 devices, {CHAIN} in a row; processor time per request"));
    let mut server = back_ends.serve(kind);
    server.first_response("/readyz").await;
    let mut devices = devices::sign_in(back_ends, kind, &server).await;
    let (mut costs, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let requests = devices.len() * CHAIN;
        let chain = async |client: &mut Client, device: Tokens| devices::refresh(client, device, CHAIN).await;
        let (cost, pairs) = round(&server, requests, devices, chain).await;
        println!("  refresh {cost}");
        costs.push(cost.server);
        rates.push(cost.per_second);
        devices = pairs.into_iter().filter_map(|mut pairs| pairs.pop()).collect();
    }
    report.note("refresh, server", &format!("{:.1} us", median(costs)));
    report.note("refreshes per second", &format!("{:.0}", median(rates)));
}

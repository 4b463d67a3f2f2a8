//! What it costs the server to tell whose a request is: with a token that came before, and with one that never did.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::crowd;
use crate::devices;
use crate::report::{Report, median};
use crate::round::{CONNECTIONS, round};
use crate::signed_in::{self, Tokens};
use std::iter::repeat_n;

/// An odd number, for the median.
const ROUNDS: usize = 5;
/// Tokens of each device, and requests with each device's own.
const TOKENS: usize = 250;

/// Alternates rounds of both, so that whatever else the machine does meets both.
pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    report.heading(&format!("GET /v1/me ({kind:?} back ends), 64 devices; processor time per request"));
    let mut server = back_ends.serve(kind);
    server.first_answer("/readyz").await;
    let mut devices = devices::sign_in(back_ends, kind, &server).await;
    let (mut remembered, mut fresh, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let refresh = async |client: &mut Client, device: Tokens| devices::refresh(client, device, TOKENS).await;
        let mut pairs = crowd::each(server.port, CONNECTIONS, devices, refresh).await;
        devices = pairs.iter_mut().filter_map(Vec::pop).collect();
        let once: Vec<String> = pairs.into_iter().flatten().map(|pair| pair.access).collect();
        let often: Vec<String> = devices.iter().flat_map(|device| repeat_n(device.access.clone(), TOKENS)).collect();
        let ask = async |client: &mut Client, token: String| signed_in::me(client, &token).await;
        let (first, _) = round(&server, once.len(), once, ask).await;
        let (again, _) = round(&server, often.len(), often, ask).await;
        println!("  remembered {again}; new {first}");
        remembered.push(again.server);
        fresh.push(first.server);
        rates.push(again.per_second);
    }
    report.note("GET /v1/me, server, a token that came before", &format!("{:.1} us", median(remembered)));
    report.note("GET /v1/me, server, a token that never came", &format!("{:.1} us", median(fresh)));
    report.note("a second, with tokens that came before", &format!("{:.0}", median(rates)));
}

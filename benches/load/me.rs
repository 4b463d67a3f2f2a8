//! Cost of the access token in a request, for a token that the server has seen before and for a new one.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::concurrent;
use crate::devices;
use crate::report::Report;
use crate::session_requests::{self, Tokens};
use crate::session_round::{CONNECTIONS, Costs};
use std::iter::repeat_n;

/// An odd number, for the median.
const ROUNDS: usize = 5;
/// Number of new tokens per device, and of requests with the current token of each device.
const TOKENS: usize = 100;

/// Alternates rounds of both, so that other programs on the machine affect both alike.
pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    report.heading(&format!("GET /v1/me ({kind:?} back ends), 64 devices; processor time per request"));
    let mut server = back_ends.serve(kind);
    server.first_response("/readyz").await;
    let mut devices = devices::sign_in(back_ends, kind, &server).await;
    let (mut seen, mut new) = (Costs::default(), Costs::default());
    for _ in 0..ROUNDS {
        let refresh = async |client: &mut Client, device: Tokens| devices::refresh(client, device, TOKENS).await;
        let mut pairs = concurrent::run_all(server.port, CONNECTIONS, devices, refresh).await;
        devices = pairs.iter_mut().filter_map(Vec::pop).collect();
        let new_tokens: Vec<String> = pairs.into_iter().flatten().map(|pair| pair.access).collect();
        let seen_tokens: Vec<String> =
            devices.iter().flat_map(|device| repeat_n(device.access.clone(), TOKENS)).collect();
        let request = async |client: &mut Client, token: String| session_requests::me(client, &token).await;
        new.round("new", (back_ends, &server), new_tokens.len(), new_tokens, request).await;
        seen.round("seen before", (back_ends, &server), seen_tokens.len(), seen_tokens, request).await;
    }
    seen.report("GET /v1/me, a token seen before", report);
    new.report("GET /v1/me, a new token", report);
}

//! Signed-in devices, one per account.

use crate::accounts;
use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::concurrent;
use crate::server::Server;
use crate::session_requests::{self, Tokens};
use crate::sign_up_requests::Unexpected;

const DEVICES: u32 = 64;

pub async fn sign_in(back_ends: &BackEnds, kind: Kind, server: &Server) -> Vec<Tokens> {
    let numbers = accounts::numbers(DEVICES);
    accounts::insert(back_ends, kind, numbers.clone(), 1).await;
    // Two connections, because two hashes run at a time: the first hashes must not affect the later measurement.
    concurrent::run_all(server.port, 2, numbers.collect(), session_requests::log_in).await
}

/// Refreshes this number of times, each time with the newest token. Returns all pairs of tokens; the last one is
/// current.
pub async fn refresh(client: &mut Client, device: Tokens, times: usize) -> Result<Vec<Tokens>, Unexpected> {
    let mut pairs = vec![device];
    for _ in 0..times {
        let pair = session_requests::refresh(client, &pairs[pairs.len() - 1].refresh).await?;
        pairs.push(pair);
    }
    Ok(pairs.split_off(1))
}

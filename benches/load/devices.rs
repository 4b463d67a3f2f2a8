//! Signed-in devices, each of an account of its own.

use crate::accounts;
use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::crowd;
use crate::server::Server;
use crate::sign_up::Surprise;
use crate::signed_in::{self, Tokens};

const DEVICES: u32 = 64;

pub async fn sign_in(back_ends: &BackEnds, kind: Kind, server: &Server) -> Vec<Tokens> {
    let numbers = accounts::numbers(DEVICES);
    accounts::insert(back_ends, kind, numbers.clone(), 1).await;
    // No more at a time than hash: what comes with the first hashes is not what is measured afterwards.
    crowd::each(server.port, 2, numbers.collect(), signed_in::log_in).await
}

/// Refreshes so often, each time with the token of the time before. The last pair of tokens is the device's.
pub async fn refresh(client: &mut Client, device: Tokens, times: usize) -> Result<Vec<Tokens>, Surprise> {
    let mut pairs = vec![device];
    for _ in 0..times {
        let pair = signed_in::refresh(client, &pairs[pairs.len() - 1].refresh).await?;
        pairs.push(pair);
    }
    Ok(pairs.split_off(1))
}

//! Cost of a request: the processor time of a round of many requests.

use crate::client::Client;
use crate::concurrent;
use crate::process;
use crate::server::Server;
use crate::sign_up_requests::Unexpected;
use std::fmt;
use std::time::{Duration, Instant};

pub const CONNECTIONS: usize = 32;

/// Microseconds of processor time per request.
pub struct Cost {
    pub server: f64,
    client: f64,
    /// Number of times that a thread of the server has waited, per request.
    waits: f64,
    pub per_second: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, client, waits, per_second } = self;
        write!(f, "{server:.1} us server ({waits:.2} waits) + {client:.1} us client, {per_second:.0}/s")
    }
}

/// Runs every job once, `requests` requests in total. Returns the cost per request, and the results.
pub async fn round<J: 'static, R: 'static>(
    server: &Server,
    requests: usize,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
) -> (Cost, Vec<R>) {
    round_over(CONNECTIONS, server, requests, jobs, work).await
}

/// Does the same over this number of connections.
pub async fn round_over<J: 'static, R: 'static>(
    connections: usize,
    server: &Server,
    requests: usize,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
) -> (Cost, Vec<R>) {
    let (started, requests) = (Instant::now(), requests as f64);
    let waits = process::waits(server.pid());
    let (before, own) = (server.cpu(), process::cpu(std::process::id()));
    let results = concurrent::run_all(server.port, connections, jobs, work).await;
    let per_request = |after: Duration, before: Duration| (after - before).as_secs_f64() * 1e6 / requests;
    let cost = Cost {
        server: per_request(server.cpu(), before),
        waits: process::waits(server.pid()).saturating_sub(waits) as f64 / requests,
        client: per_request(process::cpu(std::process::id()), own),
        per_second: requests / started.elapsed().as_secs_f64(),
    };
    (cost, results)
}

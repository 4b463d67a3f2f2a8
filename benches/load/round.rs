//! What a request costs: the processor time of a round of many.

use crate::client::Client;
use crate::crowd;
use crate::process;
use crate::server::Server;
use crate::sign_up::Surprise;
use std::fmt;
use std::time::{Duration, Instant};

pub const CONNECTIONS: usize = 32;

/// Microseconds of processor time per request.
pub struct Cost {
    pub server: f64,
    client: f64,
    pub per_second: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, client, per_second } = self;
        write!(f, "{server:.1} us server + {client:.1} us client, {per_second:.0}/s")
    }
}

/// Does every job once, `requests` requests in all, and returns what came of them too.
pub async fn round<J: 'static, R: 'static>(
    server: &Server,
    requests: usize,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Surprise> + 'static,
) -> (Cost, Vec<R>) {
    let (started, requests) = (Instant::now(), requests as f64);
    let (before, own) = (server.cpu(), process::cpu(std::process::id()));
    let results = crowd::each(server.port, CONNECTIONS, jobs, work).await;
    let each = |after: Duration, before: Duration| (after - before).as_secs_f64() * 1e6 / requests;
    let cost = Cost {
        server: each(server.cpu(), before),
        client: each(process::cpu(std::process::id()), own),
        per_second: requests / started.elapsed().as_secs_f64(),
    };
    (cost, results)
}

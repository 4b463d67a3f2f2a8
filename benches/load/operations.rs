//! Processor time of one request of each kind, for one process of the service or for several on the same back ends.

use crate::back_ends::BackEnds;
use crate::client::Client;
use crate::concurrent;
use crate::report::{Report, median};
use crate::requests::{Operation, Prepared};
use crate::server::Server;
use crate::sign_up_requests::{self, LETTERS};
use std::fmt;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An odd number, for the median.
const ROUNDS: usize = 3;
/// Connections of all processes together.
const CONNECTIONS: usize = 16;

/// Load of a round, and processes that get it.
#[derive(Clone, Copy)]
pub struct Load {
    requests: u32,
    /// Requests a second; `None`: as many as the clients can send.
    per_second: Option<f64>,
    /// HTTP workers of all processes together; `None`: the default of each.
    workers: Option<usize>,
}

pub const FULL: Load = Load { requests: 8_000, per_second: None, workers: None };
/// Load that one process or several can serve. At full load, one process has more requests for each wake-up than
/// several.
pub const STEADY: Load = Load { requests: 4_000, per_second: Some(1_000.0), workers: Some(4) };
/// Limit of the cost with several processes, in proportion to one.
const GROWTH: f64 = 1.10;

/// Measures with each of these numbers of processes. Alternates between them, so that other programs on the machine
/// affect all alike.
pub async fn measure(back_ends: &Arc<BackEnds>, processes: &[usize], load: Load, report: &mut Report) {
    report.heading(&format!("Redis and PostgreSQL, {CONNECTIONS} connections; microseconds of processor time"));
    let mut groups = Vec::new();
    for count in processes {
        groups.push(start(back_ends, *count, load.workers).await);
    }
    measure_bare(back_ends, report).await;
    for operation in Operation::ALL {
        let mut costs: Vec<Vec<Cost>> = processes.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (servers, costs) in groups.iter().zip(&mut costs) {
                let requests = operation.prepare(back_ends, servers[0].port, load.requests).await;
                costs.push(round(back_ends, servers, load.per_second, requests).await);
            }
        }
        let medians: Vec<Cost> = costs.iter().map(|costs| Cost::median(costs)).collect();
        for (count, cost) in processes.iter().zip(&medians) {
            report.note(&format!("{}, processes: {count}", operation.name()), &cost.to_string());
            let (name, growth) = (format!("{}, {count} to 1", operation.name()), cost.sum() / medians[0].sum());
            if *count > 1 {
                report.check(&name, &format!("{growth:.2}"), &format!("< {GROWTH:.2}"), growth < GROWTH);
            }
        }
    }
}

/// Starts this number of processes, which share the workers.
async fn start(back_ends: &BackEnds, processes: usize, workers: Option<usize>) -> Vec<Server> {
    let workers = workers.map(|workers| ("WORKERS", (workers / processes).to_string()));
    let mut servers = Vec::new();
    for _ in 0..processes {
        let mut server = back_ends.serve_with(workers.as_slice());
        server.first_response("/readyz").await;
        sign_up_requests::captchas_for(server.port, LETTERS).await;
        servers.push(server);
    }
    servers
}

/// Measures the bare handler, a lower bound for every operation that Redis takes part in.
async fn measure_bare(back_ends: &BackEnds, report: &mut Report) {
    let mut bare = Server::bare(&back_ends.redis.url());
    bare.first_response("/").await;
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let requests = (0..FULL.requests).map(|_| Prepared::get("/", String::new())).collect();
        costs.push(round(back_ends, slice::from_ref(&bare), None, requests).await);
    }
    report.note("bare handler with one EVALSHA", &Cost::median(&costs).to_string());
}

/// Sends each request once, at this rate or as fast as possible. Returns the cost of one.
pub async fn round(back_ends: &BackEnds, servers: &[Server], per_second: Option<f64>, requests: Vec<Prepared>) -> Cost {
    let (count, ports) = (requests.len() as f64, servers.iter().map(|server| server.port).collect());
    let (before, started) = (Times::now(back_ends, servers), Instant::now());
    concurrent::run_all_on(ports, CONNECTIONS, per_second, requests, async |client: &mut Client, request: Prepared| {
        request.send(client).await
    })
    .await;
    let rate = count / started.elapsed().as_secs_f64();
    let after = Times::now(back_ends, servers);
    let micros = |after: Duration, before: Duration| after.saturating_sub(before).as_secs_f64() * 1e6 / count;
    Cost {
        server: micros(after.server, before.server),
        redis: micros(after.redis, before.redis),
        postgres: micros(after.postgres, before.postgres),
        rate,
    }
}

/// Processor time since the start of the processes.
struct Times {
    server: Duration,
    redis: Duration,
    postgres: Duration,
}

impl Times {
    fn now(back_ends: &BackEnds, servers: &[Server]) -> Self {
        Self {
            server: servers.iter().map(Server::cpu).sum(),
            redis: back_ends.redis_cpu(),
            postgres: back_ends.postgres_cpu(),
        }
    }
}

/// Microseconds of processor time for one request.
pub struct Cost {
    server: f64,
    redis: f64,
    postgres: f64,
    /// Requests per second, by wall clock.
    rate: f64,
}

impl Cost {
    /// Median of each part.
    pub fn median(costs: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| median(costs.iter().map(part).collect());
        Self {
            server: of(|cost| cost.server),
            redis: of(|cost| cost.redis),
            postgres: of(|cost| cost.postgres),
            rate: of(|cost| cost.rate),
        }
    }

    const fn sum(&self) -> f64 {
        self.server + self.redis + self.postgres
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, redis, postgres, rate } = self;
        write!(f, "{:.0}: server {server:.0}, Redis {redis:.0}, PostgreSQL {postgres:.0}; {rate:.0}/s", self.sum())
    }
}

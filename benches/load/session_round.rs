//! Cost of a request with a session: processor time of the server and of PostgreSQL.

use crate::back_ends::BackEnds;
use crate::client::Client;
use crate::report::{Report, median};
use crate::round::{Cost, round_over};
use crate::server::Server;
use crate::sign_up_requests::Unexpected;

/// Connections of the clients, as in the comparison with other programs (docs/comparison.md).
pub const CONNECTIONS: usize = 16;

/// Costs of the rounds so far.
#[derive(Default)]
pub struct Costs {
    server: Vec<f64>,
    postgres: Vec<f64>,
    both: Vec<f64>,
    per_second: Vec<f64>,
}

impl Costs {
    /// Runs every job once, `requests` requests in total. Prints and keeps the cost, and returns the results.
    pub async fn round<J: 'static, R: 'static>(
        &mut self,
        name: &str,
        (back_ends, server): (&BackEnds, &Server),
        requests: usize,
        jobs: Vec<J>,
        work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
    ) -> Vec<R> {
        let (before, waits) = (back_ends.postgres_cpu(), back_ends.postgres_waits());
        let (cost, results) = round_over(CONNECTIONS, server, requests, jobs, work).await;
        let postgres = (back_ends.postgres_cpu() - before).as_secs_f64() * 1e6 / requests as f64;
        let waits = back_ends.postgres_waits().saturating_sub(waits) as f64 / requests as f64;
        println!("  {name} {cost}, {postgres:.1} us PostgreSQL ({waits:.2} waits)");
        let Cost { server, per_second, .. } = cost;
        self.server.push(server);
        self.postgres.push(postgres);
        self.both.push(server + postgres);
        self.per_second.push(per_second);
        results
    }

    /// Prints the medians.
    pub fn report(self, name: &str, report: &Report) {
        let us = |figures| format!("{:.1} us", median(figures));
        report.note(&format!("{name}, server"), &us(self.server));
        report.note(&format!("{name}, PostgreSQL"), &us(self.postgres));
        report.note(&format!("{name}, both"), &us(self.both));
        report.note(&format!("{name}, per second"), &format!("{:.0}", median(self.per_second)));
    }
}

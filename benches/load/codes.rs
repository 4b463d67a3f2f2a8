//! Cost of a captcha and of send-code, for the server, Redis and PostgreSQL.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::report::{Report, median};
use crate::round::{Cost, round};
use crate::server::Server;
use crate::sign_up_requests::{self, LETTERS, Unexpected};
use std::fmt;

/// An odd number, for the median.
const ROUNDS: usize = 5;
const REQUESTS: usize = 10_000;

/// Microseconds of processor time per request.
struct Costs {
    server: f64,
    redis: f64,
    postgres: f64,
    /// Commands that Redis receives, without those of scripts.
    commands: f64,
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, redis, postgres, commands } = self;
        write!(f, "server {server:.1} us, Redis {redis:.1} us ({commands:.2} commands), PostgreSQL {postgres:.1} us")
    }
}

/// Alternates rounds of both: each code needs a captcha.
pub async fn measure(back_ends: &BackEnds, report: &mut Report) {
    report.heading("Captcha and send-code (Redis and PostgreSQL), 32 connections; processor time per request");
    let mut server = back_ends.serve(Kind::Real);
    server.first_response("/readyz").await;
    sign_up_requests::captchas_for(server.port, LETTERS).await;
    let (mut captchas, mut codes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let captcha = async |client: &mut Client, ()| sign_up_requests::captcha(client).await;
        let (cost, ids) = costs(back_ends, &server, vec![(); REQUESTS], captcha).await;
        println!("  captcha   {cost}");
        captchas.push(cost);
        let jobs = ids.into_iter().map(|id| (sign_up_requests::fresh_phone(), id)).collect();
        let send_code = async |client: &mut Client, (phone, captcha): (String, String)| {
            sign_up_requests::send_code(client, &phone, &captcha).await.map(drop)
        };
        let (cost, _) = costs(back_ends, &server, jobs, send_code).await;
        println!("  send-code {cost}");
        codes.push(cost);
    }
    let of = |costs: &[Costs], part: fn(&Costs) -> f64| median(costs.iter().map(part).collect());
    let server = of(&captchas, |costs| costs.server);
    report.check("captcha, server", &format!("{server:.1} us"), "< 30 us", server < 30.0);
    report.note("captcha, Redis", &format!("{:.1} us", of(&captchas, |costs| costs.redis)));
    let redis = of(&codes, |costs| costs.redis);
    report.check("send-code, Redis", &format!("{redis:.1} us"), "< 120 us", redis < 120.0);
    let all = of(&codes, |costs| costs.server + costs.redis + costs.postgres);
    report.check("send-code, server, Redis and PostgreSQL", &format!("{all:.1} us"), "< 450 us", all < 450.0);
}

/// Runs every job once. Returns the costs per request, and the results.
async fn costs<J: 'static, R: 'static>(
    back_ends: &BackEnds,
    server: &Server,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
) -> (Costs, Vec<R>) {
    let requests = jobs.len();
    let (redis, postgres, commands) = (back_ends.redis_cpu(), back_ends.postgres_cpu(), back_ends.redis_commands());
    let (Cost { server, .. }, results) = round(server, requests, jobs, work).await;
    let per_request = |figure: f64| figure / requests as f64;
    let costs = Costs {
        server,
        redis: per_request((back_ends.redis_cpu() - redis).as_secs_f64() * 1e6),
        postgres: per_request((back_ends.postgres_cpu() - postgres).as_secs_f64() * 1e6),
        commands: per_request(back_ends.redis_commands() - commands),
    };
    (costs, results)
}

//! The complete service under load: the release binary as a separate process, over real HTTP, against its targets.
//!
//! `cargo bench --bench load` runs all parts on both pairs of back ends. Arguments select parts and a pair:
//! `cargo bench --bench load -- login me real`. With `fsync`, PostgreSQL waits for the disk as in production.
//! `BENCH_PROGRAM=path` measures another build. See docs/performance.md. Exits with 1 if a target is missed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark may panic, and prints its results"
)]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod accounts;
mod back_ends;
mod bare_handler;
mod client;
mod codes;
mod concurrent;
mod devices;
mod distribution;
mod hashing;
mod hashing_ratio;
mod http_captcha;
mod instructions;
mod login;
mod me;
mod operations;
mod process;
mod refresh;
mod refusal;
mod report;
mod requests;
mod round;
mod round_trips;
mod server;
mod session_requests;
mod session_round;
mod sessions;
mod sign_up;
mod sign_up_requests;
mod start;
mod table;
mod timing;
mod verify_code;

use back_ends::{BackEnds, Kind};
use report::Report;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Argument that makes PostgreSQL durable.
const FSYNC: &str = "fsync";
const KINDS: [(&str, Kind); 2] = [("real", Kind::Real), ("embedded", Kind::Embedded)];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, port, redis] = &arguments[..]
        && mode == bare_handler::MODE
    {
        bare_handler::serve(port.parse().unwrap(), redis);
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` runs this program without `--bench`: then it must not measure.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let names: Vec<&str> = arguments.iter().map(String::as_str).filter(|name| !name.starts_with('-')).collect();
    let (durable, names): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| *name == FSYNC);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    if LocalSet::new().block_on(&runtime, run(&names, !durable.is_empty())) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Measures the selected parts on the selected back ends, or all of them. Returns whether every target was met.
async fn run(names: &[&str], durable: bool) -> bool {
    let (kinds, parts): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| KINDS.iter().any(|(kind, _)| kind == *name));
    let selected = |part| parts.is_empty() || parts.contains(&part);
    let (back_ends, mut report) = (Arc::new(BackEnds::start(durable)), Report::default());
    if selected("round-trips") {
        round_trips::count(&back_ends, &mut report).await;
    }
    if selected("scale") {
        operations::measure(&back_ends, &[1, 2, 4], operations::STEADY, &mut report).await;
    }
    // The parts below run only if they are named.
    if parts.contains(&"operations") {
        operations::measure(&back_ends, &[1], operations::FULL, &mut report).await;
    }
    if parts.contains(&"table") {
        table::measure(&back_ends, &mut report).await;
    }
    if parts.contains(&"instructions") {
        instructions::measure(&back_ends, parts.contains(&instructions::WRITE), &mut report).await;
    }
    if selected("start") {
        start::measure(&back_ends, &mut report).await;
    }
    if selected("verify-code") {
        verify_code::measure(&back_ends, &mut report).await;
    }
    if selected("captcha") || selected("send-code") {
        codes::measure(&back_ends, &mut report).await;
    }
    if selected("refusal") {
        refusal::measure(&back_ends, &mut report).await;
    }
    if selected("http-captcha") {
        http_captcha::measure(&back_ends, &mut report).await;
    }
    for (_, kind) in KINDS.into_iter().filter(|(name, _)| kinds.is_empty() || kinds.contains(name)) {
        if selected("refresh") {
            refresh::measure(&back_ends, kind, &mut report).await;
        }
        if selected("me") {
            me::measure(&back_ends, kind, &mut report).await;
        }
        if selected("timing") {
            timing::measure(&back_ends, kind, &mut report).await;
        }
        if selected("sign-up") {
            sign_up::measure(&back_ends, kind, &mut report).await;
        }
        if selected("login") {
            login::measure(&back_ends, kind, &mut report).await;
        }
    }
    report.close()
}

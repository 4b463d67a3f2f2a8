//! The whole service under load: the release binary as a process of its own, over real HTTP, against its targets.
//!
//! `cargo bench --bench load`, or parts of it, on one pair of back ends or both: `cargo bench --bench load -- login me real`.
//! See docs/performance.md. Exits with 1 if a target is missed.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a run that cannot measure ends; one that can prints")]

#[expect(dead_code, reason = "tests use the rest")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod accounts;
mod back_ends;
mod bare;
mod beside_hashing;
mod client;
mod crowd;
mod devices;
mod distribution;
mod hashing;
mod login;
mod me;
mod process;
mod refresh;
mod report;
mod round;
mod round_trips;
mod server;
mod sign_up;
mod signed_in;
mod start;
mod timing;
mod verify_code;
mod whole_flow;

use back_ends::{BackEnds, Kind};
use report::Report;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

const KINDS: [(&str, Kind); 2] = [("real", Kind::Real), ("embedded", Kind::Embedded)];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, port, redis] = &arguments[..]
        && mode == "bare"
    {
        bare::serve(port.parse().unwrap(), redis);
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` runs this too, without that word, and wants no load.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    if LocalSet::new().block_on(&runtime, run(&words)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures these parts over these back ends, or all if none is named.
async fn run(words: &[&str]) -> bool {
    let (kinds, parts): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| KINDS.iter().any(|(name, _)| name == *word));
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let (back_ends, mut report) = (Arc::new(BackEnds::start()), Report::default());
    if wanted("round-trips") {
        round_trips::count(&back_ends, &mut report).await;
    }
    if wanted("start") {
        start::measure(&back_ends, &mut report).await;
    }
    if wanted("verify-code") {
        verify_code::measure(&back_ends, &mut report).await;
    }
    for (_, kind) in KINDS.into_iter().filter(|(name, _)| kinds.is_empty() || kinds.contains(name)) {
        if wanted("refresh") {
            refresh::measure(&back_ends, kind, &mut report).await;
        }
        if wanted("me") {
            me::measure(&back_ends, kind, &mut report).await;
        }
        if wanted("timing") {
            timing::measure(&back_ends, kind, &mut report).await;
        }
        if wanted("sign-up") {
            whole_flow::measure(&back_ends, kind, &mut report).await;
        }
        if wanted("login") {
            login::measure(&back_ends, kind, &mut report).await;
        }
    }
    report.close()
}

//! Table of the outcomes, as in docs/reliability.md.

use crate::scenario::Outcome;
use std::io::{Write, stdout};
use std::time::Duration;

pub fn print(text: &str) {
    let mut out = stdout();
    out.write_all(text.as_bytes()).unwrap();
    out.write_all(b"\n").unwrap();
    out.flush().unwrap();
}

/// One line while the scenarios run.
pub fn print_progress(outcome: &Outcome) {
    let held = if outcome.violations.is_empty() { "ok" } else { "FAILED" };
    print(&format!("{held} {}: {}", outcome.name, outcome.summary));
    for violation in &outcome.violations {
        print(&format!("    {violation}"));
    }
}

pub fn table(outcomes: &[Outcome]) -> String {
    let head =
        "| Scenario | Requests | Failed in the fault | Longest failure | Recovery | Held |\n|---|---|---|---|---|---|";
    let mut lines = vec![head.to_owned()];
    for outcome in outcomes {
        let recovery = outcome.recovery.map_or_else(|| "none".to_owned(), seconds);
        let held = match outcome.violations.as_slice() {
            [] => "yes".to_owned(),
            [first] => format!("no: {first}"),
            [first, others @ ..] => format!("no: {first}, and {} more", others.len()),
        };
        let Outcome { name, requests, failed_in_fault, longest, .. } = outcome;
        let longest = seconds(*longest);
        lines.push(format!("| {name} | {requests} | {failed_in_fault} | {longest} | {recovery} | {held} |"));
    }
    lines.join("\n")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

//! Faults of stores, networks, the SMS provider and replicas, injected while simulated users work on two replicas of
//! the real program. `cargo test` runs a dose; `make faults` (`--whole`) runs every scenario with more users and longer
//! faults; `--all` runs every scenario with the users of the dose. Words among the arguments select scenarios by their
//! names.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

mod invariants;
mod postgres;
mod probe;
mod provider;
mod proxy;
mod redis;
mod report;
mod scenario;
mod service;
mod setup;
mod tally;
mod users;

use scenario::{Dose, Outcome, Scenario};
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// A few users on two cores. Scenarios run at the same time, because they wait most of the time.
const DOSE: Dose =
    Dose { is_whole: false, users: 6, pause: Duration::from_millis(60), deadline: Duration::from_secs(20), jobs: 6 };

const WHOLE: Dose =
    Dose { is_whole: true, users: 64, pause: Duration::from_millis(400), deadline: Duration::from_secs(120), jobs: 1 };

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, words): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    let has_flag = |name: &str| flags.iter().any(|flag| *flag == name);
    let dose = if has_flag("--whole") { WHOLE } else { DOSE };
    let all = [redis::SCENARIOS, postgres::SCENARIOS, provider::SCENARIOS, service::SCENARIOS];
    let is_selected = |scenario: &&Scenario| {
        let is_named = words.is_empty() || words.iter().any(|word| scenario.name.contains(word.as_str()));
        is_named && (dose.is_whole || has_flag("--all") || scenario.in_dose.is_some())
    };
    let selected: Vec<_> = all.into_iter().flatten().filter(is_selected).collect();
    let begun = Instant::now();
    let outcomes = run_all(&selected, dose);
    report::print(&format!("\n{}\n", report::table(&outcomes)));
    let failed = outcomes.iter().filter(|outcome| !outcome.violations.is_empty()).count();
    let (all, time) = (outcomes.len(), begun.elapsed().as_secs());
    report::print(&format!("{all} scenarios, {failed} failed, {} users, {time} s", dose.users));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the scenarios, some at the same time. Returns their outcomes in order.
fn run_all(scenarios: &[&Scenario], dose: Dose) -> Vec<Outcome> {
    let queue: Mutex<VecDeque<_>> = Mutex::new(scenarios.iter().enumerate().collect());
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..dose.jobs {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop_front();
                    let Some((number, scenario)) = next else { break };
                    let outcome = run(scenario, dose);
                    report::print_progress(&outcome);
                    outcomes.lock().unwrap().push((number, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Runs one scenario. A panic of the set-up is a failure of this scenario only.
fn run(scenario: &Scenario, dose: Dose) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| scenario.run(dose))).unwrap_or_else(|panic| Outcome {
        name: scenario.name,
        requests: 0,
        failed_in_fault: 0,
        longest: Duration::ZERO,
        recovery: None,
        violations: vec![format!("the scenario did not run: {}", text_of(&*panic))],
        summary: String::new(),
    })
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

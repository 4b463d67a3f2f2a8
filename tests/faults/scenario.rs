//! A scenario: users, a fault in the middle, and what must hold during and after it.

use crate::invariants;
use crate::probe;
use crate::setup::{Setup, Stores};
use crate::tally::{Counts, Tally};
use crate::users::{Account, Place, User};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Longest time from the end of a fault to the beginning of a series without failures.
const RECOVERY: Duration = Duration::from_secs(10);

pub struct Scenario {
    pub name: &'static str,
    pub inject: fn(&mut Setup, Duration),
    pub stores: Stores,
    /// Duration of the fault.
    pub lasts: Duration,
    /// Duration in the dose that `cargo test` runs; `None`: it is not part of the dose.
    pub in_dose: Option<Duration>,
    /// Redis may lose what it has confirmed.
    pub loses_staging: bool,
}

/// Number of users, and duration.
#[derive(Debug, Clone, Copy)]
pub struct Dose {
    pub is_whole: bool,
    pub users: usize,
    /// Mean pause of a user between two actions.
    pub pause: Duration,
    /// Longest wait for the recovery.
    pub deadline: Duration,
    /// Scenarios at the same time.
    pub jobs: usize,
}

/// Result of a scenario.
pub struct Outcome {
    pub name: &'static str,
    pub requests: usize,
    pub failed_in_fault: usize,
    pub longest: Duration,
    pub recovery: Option<Duration>,
    pub violations: Vec<String>,
    /// Requests, failures and detours in one line.
    pub summary: String,
}

impl Scenario {
    pub const fn new(name: &'static str, seconds: u64, inject: fn(&mut Setup, Duration)) -> Self {
        let lasts = Duration::from_secs(seconds);
        Self { name, inject, stores: Stores::Standard, lasts, in_dose: None, loses_staging: false }
    }

    pub const fn with(self, stores: Stores) -> Self {
        Self { stores, ..self }
    }

    /// Makes it a part of `cargo test`, with a fault of this duration.
    pub const fn in_dose(self, seconds: u64) -> Self {
        Self { in_dose: Some(Duration::from_secs(seconds)), ..self }
    }

    pub const fn loses_staging(self) -> Self {
        Self { loses_staging: true, ..self }
    }

    /// Runs the scenario. A failure of the set-up is a panic.
    pub fn run(&self, dose: Dose) -> Outcome {
        let mut setup = Setup::new(self.stores);
        let place = Place {
            http: setup.http.clone(),
            urls: setup.urls(),
            tally: Arc::new(Tally::new(dose.users)),
            sms: Arc::clone(&setup.sms.stage),
            pause: dose.pause,
            next_phone: Arc::new(AtomicU32::new(0)),
        };
        let tally = Arc::clone(&place.tally);
        let probe = setup.runtime.spawn(probe::run(place.clone()));
        let users: Vec<_> =
            (0..dose.users).map(|number| setup.runtime.spawn(User::new(number, place.clone()).run())).collect();
        let has_load = wait(Duration::from_secs(60), &tally, Counts::has_series);
        let counts = tally.lock().to_string();
        assert!(has_load, "no series without failures before the fault: {counts}");
        tally.lock().begin_fault();
        (self.inject)(&mut setup, if dose.is_whole { self.lasts } else { self.in_dose.unwrap_or(self.lasts) });
        let ended = Instant::now();
        tally.lock().end_fault();
        wait(dose.deadline, &tally, |counts| counts.recovery().is_some());
        let recovery = tally.lock().recovery();
        if dose.is_whole {
            // The users continue, so that later failures are seen.
            sleep((RECOVERY + Duration::from_secs(2)).saturating_sub(ended.elapsed()));
        }
        tally.end();
        let (accounts, spent) = setup.runtime.block_on(async { (join(users).await, probe.await.unwrap()) });
        check_recovery(recovery, &tally);
        invariants::check(&setup, &place, &accounts, (!self.loses_staging).then_some(spent));
        outcome(self.name, recovery, &tally)
    }
}

async fn join(users: Vec<JoinHandle<Vec<Account>>>) -> Vec<Account> {
    let mut accounts = Vec::new();
    for user in users {
        accounts.extend(user.await.unwrap());
    }
    accounts
}

/// Waits for a condition. Returns false at the deadline.
fn wait(deadline: Duration, tally: &Tally, condition: impl Fn(&Counts) -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < deadline {
        if condition(&tally.lock()) {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    false
}

fn check_recovery(recovery: Option<Duration>, tally: &Tally) {
    let late: Vec<_> = {
        let counts = tally.lock();
        let late = counts.failed_after.iter().filter(|(_, (_, last))| *last > RECOVERY);
        late.map(|(kind, (_, last))| format!("{kind} {:.1} s after the fault", last.as_secs_f64())).collect()
    };
    late.into_iter().for_each(|text| tally.violation(text));
    match recovery {
        None => tally.violation("no recovery"),
        Some(time) if time > RECOVERY => tally.violation(format!("recovery after {:.1} s", time.as_secs_f64())),
        Some(_) => {}
    }
}

fn outcome(name: &'static str, recovery: Option<Duration>, tally: &Tally) -> Outcome {
    let counts = tally.lock();
    Outcome {
        name,
        requests: counts.requests,
        failed_in_fault: counts.failed_in_fault,
        longest: counts.longest,
        recovery,
        violations: counts.violations.iter().cloned().collect(),
        summary: counts.to_string(),
    }
}

//! Results of the requests of all users of a scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Successes of a series without failures, for each user.
const SERIES_PER_USER: usize = 4;

#[derive(Default)]
pub struct Tally {
    is_over: AtomicBool,
    counts: Mutex<Counts>,
}

#[derive(Default)]
pub struct Counts {
    users: usize,
    pub requests: usize,
    fault: Option<Instant>,
    fault_ended: Option<Instant>,
    pub failed_in_fault: usize,
    /// Failures after the fault, by kind: their number, and the time from the end of the fault to the last one.
    pub failed_after: BTreeMap<String, (usize, Duration)>,
    /// Failures before the fault: the machine is busy.
    failed_before: usize,
    /// Longest time from the beginning of a request to its success, with all repetitions.
    pub longest: Duration,
    series: Series,
    /// Detours that a correct app takes: another captcha, another code, another sign-in.
    pub detours: BTreeMap<&'static str, usize>,
    /// Broken promises.
    pub violations: BTreeSet<String>,
}

/// Successes of all users since the last failure.
#[derive(Default)]
struct Series {
    begun: Option<Instant>,
    successes: usize,
    users: BTreeSet<usize>,
}

impl Tally {
    pub fn new(users: usize) -> Self {
        Self { is_over: AtomicBool::new(false), counts: Mutex::new(Counts { users, ..Counts::default() }) }
    }

    pub fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap()
    }

    /// Lets the users end after their current request.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub fn violation(&self, text: impl Into<String>) {
        self.lock().violations.insert(text.into());
    }

    pub fn detour(&self, kind: &'static str) {
        *self.lock().detours.entry(kind).or_default() += 1;
    }
}

impl Counts {
    /// Counts a response that a user wanted.
    pub fn success(&mut self, user: usize) {
        self.requests += 1;
        self.series.begun.get_or_insert_with(Instant::now);
        self.series.successes += 1;
        self.series.users.insert(user);
    }

    /// Counts a response that the user must repeat, or none.
    pub fn failure(&mut self, kind: &str) {
        self.requests += 1;
        self.series = Series::default();
        match (self.fault, self.fault_ended) {
            (Some(_), Some(ended)) => {
                let (count, last) = self.failed_after.entry(kind.to_owned()).or_default();
                *count += 1;
                *last = ended.elapsed();
            }
            (Some(_), None) => self.failed_in_fault += 1,
            (None, _) => self.failed_before += 1,
        }
    }

    /// Returns true after a series without failures in which every user had a success.
    pub fn has_series(&self) -> bool {
        self.series.successes >= SERIES_PER_USER * self.users && self.series.users.len() == self.users
    }

    /// Time from the end of the fault to the beginning of the series without failures.
    pub fn recovery(&self) -> Option<Duration> {
        let begun = self.series.begun.filter(|_| self.has_series())?;
        Some(begun.saturating_duration_since(self.fault_ended?))
    }

    pub fn begin_fault(&mut self) {
        self.fault = Some(Instant::now());
    }

    /// Begins to look for a series without failures.
    pub fn end_fault(&mut self) {
        self.fault_ended = Some(Instant::now());
        self.series = Series::default();
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} failed before the fault", self.requests, self.failed_before)?;
        write!(f, ", detours {:?}, after the fault:", self.detours)?;
        for (kind, (count, last)) in &self.failed_after {
            write!(f, " {count} x {kind} (last after {:.1} s)", last.as_secs_f64())?;
        }
        Ok(())
    }
}

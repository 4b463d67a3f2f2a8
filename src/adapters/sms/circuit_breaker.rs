//! Leaves a provider alone that does not answer.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};

/// Opens after [`CircuitBreaker::FAILURES`] failures in a row. Then one message in [`CircuitBreaker::OPEN_FOR`] tries whether the provider is back.
#[derive(Default)]
pub struct CircuitBreaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    /// Open: nobody tries before.
    open_until: Option<DateTime<Utc>>,
}

/// What a message's outcome has done to the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    None,
    Opened,
    Closed,
}

impl CircuitBreaker {
    /// 5: fewer happen by chance on a busy line; more keep people waiting for a time-out each.
    pub const FAILURES: u32 = 5;
    /// 30 s.
    pub const OPEN_FOR: TimeDelta = TimeDelta::seconds(30);

    /// Whether a message may try. Of all that ask after a rest only one may; if it tells nothing, the next after another rest.
    pub fn try_acquire(&self, now: DateTime<Utc>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.open_until = Some(now + Self::OPEN_FOR);
                true
            }
        }
    }

    /// What became of a message that was admitted: whether the provider answered, whatever it said.
    pub fn record(&self, answered: bool, now: DateTime<Utc>) -> Change {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            state.failures = 0;
            return if state.open_until.take().is_some() { Change::Closed } else { Change::None };
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures < Self::FAILURES {
            return Change::None;
        }
        let opened = state.open_until.is_none();
        state.open_until = Some(now + Self::OPEN_FOR);
        if opened { Change::Opened } else { Change::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    fn opened() -> CircuitBreaker {
        let breaker = CircuitBreaker::default();
        for n in 1..=CircuitBreaker::FAILURES {
            assert!(breaker.try_acquire(at(0)));
            let change = breaker.record(false, at(0));
            assert_eq!(change == Change::Opened, n == CircuitBreaker::FAILURES);
        }
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let breaker = CircuitBreaker::default();
        for _ in 0..20 {
            for _ in 1..CircuitBreaker::FAILURES {
                assert_eq!(breaker.record(false, at(0)), Change::None);
            }
            assert_eq!(breaker.record(true, at(0)), Change::None);
            assert!(breaker.try_acquire(at(0)));
        }
        assert!(!opened().try_acquire(at(29)));
    }

    #[test]
    fn one_tries_after_each_rest() {
        let breaker = opened();
        assert!(breaker.try_acquire(at(30)) && !breaker.try_acquire(at(30)) && !breaker.try_acquire(at(59)));
        assert_eq!(breaker.record(false, at(31)), Change::None);
        assert!(!breaker.try_acquire(at(60)) && breaker.try_acquire(at(61)));
        // The one that tried was never heard of again.
        assert!(!breaker.try_acquire(at(90)) && breaker.try_acquire(at(91)));
        assert_eq!(breaker.record(true, at(92)), Change::Closed);
        assert!(breaker.try_acquire(at(92)) && breaker.try_acquire(at(92)));
    }
}

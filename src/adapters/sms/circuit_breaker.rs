//! A circuit breaker: stops calls to a provider that does not respond.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};

/// Opens after [`CircuitBreaker::FAILURES`] consecutive failures. Then one message tests the provider every
/// [`CircuitBreaker::TEST_EVERY`], until the provider responds.
#[derive(Default)]
pub struct CircuitBreaker(Mutex<State>);

enum State {
    /// Every message may try. `failures` is the number of consecutive failures.
    Closed { failures: u32 },
    /// No message may try before `next_test`.
    Open { next_test: DateTime<Utc> },
}

/// Change of state that an outcome causes. A failure of a test message keeps the circuit breaker open and returns
/// `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    None,
    Opened,
    Closed,
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl CircuitBreaker {
    /// 5: fewer consecutive failures also happen by chance under load; with more, more users wait for a timeout each.
    pub const FAILURES: u32 = 5;
    /// 5 s, counted from the beginning of a test: a test of a provider that hangs takes until its timeout, and must not
    /// delay the next one. A provider that works again therefore gets all messages at most 5 s and one response later.
    /// A test that fails costs its user the timeout of this provider, as in the closed state, and nobody else anything.
    pub const TEST_EVERY: TimeDelta = TimeDelta::seconds(5);

    /// Returns whether a message may try. While the circuit breaker is open, only one message in each interval may.
    pub fn try_acquire(&self, now: DateTime<Utc>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Closed { .. } => true,
            State::Open { next_test } if now < *next_test => false,
            State::Open { next_test } => {
                *next_test = now + Self::TEST_EVERY;
                true
            }
        }
    }

    /// Records the outcome of a message that was allowed to try. A refusal is a response too.
    pub fn record(&self, responded: bool, now: DateTime<Utc>) -> Transition {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Closed { failures } if responded => *failures = 0,
            State::Closed { failures } if *failures + 1 < Self::FAILURES => *failures += 1,
            State::Closed { .. } => {
                *state = State::Open { next_test: now + Self::TEST_EVERY };
                return Transition::Opened;
            }
            State::Open { .. } if responded => {
                *state = State::default();
                return Transition::Closed;
            }
            // Messages that began before the circuit breaker opened may fail later. They must not delay the next test.
            State::Open { .. } => {}
        }
        Transition::None
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
            let transition = breaker.record(false, at(0));
            assert_eq!(transition == Transition::Opened, n == CircuitBreaker::FAILURES);
        }
        breaker
    }

    #[test]
    fn only_consecutive_failures_open_the_circuit_breaker() {
        let breaker = CircuitBreaker::default();
        for _ in 0..20 {
            for _ in 1..CircuitBreaker::FAILURES {
                assert_eq!(breaker.record(false, at(0)), Transition::None);
            }
            assert_eq!(breaker.record(true, at(0)), Transition::None);
            assert!(breaker.try_acquire(at(0)));
        }
        assert!(!opened().try_acquire(at(4)));
    }

    #[test]
    fn one_message_tests_the_provider_in_each_interval() {
        let breaker = opened();
        assert!(breaker.try_acquire(at(5)) && !breaker.try_acquire(at(5)) && !breaker.try_acquire(at(9)));
        // The test hangs until its timeout: the next one begins meanwhile, and a late failure does not delay it.
        assert!(breaker.try_acquire(at(10)));
        assert_eq!(breaker.record(false, at(14)), Transition::None);
        assert!(!breaker.try_acquire(at(14)) && breaker.try_acquire(at(15)));
        assert_eq!(breaker.record(true, at(15)), Transition::Closed);
        assert!(breaker.try_acquire(at(15)) && breaker.try_acquire(at(15)));
    }

    #[test]
    fn late_failures_of_earlier_messages_do_not_delay_the_test() {
        let breaker = opened();
        for second in 0..5 {
            assert_eq!(breaker.record(false, at(second)), Transition::None);
        }
        assert!(breaker.try_acquire(at(5)));
    }
}

//! A circuit breaker: stops calls to a provider that does not respond.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};

/// Opens after [`CircuitBreaker::FAILURES`] consecutive failures. After [`CircuitBreaker::OPEN_FOR`] it is half-open:
/// one message tests the provider.
#[derive(Default)]
pub struct CircuitBreaker(Mutex<State>);

enum State {
    /// Every message may try. `failures` is the number of consecutive failures.
    Closed { failures: u32 },
    /// No message may try before `open_until`.
    Open { open_until: DateTime<Utc> },
    /// One message is trying. If its outcome is never recorded, the next message may try at `open_until`.
    HalfOpen { open_until: DateTime<Utc> },
}

/// Change of state that an outcome causes. Only a change to or from `Closed` counts: a failure of the test message
/// reopens the circuit breaker and returns `None`.
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
    /// 30 s.
    pub const OPEN_FOR: TimeDelta = TimeDelta::seconds(30);

    /// Returns whether a message may try. After each open time only one message may; if its outcome is never recorded,
    /// the next one may after another open time.
    pub fn try_acquire(&self, now: DateTime<Utc>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed { .. } => true,
            State::Open { open_until } | State::HalfOpen { open_until } if now < open_until => false,
            State::Open { .. } | State::HalfOpen { .. } => {
                *state = State::HalfOpen { open_until: now + Self::OPEN_FOR };
                true
            }
        }
    }

    /// Records the outcome of a message that was allowed to try. A refusal is a response too.
    pub fn record(&self, responded: bool, now: DateTime<Utc>) -> Transition {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let was_closed = matches!(*state, State::Closed { .. });
        if responded {
            *state = State::default();
            return if was_closed { Transition::None } else { Transition::Closed };
        }
        match &mut *state {
            State::Closed { failures } if *failures + 1 < Self::FAILURES => {
                *failures += 1;
                Transition::None
            }
            _ => {
                *state = State::Open { open_until: now + Self::OPEN_FOR };
                if was_closed { Transition::Opened } else { Transition::None }
            }
        }
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
        assert!(!opened().try_acquire(at(29)));
    }

    #[test]
    fn one_message_tries_after_each_open_time() {
        let breaker = opened();
        assert!(breaker.try_acquire(at(30)) && !breaker.try_acquire(at(30)) && !breaker.try_acquire(at(59)));
        assert_eq!(breaker.record(false, at(31)), Transition::None);
        assert!(!breaker.try_acquire(at(60)) && breaker.try_acquire(at(61)));
        // The outcome of the message that tried at 61 is never recorded.
        assert!(!breaker.try_acquire(at(90)) && breaker.try_acquire(at(91)));
        assert_eq!(breaker.record(true, at(92)), Transition::Closed);
        assert!(breaker.try_acquire(at(92)) && breaker.try_acquire(at(92)));
    }
}

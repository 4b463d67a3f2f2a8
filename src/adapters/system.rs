//! The machine's own clock and randomness: the only place that asks for either.

use crate::ports::{Clock, Random};
use chrono::{DateTime, Utc};
use rand::Rng;
use std::time::SystemTime;

/// The wall clock, in UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "everybody else asks here")]
    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }
}

/// ChaCha12, one generator per thread, seeded by the operating system and again after every 64 KiB: no system call
/// per value. Should the system refuse a seed, the calling thread panics with that reason: weak bytes are never given out.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "everybody else asks here")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_not_stuck_in_another_year() {
        let (before, after) = (SystemClock.now(), SystemClock.now());
        assert!(before <= after && before.timestamp() > 1_760_000_000, "{before}");
    }

    #[test]
    fn no_two_values_are_alike() {
        let random: &dyn Random = &OsRandom;
        let values: std::collections::HashSet<[u8; 16]> = (0..1_000).map(|_| random.bytes()).collect();
        assert_eq!(values.len(), 1_000);
    }
}

//! System clock and system randomness. All other code gets the time and random bytes through these two ports.

use crate::ports::{Clock, Random};
use chrono::{DateTime, Utc};
use rand::Rng;
use std::time::SystemTime;

/// The wall clock, in UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the only implementation; all other code uses the port")]
    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }
}

/// ChaCha12 generator, one per thread, seeded by the operating system and again after every 64 KiB: no system call per
/// value. If the operating system does not provide a seed, the calling thread panics: weak bytes are never returned.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "the only implementation; all other code uses the port")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_after_october_2025_and_does_not_go_back() {
        let (before, after) = (SystemClock.now(), SystemClock.now());
        assert!(before <= after && before.timestamp() > 1_760_000_000, "{before}");
    }

    #[test]
    fn random_values_are_all_different() {
        let random: &dyn Random = &OsRandom;
        let values: std::collections::HashSet<[u8; 16]> = (0..1_000).map(|_| random.bytes()).collect();
        assert_eq!(values.len(), 1_000);
    }
}

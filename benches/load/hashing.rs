//! argon2id alone on every core, with the cost of the service: an upper bound for the rate of sign-ups.
//!
//! It has the memory of the service, in huge pages, and its instructions: Cargo compiles both with the same flags.

use crate::process;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use doorstep::adapters::argon2::Cost;
use doorstep_huge_pages::HugeSlice;
use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

/// Speed of hashing on all cores together.
pub struct Speed {
    /// Hashes per second, by wall clock.
    pub per_second: f64,
    /// Milliseconds of a core per hash, idle time included.
    pub cost: f64,
    /// Milliseconds of processor time per hash.
    pub processor: f64,
}

impl Speed {
    /// Returns the mean of two speeds.
    pub fn mean(&self, other: &Self) -> Self {
        Self {
            per_second: f64::midpoint(self.per_second, other.per_second),
            cost: f64::midpoint(self.cost, other.cost),
            processor: f64::midpoint(self.processor, other.processor),
        }
    }
}

/// Measures the crate alone: without a queue, a check for weak passwords, and wiping of the memory, which each thread
/// allocates once.
pub fn measure(time: Duration) -> Speed {
    let cores = available_parallelism().unwrap().get();
    let spent = || (process::cpu(std::process::id()), process::idle());
    let ((processor, idle), started) = (spent(), Instant::now());
    let hashes: u32 = scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(|| hash_for(time))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let (hashes, took, after) = (f64::from(hashes), started.elapsed().as_secs_f64(), spent());
    let per_hash = |time: Duration| time.as_secs_f64() * 1e3 / hashes;
    let (processor, idle) = (per_hash(after.0 - processor), per_hash(after.1 - idle));
    Speed { per_second: hashes / took, cost: processor + idle, processor }
}

fn hash_for(time: Duration) -> u32 {
    let Cost { memory_kib, passes, lanes } = Cost::default();
    let params = Params::new(memory_kib, passes, lanes, Some(32)).unwrap();
    let mut memory = HugeSlice::filled(Block::new(), params.block_count()).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut hashes, mut tag) = (0_u32, [0; 32]);
    let started = Instant::now();
    while started.elapsed() < time {
        let salt = u128::from(hashes).to_le_bytes();
        argon2.hash_password_into_with_memory(b"correct horse battery", &salt, &mut tag, &mut *memory).unwrap();
        hashes += 1;
    }
    hashes
}

//! Time of a password hash at the default cost of doorstep, in small and in huge pages, on one core.
//!
//! `cargo bench -p doorstep-huge-pages` measures the instructions of every processor, and with
//! `RUSTFLAGS="-C target-cpu=x86-64-v4 -C target-feature=-prefer-256-bit"` those of AVX-512.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use argon2::{Algorithm, Argon2, Block, Params, Version};
use doorstep_huge_pages::HugeSlice;
use std::time::{Duration, Instant};

/// An odd number, for the medians.
const ROUNDS: usize = 51;

fn main() {
    // `cargo test --all-targets` runs this program without `--bench`: then it must not measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let mut small = vec![Block::new(); params.block_count()];
    let mut huge = HugeSlice::filled(Block::new(), params.block_count()).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut in_small, mut in_huge) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        in_small.push(time(&argon2, &mut small));
        in_huge.push(time(&argon2, &mut huge));
    }
    println!("{:.1} ms in small pages, {:.1} ms in huge pages", median(in_small), median(in_huge));
}

fn time(argon2: &Argon2<'_>, memory: &mut [Block]) -> Duration {
    let (started, mut tag) = (Instant::now(), [0; 32]);
    argon2.hash_password_into_with_memory(b"correct horse battery", &[1; 16], &mut tag, memory).unwrap();
    started.elapsed()
}

/// Returns the median in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

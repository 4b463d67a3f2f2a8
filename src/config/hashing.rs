//! Cost of a password hash.

use super::env::Env;
use super::threads::{MAX_THREADS, cores};
use std::num::NonZeroUsize;

/// Parameters of argon2id.
#[derive(Debug)]
pub struct HashSettings {
    pub memory_kib: u32,
    pub passes: u32,
    pub threads: NonZeroUsize,
}

/// OWASP Password Storage Cheat Sheet: memory of 46 MiB with 1 pass, 19 with 2, 12 with 3, 9 with 4, 7 with 5. The last
/// pair has the least memory and the least work.
const MIN_MEMORY_KIB: u32 = 7_168;
const MIN_WORK: u32 = 5 * MIN_MEMORY_KIB;

pub(super) fn read(env: &mut Env) -> HashSettings {
    let memory_kib = env.number("HASH_MEMORY_KIB", 19_456, MIN_MEMORY_KIB, 1_048_576);
    let passes = env.number("HASH_PASSES", 2, 1, 10);
    if memory_kib * passes < MIN_WORK {
        let min = MIN_WORK.div_ceil(memory_kib);
        env.problem("HASH_PASSES", format!("expected at least {min} with HASH_MEMORY_KIB={memory_kib}"));
    }
    HashSettings { memory_kib, passes, threads: env.number("HASH_THREADS", cores(), NonZeroUsize::MIN, MAX_THREADS) }
}

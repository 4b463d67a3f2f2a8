//! What a password hash costs.

use super::env::Env;
use super::{MANY_THREADS, cores};
use std::num::NonZeroUsize;

/// argon2id.
#[derive(Debug)]
pub struct HashSettings {
    pub memory_kib: u32,
    pub passes: u32,
    pub threads: NonZeroUsize,
}

/// OWASP Password Storage Cheat Sheet: memory of 46 MiB with 1 pass, 19 with 2, 12 with 3, 9 with 4, 7 with 5. The last of
/// these is the least memory, and the least work.
const LEAST_MEMORY_KIB: u32 = 7_168;
const LEAST_WORK: u32 = 5 * LEAST_MEMORY_KIB;

pub(super) fn read(env: &mut Env) -> HashSettings {
    let memory_kib = env.number("HASH_MEMORY_KIB", 19_456, LEAST_MEMORY_KIB, 1_048_576);
    let passes = env.number("HASH_PASSES", 2, 1, 10);
    if memory_kib * passes < LEAST_WORK {
        let least = LEAST_WORK.div_ceil(memory_kib);
        env.problem("HASH_PASSES", format!("must be {least} or more with HASH_MEMORY_KIB={memory_kib}"));
    }
    HashSettings { memory_kib, passes, threads: env.number("HASH_THREADS", cores(), NonZeroUsize::MIN, MANY_THREADS) }
}

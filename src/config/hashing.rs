//! Cost of a password hash.

use super::env::Env;
use super::threads::{MAX_THREADS, cores};
use super::variable::{Variable, WithDefault, number, section};
use std::num::NonZeroUsize;

/// Parameters of argon2id.
#[derive(Debug)]
pub struct HashSettings {
    pub memory_kib: u32,
    pub passes: u32,
    pub threads: NonZeroUsize,
}

section! {
    pub(super) fn section = "Passwords";
    /// Cost of a password hash (argon2id): memory in KiB. The OWASP Password Storage Cheat Sheet treats these pairs of
    /// memory and passes as equal: 47104 and 1, 19456 and 2, 12288 and 3, 9216 and 4, 7168 and 5. doorstep refuses
    /// less. After a change, an account gets the new cost at its next login with the password.
    static HASH_MEMORY_KIB: WithDefault<u32> = number(MIN_MEMORY_KIB as u64, 1_048_576).default(|| 19_456);
    /// Cost of a password hash: passes over the memory.
    static HASH_PASSES: WithDefault<u32> = number(1, 10).default(|| 2);
    /// Threads that hash, each with the memory of one hash.
    static HASH_THREADS: Variable<NonZeroUsize> =
        number(1, MAX_THREADS).example("2").default_in_words("one for each core");
}

/// OWASP Password Storage Cheat Sheet: memory of 46 MiB with 1 pass, 19 with 2, 12 with 3, 9 with 4, 7 with 5. The last
/// pair has the least memory and the least work.
const MIN_MEMORY_KIB: u32 = 7_168;
const MIN_WORK: u32 = 5 * MIN_MEMORY_KIB;

pub(super) fn read(env: &mut Env) -> HashSettings {
    let (memory_kib, passes) = (env.get(&HASH_MEMORY_KIB), env.get(&HASH_PASSES));
    if memory_kib * passes < MIN_WORK {
        let min = MIN_WORK.div_ceil(memory_kib);
        env.problem(HASH_PASSES.name, format!("expected at least {min} with HASH_MEMORY_KIB={memory_kib}"));
    }
    HashSettings { memory_kib, passes, threads: env.optional(&HASH_THREADS).unwrap_or_else(cores) }
}

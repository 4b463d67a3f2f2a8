//! Password hasher with the configured cost.

use crate::adapters::argon2::{Argon2id, Cost, StartError};
use crate::config::HashSettings;
use crate::ports::Random;
use std::sync::Arc;

/// Starts the threads of the hasher. Logs once if their memory is not in huge pages: a hash then takes up to 1.5 times
/// as long (docs/performance.md).
pub(super) fn start(settings: &HashSettings, rng: &Arc<dyn Random>) -> Result<Argon2id, StartError> {
    if !doorstep_huge_pages::are_enabled() {
        tracing::info!(
            "no huge pages for password hashing: set /sys/kernel/mm/transparent_hugepage/enabled to madvise"
        );
    }
    Argon2id::start(cost(settings), settings.threads, rng)
}

/// Cost of a hash. It has one lane, because the other threads hash other passwords.
fn cost(settings: &HashSettings) -> Cost {
    Cost { memory_kib: settings.memory_kib, passes: settings.passes, lanes: 1 }
}

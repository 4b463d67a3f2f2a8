//! Numbers of threads.

use std::num::NonZeroUsize;

/// Maximum number of threads. A larger number is a typing error.
pub(super) const MAX_THREADS: u64 = 256;

pub(super) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

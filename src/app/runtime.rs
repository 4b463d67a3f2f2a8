//! Time and randomness.

use crate::adapters::system::{OsRandom, SystemClock};
use crate::ports::{Clock, Random};
use std::sync::Arc;

/// Clock and random number generator, the only parts that tests replace.
pub struct Runtime {
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Random>,
}

impl Runtime {
    #[must_use]
    pub fn real() -> Self {
        Self { clock: Arc::new(SystemClock), rng: Arc::new(OsRandom) }
    }
}

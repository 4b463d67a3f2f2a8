//! Quotas.

use std::time::Duration;

/// Maximum in a window. A fixed window begins with the first event that is counted; a sliding one ends at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub max: u32,
    pub window: Duration,
}

impl Quota {
    pub(super) const fn per_seconds(max: u32, seconds: u64) -> Self {
        Self { max, window: Duration::from_secs(seconds) }
    }

    pub(super) const fn per_hour(max: u32) -> Self {
        Self::per_seconds(max, 3_600)
    }

    pub(super) const fn per_day(max: u32) -> Self {
        Self::per_seconds(max, 86_400)
    }
}

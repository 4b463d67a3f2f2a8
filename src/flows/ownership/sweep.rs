//! Deletion of detached accounts whose time is over.

use super::ask::after;
use crate::flows::Service;
use std::time::Duration;

/// Interval: an hour. Nothing depends on it, because every query ignores what has expired.
const INTERVAL: Duration = Duration::from_secs(3_600);

impl Service {
    /// Deletes what has expired, now and every hour, until the service finishes.
    pub fn start_sweep(&self) {
        let service = self.clone();
        self.background.spawn_until_finish(async move {
            loop {
                service.sweep().await;
                tokio::time::sleep(INTERVAL).await;
            }
        });
    }

    /// Deletes the detached accounts whose time is over, and expired pending acts.
    pub async fn sweep(&self) {
        let now = self.now();
        let deletes_at = after(now, self.policy.ownership.reclaim);
        match self.ports.users.delete_expired(now, deletes_at).await {
            Ok(0) => {}
            Ok(accounts) => tracing::info!(accounts, "detached accounts deleted"),
            Err(error) => tracing::warn!(%error, "deletion of detached accounts failed"),
        }
    }
}

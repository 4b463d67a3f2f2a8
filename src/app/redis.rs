//! Staging in Redis, and a check of the server's settings.

use crate::adapters::staging::redis::RedisStaging;
use crate::ports::{DependencyError, Staging};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// Creates the store, which connects at the first call, and starts a task that checks the server.
pub(super) fn staging(url: &SecretString, threads: usize) -> Result<Arc<dyn Staging>, DependencyError> {
    let staging = Arc::new(RedisStaging::connect(url.expose_secret(), threads)?);
    tokio::spawn(check(Arc::clone(&staging)));
    Ok(staging)
}

/// Waits until Redis accepts writes; the store logs why it does not. Then logs a warning if Redis may remove keys
/// before they expire: the limits and flows in them would be lost.
async fn check(staging: Arc<RedisStaging>) {
    while staging.ping().await.is_err() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // Without an answer the server evicts nothing, or does not report it.
    if let Ok(Some(policy)) = staging.eviction_policy().await
        && policy != "noeviction"
    {
        tracing::warn!(policy, "redis evicts keys: set maxmemory-policy noeviction");
    }
}

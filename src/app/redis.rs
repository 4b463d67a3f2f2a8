//! Staging in Redis, and a check of the server's settings.

use crate::adapters::staging::redis::RedisStaging;
use crate::ports::{DependencyError, Staging};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// Creates the store, which connects at the first call. A task with its own connection checks the server's settings.
pub(super) fn staging(url: &SecretString, threads: usize) -> Result<Arc<dyn Staging>, DependencyError> {
    let connect = |threads| RedisStaging::connect(url.expose_secret(), threads);
    tokio::spawn(warn_of_eviction(connect(1)?));
    Ok(Arc::new(connect(threads)?))
}

/// Logs a warning if Redis may remove keys before they expire: the limits and flows in them would be lost. Waits until
/// Redis answers: a server that is not reachable yet is no problem of the settings.
async fn warn_of_eviction(staging: RedisStaging) {
    loop {
        match staging.eviction_policy().await {
            Ok(Some(policy)) if policy != "noeviction" => {
                return tracing::warn!(policy, "redis evicts keys: set maxmemory-policy noeviction");
            }
            // The server evicts nothing, or does not report it.
            Ok(_) | Err(DependencyError::Broken { .. }) => return,
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

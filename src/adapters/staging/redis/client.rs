//! The Redis store, and the call of a script.

use super::reply::broken;
use crate::adapters::staging::lease::Leases;
use crate::ports::DependencyError;
use deadpool_redis::redis::{ScriptInvocation, Value, cmd, from_redis_value};

/// See [`super`]. Safe to share between threads; each thread has a connection of its own.
pub struct RedisStaging {
    pub(super) leases: Leases,
}

impl RedisStaging {
    /// Takes a `redis://` or `rediss://` URL, which is a secret, and the number of threads that will use the store.
    /// Connects at the first call, so the server may start later. For `rediss://` the process must have installed a
    /// rustls crypto provider by then; the certificates that it trusts are those of the system.
    ///
    /// # Errors
    /// [`DependencyError::Broken`] if the URL is invalid; the reason does not repeat the URL.
    pub fn connect(url: &str, threads: usize) -> Result<Self, DependencyError> {
        Ok(Self { leases: Leases::new(url, threads)? })
    }

    /// Returns the `maxmemory-policy` of the server, or `None` if the server does not report it. Managed servers that
    /// forbid `CONFIG` allow `INFO`.
    ///
    /// # Errors
    /// The same as the methods of the port.
    pub async fn eviction_policy(&self) -> Result<Option<String>, DependencyError> {
        let mut info = cmd("INFO");
        info.arg("memory");
        let info = &info;
        let ask = |mut connection| async move { info.query_async::<String>(&mut connection).await };
        let text = self.leases.run(ask).await?;
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        Ok(lines.find(|(name, _)| *name == "maxmemory_policy").map(|(_, policy)| policy.trim().to_owned()))
    }

    pub(super) async fn call(&self, call: &ScriptInvocation<'_>) -> Result<Vec<String>, DependencyError> {
        let ask = |mut connection| async move { call.invoke_async::<Value>(&mut connection).await };
        from_redis_value(self.leases.run(ask).await?).map_err(|_| broken())
    }

    /// Deletes keys. Returns how many of them existed.
    pub(super) async fn delete(&self, keys: &[String]) -> Result<usize, DependencyError> {
        // Redis refuses DEL without keys.
        if keys.is_empty() {
            return Ok(0);
        }
        let mut delete = cmd("DEL");
        delete.arg(keys);
        let delete = &delete;
        self.leases.run(|mut connection| async move { delete.query_async(&mut connection).await }).await
    }
}

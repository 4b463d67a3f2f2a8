//! Claim of a request under all its names: one for each key of the service.

use crate::domain::idempotency::{NamedRequest, RequestName};
use crate::ports::{Begun, DependencyError, RequestClaim, Staging};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Request, and the owner of its claims.
#[derive(Clone)]
pub(super) struct Claimed {
    request: Arc<NamedRequest>,
    owner: Uuid,
}

impl Claimed {
    pub fn new(request: NamedRequest, owner: Uuid) -> Self {
        Self { request: Arc::new(request), owner }
    }

    /// Claims all names, in their order. If one of them is not free, releases the names before it.
    pub async fn begin(&self, staging: &dyn Staging, ttl: Duration) -> Result<Begun, DependencyError> {
        for (earlier, name) in self.request.names().iter().enumerate() {
            let begun = staging.begin(self.claim(name), ttl).await;
            if !matches!(begun, Ok(Begun::First)) {
                // A claim that is not released expires soon.
                drop(self.release_names(staging, &self.request.names()[..earlier]).await);
                return begun;
            }
        }
        Ok(Begun::First)
    }

    /// Renews all claims. Returns `false` if one of them is lost.
    pub async fn renew(&self, staging: &dyn Staging, ttl: Duration) -> Result<bool, DependencyError> {
        let mut held = true;
        for name in self.request.names() {
            held &= staging.renew(self.claim(name), ttl).await?;
        }
        Ok(held)
    }

    pub async fn release(&self, staging: &dyn Staging) -> Result<(), DependencyError> {
        self.release_names(staging, self.request.names()).await
    }

    /// Encrypts a response, for each name. Returns `None` if the cipher fails.
    pub fn seal(&self, response: &[u8]) -> Option<Arc<[String]>> {
        self.request.names().iter().map(|name| name.seal(response)).collect()
    }

    /// Decrypts a stored response.
    pub fn open(&self, encrypted: &str) -> Option<Vec<u8>> {
        self.request.open(encrypted)
    }

    /// Stores the encrypted responses, each under its name.
    pub async fn complete(
        &self,
        staging: &dyn Staging,
        encrypted: &[String],
        ttl: Duration,
    ) -> Result<(), DependencyError> {
        let mut result = Ok(());
        for (name, encrypted) in self.request.names().iter().zip(encrypted) {
            result = staging.complete(self.claim(name), encrypted, ttl).await.and(result);
        }
        result
    }

    /// Releases every name, also after an error, which it returns.
    async fn release_names(&self, staging: &dyn Staging, names: &[RequestName]) -> Result<(), DependencyError> {
        let mut result = Ok(());
        for name in names {
            result = staging.release(self.claim(name)).await.and(result);
        }
        result
    }

    fn claim<'a>(&self, name: &'a RequestName) -> RequestClaim<'a> {
        RequestClaim { name: name.name(), fingerprint: name.fingerprint(), owner: self.owner }
    }
}

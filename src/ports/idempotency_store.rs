//! Responses that are stored for retries.

use super::DependencyError;
use async_trait::async_trait;
use std::time::Duration;

/// First response to every request with an idempotency key (see [`crate::flows::idempotency`]).
///
/// Every method is one atomic operation and, over a network, one round trip.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims `name` for `claim_ttl` on behalf of a request with this fingerprint, unless it is claimed or completed.
    async fn begin(&self, name: &str, fingerprint: &str, claim_ttl: Duration) -> Result<Begun, DependencyError>;

    /// Stores the response of a claimed request. Does nothing if the claim has expired, if a request with another
    /// fingerprint holds it, or if a response is stored already: the first one stays.
    async fn complete(
        &self,
        name: &str,
        fingerprint: &str,
        response: &str,
        ttl: Duration,
    ) -> Result<(), DependencyError>;

    /// Releases a claim: the next retry is handled like a first request. Does nothing once a response is stored.
    async fn release(&self, name: &str, fingerprint: &str) -> Result<(), DependencyError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// First request: the caller handles it.
    First,
    /// The first request is still being handled.
    InProgress,
    /// Stored response of the first request.
    Completed(String),
    /// The first request with this name had other content.
    Mismatch,
}

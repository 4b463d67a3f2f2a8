//! Responses that are stored for retries.

use super::DependencyError;
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// First response to every request with an idempotency key (see [`crate::flows::idempotency`]).
///
/// Every method is one atomic operation and, over a network, one round trip.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims the name for `ttl`, unless another request has claimed or completed it.
    async fn begin(&self, claim: RequestClaim<'_>, ttl: Duration) -> Result<Begun, DependencyError>;

    /// Restarts the lifetime of a claim. MUST return `false` and change nothing if the claim has expired, also if
    /// another request has the name now.
    async fn renew(&self, claim: RequestClaim<'_>, ttl: Duration) -> Result<bool, DependencyError>;

    /// Stores the response, also if the claim has expired. Does nothing if another request has the name now, or if a
    /// response is stored already: the first one stays.
    async fn complete(&self, claim: RequestClaim<'_>, response: &str, ttl: Duration) -> Result<(), DependencyError>;

    /// Releases a claim: the next retry is handled like a first request. Does nothing if the claim has expired, or once
    /// a response is stored.
    async fn release(&self, claim: RequestClaim<'_>) -> Result<(), DependencyError>;
}

/// Claim of one request on its name.
#[derive(Debug, Clone, Copy)]
pub struct RequestClaim<'a> {
    pub name: &'a str,
    pub fingerprint: &'a str,
    /// Distinguishes requests with the same name and fingerprint: a request must not release the claim of its retry.
    pub owner: Uuid,
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

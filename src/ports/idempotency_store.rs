//! The answers to requests that may come a second time.

use super::DependencyError;
use async_trait::async_trait;
use std::time::Duration;

/// The first answer to each request that its client has named (see [`crate::flows::idempotency`]).
///
/// Every method is one atomic operation and, over a network, one round trip.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims `name` for a request whose content has this fingerprint, for `claim`, unless it is claimed or answered already.
    async fn begin(&self, name: &str, fingerprint: &str, claim: Duration) -> Result<Begun, DependencyError>;

    /// Keeps the answer of a claimed request. A claim that has run out, or that another holds meanwhile, is left alone: `fingerprint`
    /// must be the one that claimed it. So is an answer: the first one stays.
    async fn complete(
        &self,
        name: &str,
        fingerprint: &str,
        answer: &str,
        life: Duration,
    ) -> Result<(), DependencyError>;

    /// Gives a claim back: the request may come again as if it were the first. Does nothing to an answer.
    async fn release(&self, name: &str, fingerprint: &str) -> Result<(), DependencyError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first: do it.
    First,
    /// The first is still being worked on.
    InProgress,
    /// What the first one was answered.
    Answered(String),
    /// The first one with this name had another content.
    Mismatch,
}

//! Idempotency: a request with a key is handled once, and every retry gets its stored response.

use super::error::Error;
use super::service::Service;
use crate::domain::idempotency::{IdempotencyKey, NamedRequest, Scope};
use crate::ports::{Begun, Dependency, DependencyError};
use std::time::Duration;

/// Lifetime of a stored response: 24 h, as at Stripe. A phone that was offline for a night still finds it.
pub const TTL: Duration = Duration::from_secs(24 * 3_600);
/// Lifetime of a claim, in addition to the time that its message may take: 15 s, more than two database calls and a
/// hash with their full timeouts. Retries wait for this time if the process died, or if the response to the claim was
/// lost.
const CLAIM: Duration = Duration::from_secs(15);
/// `Retry-After` of a concurrent duplicate: nearly every request takes less.
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub enum Turn {
    /// First request: the caller handles it and completes or releases the claim.
    First(Claim),
    /// Stored response.
    Completed(Vec<u8>),
}

/// Claim on a request. It expires if it is neither completed nor released.
pub struct Claim {
    service: Service,
    request: NamedRequest,
}

/// Names a request; `content` is what a retry must repeat.
#[must_use]
pub fn name(service: &Service, scope: Scope, route: &str, key: &IdempotencyKey, content: &[&[u8]]) -> NamedRequest {
    NamedRequest::new(&service.keys, scope, route, key, content)
}

pub async fn begin(service: &Service, request: NamedRequest) -> Result<Turn, Error> {
    let claim_ttl = service.policy.max_send_duration + CLAIM;
    match service.ports.staging.begin(request.name(), request.fingerprint(), claim_ttl).await? {
        Begun::First => Ok(Turn::First(Claim { service: service.clone(), request })),
        Begun::InProgress => Err(Error::RequestInProgress { retry_after: RETRY_AFTER }),
        Begun::Mismatch => Err(Error::IdempotencyKeyReused),
        Begun::Completed(encrypted) => {
            let forged = || DependencyError::Broken {
                dependency: Dependency::Staging,
                reason: "a stored response cannot be decrypted".to_owned(),
            };
            Ok(Turn::Completed(request.open(&encrypted).ok_or_else(forged)?))
        }
    }
}

impl Claim {
    /// Stores the response for retries. The request is done: the client gets the response even if it cannot be stored.
    pub async fn complete(self, response: &[u8], ttl: Duration) {
        let Self { service, request } = self;
        let Some(encrypted) = request.seal(response) else {
            return tracing::warn!("response encryption failed");
        };
        let staging = &service.ports.staging;
        let stored = staging.complete(request.name(), request.fingerprint(), &encrypted, ttl.min(TTL));
        if let Err(error) = stored.await {
            tracing::warn!(%error, "response storage failed");
        }
    }

    /// Releases the claim: nothing was changed, and a retry is handled like the first request.
    pub async fn release(self) {
        let Self { service, request } = self;
        if let Err(error) = service.ports.staging.release(request.name(), request.fingerprint()).await {
            tracing::warn!(%error, "idempotency claim release failed");
        }
    }
}

//! Idempotency: a request with a key is handled once, and every retry gets its stored response.

use super::error::Error;
use super::refund::refund;
use super::service::Service;
use crate::domain::idempotency::{IdempotencyKey, NamedRequest, RequestName, Scope};
use crate::domain::limits::{Counter, Limit, Refund};
use crate::domain::user::UserId;
use crate::ports::{Admission, Begun, Dependency, DependencyError, Staging};
use std::net::IpAddr;
use std::time::Duration;

/// Lifetime of a stored response: 24 h, as at Stripe. A phone that was offline for a night still finds it.
const TTL: Duration = Duration::from_secs(24 * 3_600);
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

/// Party that a stored response counts for.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    Client(IpAddr),
    User(UserId),
}

/// Claim on a request. It expires if it is neither completed nor released.
pub struct Claim {
    service: Service,
    request: NamedRequest,
    /// Counters of the response, which was counted before it exists; `None`: the owner has no room for it.
    counted: Option<Vec<Counter>>,
}

/// Names a request; `content` is what a retry must repeat.
#[must_use]
pub fn name(service: &Service, scope: Scope, route: &str, key: &IdempotencyKey, content: &[&[u8]]) -> NamedRequest {
    NamedRequest::new(&service.keys, scope, route, key, content)
}

/// Claims a request and counts its response. The two operations run at the same time, so that the second adds no round
/// trip; they cannot be one, because a request and its client are in different slots of a Redis Cluster. A response
/// beyond the limit is not stored, and its request is never refused.
pub async fn begin(service: &Service, request: NamedRequest, owner: Owner) -> Result<Turn, Error> {
    let claim_ttl = service.policy.max_send_duration + CLAIM;
    let (staging, counters) = (&service.ports.staging, counters(service, owner));
    let begin = claim(&**staging, request.names(), claim_ttl);
    let (begun, admission) = tokio::join!(begin, staging.count(&counters));
    let counted = match admission {
        Ok(Admission::Allowed(_)) => Some(counters),
        Ok(Admission::Limited(_)) => None,
        Err(error) => {
            tracing::warn!(%error, "stored response not counted");
            Some(Vec::new())
        }
    };
    if matches!(begun, Ok(Begun::First)) {
        return Ok(Turn::First(Claim { service: service.clone(), request, counted }));
    }
    refund(service, &counted.unwrap_or_default(), Refund::NothingDone).await;
    match begun? {
        Begun::First | Begun::InProgress => Err(Error::RequestInProgress { retry_after: RETRY_AFTER }),
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

/// Claims a request under all its names, in their order. If one of them is not free, releases the names before it.
async fn claim(staging: &dyn Staging, names: &[RequestName], ttl: Duration) -> Result<Begun, DependencyError> {
    for (earlier, name) in names.iter().enumerate() {
        let begun = staging.begin(name.name(), name.fingerprint(), ttl).await;
        if !matches!(begun, Ok(Begun::First)) {
            release(staging, &names[..earlier]).await;
            return begun;
        }
    }
    Ok(Begun::First)
}

async fn release(staging: &dyn Staging, names: &[RequestName]) {
    for name in names {
        if let Err(error) = staging.release(name.name(), name.fingerprint()).await {
            tracing::warn!(%error, "idempotency claim release failed");
        }
    }
}

fn counters(service: &Service, owner: Owner) -> Vec<Counter> {
    let limits = &service.policy.limits;
    match owner {
        Owner::Client(address) => limits.ip_counters(Limit::IpStoredResponses, &service.ip_block(address)),
        Owner::User(id) => vec![limits.counter(Limit::UserStoredResponses, id.0.to_string())],
    }
}

impl Claim {
    /// Stores the response for retries, if its owner has room for it. The request is done: the client gets the response
    /// even if it cannot be stored.
    pub async fn complete(self, response: &[u8]) {
        if self.counted.is_none() {
            return self.release().await;
        }
        let Self { service, request, .. } = self;
        for name in request.names() {
            let Some(encrypted) = name.seal(response) else {
                return tracing::warn!("response encryption failed");
            };
            let stored = service.ports.staging.complete(name.name(), name.fingerprint(), &encrypted, TTL);
            if let Err(error) = stored.await {
                tracing::warn!(%error, "response storage failed");
            }
        }
    }

    /// Releases the claim: a retry is handled like the first request.
    pub async fn release(self) {
        let Self { service, request, counted } = self;
        let counters = counted.unwrap_or_default();
        let release = release(&*service.ports.staging, request.names());
        tokio::join!(release, refund(&service, &counters, Refund::NothingDone));
    }
}

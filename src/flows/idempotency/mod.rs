//! Idempotency: a request with a key is handled once, and every retry gets its stored response.

mod claimed;

use super::claim::hold;
use super::error::Error;
use super::refund::{may_be_done, now_or_when_available, refund, when_available};
use super::service::{Parts, Service};
use crate::domain::idempotency::{IdempotencyKey, NamedRequest, Scope};
use crate::domain::limits::{Counter, Limit, Refund};
use crate::domain::user::UserId;
use crate::ports::{Admission, Begun, Dependency, DependencyError};
use claimed::Claimed;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Lifetime of a stored response: 24 h, as at Stripe. A phone that was offline for a night still finds it.
const TTL: Duration = Duration::from_secs(24 * 3_600);
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

/// Claim on a request. It soon expires if it is neither held nor completed nor released.
pub struct Claim {
    service: Service,
    claimed: Claimed,
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
    let claimed = Claimed::new(request, service.new_id());
    let (staging, counters) = (&service.ports.staging, counters(service, owner));
    let begin = claimed.begin(&**staging, service.policy.flow.claim_ttl);
    let (begun, admission) = tokio::join!(begin, staging.count(&counters));
    if may_be_done(&begun) {
        // Perhaps only the response was lost. Nobody works under this claim, and retries must not wait for it.
        let claimed = claimed.clone();
        when_available(service, move |service| release_once(service, claimed.clone()));
    }
    let counted = match admission {
        Ok(Admission::Allowed(_)) => Some(counters),
        Ok(Admission::Limited(_)) => None,
        Err(error) => {
            tracing::warn!(%error, "stored response not counted");
            Some(Vec::new())
        }
    };
    if matches!(begun, Ok(Begun::First)) {
        return Ok(Turn::First(Claim { service: service.clone(), claimed, counted }));
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
            Ok(Turn::Completed(claimed.open(&encrypted).ok_or_else(forged)?))
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
        let Self { service, claimed, .. } = self;
        let Some(encrypted) = claimed.seal(response) else {
            return tracing::warn!("response encryption failed");
        };
        let act = move |service: Service| {
            let (claimed, encrypted) = (claimed.clone(), Arc::clone(&encrypted));
            async move { claimed.complete(&*service.ports.staging, &encrypted, TTL).await }
        };
        if let Err(error) = now_or_when_available(&service, act).await {
            tracing::warn!(%error, "response storage failed");
        }
    }

    /// Releases the claim: a retry is handled like the first request.
    pub async fn release(self) {
        let Self { service, claimed, counted } = self;
        let counters = counted.unwrap_or_default();
        let release = now_or_when_available(&service, move |service| release_once(service, claimed.clone()));
        let (released, ()) = tokio::join!(release, refund(&service, &counters, Refund::NothingDone));
        if let Err(error) = released {
            tracing::warn!(%error, "idempotency claim release failed");
        }
    }

    /// Handles the request, and renews the claim meanwhile.
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> T {
        let Parts { ports, policy, .. } = &*self.service;
        hold(policy.flow.claim_ttl, work, |ttl| self.claimed.renew(&*ports.staging, ttl)).await
    }
}

async fn release_once(service: Service, claimed: Claimed) -> Result<(), DependencyError> {
    claimed.release(&*service.ports.staging).await
}

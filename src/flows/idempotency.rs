//! A request that comes twice happens once: its first answer is kept, and told again.

use super::{DependencyError, Error, Service};
use crate::domain::idempotency::{IdempotencyKey, NamedRequest, Scope};
use crate::ports::{Begun, Dependency};
use std::sync::Arc;
use std::time::Duration;

/// How long an answer is kept: 24 h, as at Stripe. A phone that was without a network for a night finds it still there.
pub const LIFE: Duration = Duration::from_secs(24 * 3_600);
/// How long nobody else may do what is being done, beside the time that its message may take: 15 s, more than two calls of the
/// database and a hash with all their patience. A process that died meanwhile, or a claim whose answer got lost, holds the request up
/// no longer.
const CLAIM: Duration = Duration::from_secs(15);
/// When a parallel duplicate may ask again: nearly every request takes less.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Whose turn it is.
pub enum Turn {
    /// The first: do it, and say what became of it.
    First(Claim),
    /// What the first was answered.
    Answered(Vec<u8>),
}

/// Leave to do what was asked for. One that is neither kept nor dropped runs out.
pub struct Claim {
    service: Arc<Service>,
    request: NamedRequest,
}

/// `content` is what must be the same in a retry.
#[must_use]
pub fn name(service: &Service, scope: Scope, route: &str, key: &IdempotencyKey, content: &[&[u8]]) -> NamedRequest {
    NamedRequest::new(&service.keys, scope, route, key, content)
}

pub async fn begin(service: Arc<Service>, request: NamedRequest) -> Result<Turn, Error> {
    let claim = service.policy.max_send_duration + CLAIM;
    match service.ports.staging.begin(request.name(), request.fingerprint(), claim).await? {
        Begun::First => Ok(Turn::First(Claim { service, request })),
        Begun::InProgress => Err(Error::RequestInProgress { retry_after: ASK_AGAIN }),
        Begun::Mismatch => Err(Error::IdempotencyKeyReused),
        Begun::Answered(sealed) => {
            let forged = || DependencyError::Broken {
                dependency: Dependency::Staging,
                reason: "a kept answer that was not sealed here".to_owned(),
            };
            Ok(Turn::Answered(request.open(&sealed).ok_or_else(forged)?))
        }
    }
}

impl Claim {
    /// Retries are told this. What was done is done: if the answer cannot be kept, the client gets it all the same.
    pub async fn keep(self, answer: &[u8], life: Duration) {
        let Self { service, request } = self;
        let Some(sealed) = request.seal(answer) else {
            return tracing::warn!("response encryption failed");
        };
        let kept = service.ports.staging.complete(request.name(), request.fingerprint(), &sealed, life.min(LIFE));
        if let Err(error) = kept.await {
            tracing::warn!(%error, "response storage failed");
        }
    }

    /// Nothing was changed: the request may come again as if it were the first.
    pub async fn give_back(self) {
        let Self { service, request } = self;
        if let Err(error) = service.ports.staging.release(request.name(), request.fingerprint()).await {
            tracing::warn!(%error, "idempotency claim release failed");
        }
    }
}

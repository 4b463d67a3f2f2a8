//! Stored responses.

use super::client::RedisStaging;
use super::reply::{broken, done, held, millis, words};
use crate::adapters::staging::scripts;
use crate::ports::{Begun, DependencyError, IdempotencyStore, RequestClaim};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl IdempotencyStore for RedisStaging {
    async fn begin(&self, claim: RequestClaim<'_>, ttl: Duration) -> Result<Begun, DependencyError> {
        let mut call = scripts::IDEMPOTENCY_BEGIN.key(request_key(claim.name));
        let reply = self.call(call.arg(claim.fingerprint).arg(claim.owner.to_string()).arg(millis(ttl))).await?;
        match words(&reply)[..] {
            ["first"] => Ok(Begun::First),
            ["busy"] => Ok(Begun::InProgress),
            ["mismatch"] => Ok(Begun::Mismatch),
            ["completed", response] => Ok(Begun::Completed(response.to_owned())),
            _ => Err(broken()),
        }
    }

    async fn renew(&self, claim: RequestClaim<'_>, ttl: Duration) -> Result<bool, DependencyError> {
        let mut call = scripts::IDEMPOTENCY_HOLD.key(request_key(claim.name));
        held(&self.call(call.arg(claim.owner.to_string()).arg(millis(ttl))).await?)
    }

    async fn complete(&self, claim: RequestClaim<'_>, response: &str, ttl: Duration) -> Result<(), DependencyError> {
        let mut call = scripts::IDEMPOTENCY_COMPLETE.key(request_key(claim.name));
        call.arg(claim.fingerprint).arg(claim.owner.to_string()).arg(response).arg(millis(ttl));
        done(&self.call(&call).await?)
    }

    async fn release(&self, claim: RequestClaim<'_>) -> Result<(), DependencyError> {
        let mut call = scripts::IDEMPOTENCY_HOLD.key(request_key(claim.name));
        held(&self.call(call.arg(claim.owner.to_string()).arg(0)).await?).map(drop)
    }
}

fn request_key(name: &str) -> String {
    format!("idempotency:{{{name}}}")
}

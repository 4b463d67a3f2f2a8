//! Stored responses.

use super::client::RedisStaging;
use super::reply::{broken, done, millis, words};
use crate::adapters::staging::scripts;
use crate::ports::{Begun, DependencyError, IdempotencyStore};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl IdempotencyStore for RedisStaging {
    async fn begin(&self, name: &str, fingerprint: &str, claim_ttl: Duration) -> Result<Begun, DependencyError> {
        let mut call = scripts::IDEMPOTENCY_BEGIN.key(request_key(name));
        let reply = self.call(call.arg(fingerprint).arg(millis(claim_ttl))).await?;
        match words(&reply)[..] {
            ["first"] => Ok(Begun::First),
            ["busy"] => Ok(Begun::InProgress),
            ["mismatch"] => Ok(Begun::Mismatch),
            ["completed", response] => Ok(Begun::Completed(response.to_owned())),
            _ => Err(broken()),
        }
    }

    async fn complete(
        &self,
        name: &str,
        fingerprint: &str,
        response: &str,
        ttl: Duration,
    ) -> Result<(), DependencyError> {
        let mut call = scripts::IDEMPOTENCY_COMPLETE.key(request_key(name));
        done(&self.call(call.arg(fingerprint).arg(response).arg(millis(ttl))).await?)
    }

    async fn release(&self, name: &str, fingerprint: &str) -> Result<(), DependencyError> {
        let mut call = scripts::IDEMPOTENCY_RELEASE.key(request_key(name));
        done(&self.call(call.arg(fingerprint)).await?)
    }
}

fn request_key(name: &str) -> String {
    format!("idempotency:{{{name}}}")
}

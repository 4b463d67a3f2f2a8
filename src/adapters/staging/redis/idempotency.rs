//! Answers that are kept.

use super::reply::{broken, done, millis, words};
use super::{RedisStaging, scripts};
use crate::ports::{Begun, DependencyError, IdempotencyStore};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl IdempotencyStore for RedisStaging {
    async fn begin(&self, name: &str, fingerprint: &str, claim: Duration) -> Result<Begun, DependencyError> {
        let mut call = scripts::IDEMPOTENCY_BEGIN.key(answer_key(name));
        let reply = self.call(call.arg(fingerprint).arg(millis(claim))).await?;
        match words(&reply)[..] {
            ["first"] => Ok(Begun::First),
            ["busy"] => Ok(Begun::InProgress),
            ["mismatch"] => Ok(Begun::Mismatch),
            ["answered", answer] => Ok(Begun::Answered(answer.to_owned())),
            _ => Err(broken()),
        }
    }

    async fn complete(
        &self,
        name: &str,
        fingerprint: &str,
        answer: &str,
        life: Duration,
    ) -> Result<(), DependencyError> {
        let mut call = scripts::IDEMPOTENCY_COMPLETE.key(answer_key(name));
        done(&self.call(call.arg(fingerprint).arg(answer).arg(millis(life))).await?)
    }

    async fn release(&self, name: &str, fingerprint: &str) -> Result<(), DependencyError> {
        let mut call = scripts::IDEMPOTENCY_RELEASE.key(answer_key(name));
        done(&self.call(call.arg(fingerprint)).await?)
    }
}

fn answer_key(name: &str) -> String {
    format!("answer:{{{name}}}")
}

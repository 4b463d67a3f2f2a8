//! Counters: numbers, and hashes where different members are counted.

use super::reply::{broken, done, duration, millis, number, words};
use super::{RedisStaging, scripts};
use crate::domain::policy::Quota;
use crate::ports::{Admission, Counter, Counters, DependencyError, Rule, Usage};
use async_trait::async_trait;
use deadpool_redis::redis::{Script, ScriptInvocation, cmd};
use std::time::Duration;

#[async_trait]
impl Counters for RedisStaging {
    async fn count(&self, counters: &[Counter]) -> Result<Admission, DependencyError> {
        let reply = self.call(&over(&scripts::COUNT, counters)).await?;
        match &words(&reply)[..] {
            ["done", counts @ ..] => {
                counts.iter().map(|count| number(count)).collect::<Result<_, _>>().map(Admission::Allowed)
            }
            ["full", index, wait] => Ok(Admission::Limited { index: number(index)?, retry_after: duration(wait)? }),
            _ => Err(broken()),
        }
    }

    async fn refund(&self, counters: &[Counter]) -> Result<(), DependencyError> {
        done(&self.call(&over(&scripts::REFUND, counters)).await?)
    }

    async fn reset(&self, counters: &[Counter]) -> Result<(), DependencyError> {
        self.delete(&counters.iter().map(counter_key).collect::<Vec<_>>()).await.map(drop)
    }

    async fn usage(&self, counters: &[Counter]) -> Result<Vec<Usage>, DependencyError> {
        let reply = self.call(&over(&scripts::USAGE, counters)).await?;
        let words = words(&reply);
        let ["done", usages @ ..] = &words[..] else { return Err(broken()) };
        let usage = |pair: &[&str]| match pair {
            [count, left] => Ok(Usage { count: number(count)?, expires_in: duration(left)? }),
            _ => Err(broken()),
        };
        usages.chunks(2).map(usage).collect()
    }

    async fn set(&self, counter: &Counter, life: Duration) -> Result<(), DependencyError> {
        let mut set = cmd("SET");
        set.arg(counter_key(counter)).arg(1).arg("PX").arg(millis(life));
        let set = &set;
        self.leases.run(|mut connection| async move { set.query_async(&mut connection).await }).await
    }
}

/// One tag for all: those of the whole service are asked at every send anyhow.
fn counter_key(counter: &Counter) -> String {
    format!("limit:{{shared}}:{}:{}", counter.scope, counter.subject)
}

/// What `rules.lua` expects.
fn over<'a>(script: &'a Script, counters: &[Counter]) -> ScriptInvocation<'a> {
    let mut call = script.prepare_invoke();
    for counter in counters {
        let (rule, Quota { max, window }, member) = match &counter.rule {
            Rule::Count(quota) => ("calls", *quota, ""),
            Rule::Distinct { member, quota } => ("members", *quota, &**member),
            Rule::Threshold(max) => ("below", Quota { max: *max, window: Duration::ZERO }, ""),
        };
        call.key(counter_key(counter)).arg(rule).arg(max).arg(millis(window)).arg(member);
    }
    call
}

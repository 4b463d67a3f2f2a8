//! Counters: numbers, and hashes where different members are counted.

use super::reply::{broken, done, duration, millis, number, words};
use super::{RedisStaging, scripts};
use crate::domain::policy::Quota;
use crate::ports::{Counted, Counter, Counters, Failure, Rule, Standing};
use async_trait::async_trait;
use deadpool_redis::redis::{Script, ScriptInvocation, cmd};
use std::time::Duration;

#[async_trait]
impl Counters for RedisStaging {
    async fn count(&self, counters: &[Counter]) -> Result<Counted, Failure> {
        let reply = self.call(&over(&scripts::COUNT, counters)).await?;
        match &words(&reply)[..] {
            ["done", counts @ ..] => {
                counts.iter().map(|count| number(count)).collect::<Result<_, _>>().map(Counted::Yes)
            }
            ["full", index, wait] => Ok(Counted::Full { index: number(index)?, retry_after: duration(wait)? }),
            _ => Err(broken()),
        }
    }

    async fn uncount(&self, counters: &[Counter]) -> Result<(), Failure> {
        done(&self.call(&over(&scripts::UNCOUNT, counters)).await?)
    }

    async fn forget(&self, counters: &[Counter]) -> Result<(), Failure> {
        self.delete(&counters.iter().map(counter_key).collect::<Vec<_>>()).await.map(drop)
    }

    async fn look(&self, counters: &[Counter]) -> Result<Vec<Standing>, Failure> {
        let reply = self.call(&over(&scripts::LOOK, counters)).await?;
        let words = words(&reply);
        let ["done", standings @ ..] = &words[..] else { return Err(broken()) };
        let standing = |pair: &[&str]| match pair {
            [count, left] => Ok(Standing { count: number(count)?, expires_in: duration(left)? }),
            _ => Err(broken()),
        };
        standings.chunks(2).map(standing).collect()
    }

    async fn raise(&self, counter: &Counter, life: Duration) -> Result<(), Failure> {
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
            Rule::Calls(quota) => ("calls", *quota, ""),
            Rule::Members { member, quota } => ("members", *quota, &**member),
            Rule::Below(max) => ("below", Quota { max: *max, window: Duration::ZERO }, ""),
        };
        call.key(counter_key(counter)).arg(rule).arg(max).arg(millis(window)).arg(member);
    }
    call
}

//! Counters: numbers, hashes for the classes of shared counters, and lists for sliding windows.

use super::client::RedisStaging;
use super::reply::{broken, done, duration, millis, number, numbers, reached, words};
use crate::adapters::staging::scripts::{self, Script, ScriptCall};
use crate::domain::limits::{Counter, Entry, Limit, Rule, Scope};
use crate::ports::{Admission, Counters, Counts, DependencyError, REFUND_TTL, Usage};
use async_trait::async_trait;
use deadpool_redis::redis::cmd;
use std::time::Duration;
use uuid::Uuid;

#[async_trait]
impl Counters for RedisStaging {
    async fn count(&self, counters: &[Counter]) -> Result<Admission, DependencyError> {
        admission(counters, &self.call(&over(&scripts::COUNT, counters)).await?)
    }

    async fn refund(&self, id: Uuid, counters: &[Counter]) -> Result<(), DependencyError> {
        let Some(first) = counters.first() else { return Ok(()) };
        let mut call = scripts::REFUND.key(key_beside(first, &format!("refund:{id}")));
        add_counters(call.arg(millis(REFUND_TTL)), counters);
        done(&self.call(&call).await?)
    }

    async fn reset(&self, counters: &[Counter]) -> Result<(), DependencyError> {
        self.delete(&counters.iter().map(counter_key).collect::<Vec<_>>()).await.map(drop)
    }

    async fn usage(&self, counters: &[Counter]) -> Result<Vec<Usage>, DependencyError> {
        let reply = self.call(&over(&scripts::USAGE, counters)).await?;
        let words = words(&reply);
        let ["done", usage @ ..] = &words[..] else { return Err(broken()) };
        let usage_of = |pair: &[&str]| match pair {
            [count, left] => Ok(Usage { count: number(count)?, expires_in: duration(left)? }),
            _ => Err(broken()),
        };
        usage.chunks(2).map(usage_of).collect()
    }

    async fn set(&self, counter: &Counter, ttl: Duration) -> Result<(), DependencyError> {
        let mut set = cmd("SET");
        let key = counter_key(counter);
        set.arg(&key).arg(1).arg("PX").arg(millis(ttl));
        self.command(&key, &set).await
    }
}

/// Reply of a script that counts and does nothing else.
pub(super) fn admission(counters: &[Counter], reply: &[String]) -> Result<Admission, DependencyError> {
    match &words(reply)[..] {
        ["done", values @ ..] => Ok(Admission::Allowed(Counts::new(counters, numbers(values)?))),
        ["limited", pairs @ ..] => Ok(Admission::Limited(reached(counters, pairs)?)),
        _ => Err(broken()),
    }
}

/// Returns the Redis key of a counter. The limits of a phone are in the slot of its flows. All others share one slot,
/// because each message counts on limits of several scopes in one operation.
pub(super) fn counter_key(counter: &Counter) -> String {
    let Counter { limit, key, .. } = counter;
    match limit.entry().scope {
        Scope::Phone => key_beside(counter, limit.name()),
        _ => key_beside(counter, &[limit.name(), ":", key].concat()),
    }
}

/// Returns a key in the slot of a counter.
fn key_beside(Counter { limit, key, .. }: &Counter, name: &str) -> String {
    let slot = match limit.entry().scope {
        Scope::Phone => key,
        _ => "shared",
    };
    ["limit:{", slot, "}:", name].concat()
}

fn over(script: &'static Script, counters: &[Counter]) -> ScriptCall {
    let mut call = script.call();
    add_counters(&mut call, counters);
    call
}

/// Adds keys and arguments as `counters.lua` reads them, behind all others.
pub(super) fn add_counters(call: &mut ScriptCall, counters: &[Counter]) {
    for counter in counters {
        call.key(counter_key(counter));
        match &counter.rule {
            Rule::Count(quota) => call.arg("count").arg(quota.max).arg(millis(quota.window)),
            Rule::Shared { class, member, quota, reserved } => {
                call.arg("shared").arg(quota.max).arg(millis(quota.window));
                let field = member.as_ref().map(|member| format!("{} {member}", class.name()));
                call.arg(reserved).arg(class.name()).arg(field.unwrap_or_default())
            }
            Rule::Sliding(quota) => call.arg("sliding").arg(quota.max).arg(millis(quota.window)),
            Rule::Threshold(max) => call.arg(threshold_of(counter.limit)).arg(max).arg(0),
            Rule::Cooldown { waits, grows_with } => {
                let place = counters.iter().position(|counter| counter.limit == *grows_with);
                let wait = |wait: &Duration| if wait.is_zero() { 0 } else { millis(*wait) }.to_string();
                let waits: Vec<_> = waits.0.iter().map(wait).collect();
                call.arg("cooldown").arg(place.map_or(0, |place| place + 1)).arg(waits.join(","))
            }
        };
    }
}

/// Rule of a threshold in `counters.lua`, by the rule of the counter that it reads.
const fn threshold_of(limit: Limit) -> &'static str {
    match limit.entry() {
        Entry { shared: true, .. } => "classes",
        Entry { sliding: true, .. } => "events",
        _ => "number",
    }
}

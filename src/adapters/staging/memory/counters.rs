//! Counters, by their rules.

use super::MemoryStaging;
use super::shared::Shared;
use super::state::{CounterKey, State};
use crate::domain::limits::{Counter, Quota, Reached, Rule};
use crate::ports::{Admission, Counters, Counts, DependencyError, REFUND_TTL, Usage};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

#[async_trait]
impl Counters for MemoryStaging {
    async fn count(&self, counters: &[Counter]) -> Result<Admission, DependencyError> {
        Ok(self.state().admit(counters))
    }

    async fn refund(&self, id: Uuid, counters: &[Counter]) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        if state.refunds.get_mut(&id, now).is_none() {
            state.refunds.put(id, (), REFUND_TTL, now);
            counters.iter().for_each(|counter| state.refund(counter));
        }
        Ok(())
    }

    async fn reset(&self, counters: &[Counter]) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        for counter in counters {
            state.counters.take(&key(counter), now);
            state.shared.take(&key(counter), now);
            state.events.take(&key(counter), now);
        }
        Ok(())
    }

    async fn usage(&self, counters: &[Counter]) -> Result<Vec<Usage>, DependencyError> {
        let mut state = self.state();
        Ok(counters.iter().map(|counter| state.usage(counter)).collect())
    }

    async fn set(&self, counter: &Counter, ttl: Duration) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        state.counters.put(key(counter), 1, ttl, now);
        Ok(())
    }
}

impl State {
    /// Counts on all counters or on none.
    pub(super) fn admit(&mut self, counters: &[Counter]) -> Admission {
        if let Some(reached) = self.reached(counters) {
            return Admission::Limited(reached);
        }
        let mut values = vec![0; counters.len()];
        // Cooldowns and thresholds first: they read what was counted before this call.
        for reads in [true, false] {
            for (counter, value) in counters.iter().zip(&mut values) {
                if matches!(counter.rule, Rule::Cooldown { .. } | Rule::Threshold(_)) == reads {
                    *value = self.add(counter, counters);
                }
            }
        }
        Admission::Allowed(Counts::new(counters, values))
    }

    pub(super) fn reached(&mut self, counters: &[Counter]) -> Option<Reached> {
        let waits = counters.iter().filter_map(|counter| Some((counter.limit, self.wait(counter)?)));
        Reached::new(waits.collect())
    }

    /// Time until the counter has room for this call; `None` if it has room now.
    fn wait(&mut self, counter: &Counter) -> Option<Duration> {
        let Usage { count, expires_in } = self.usage(counter);
        let (max, window) = match &counter.rule {
            Rule::Cooldown { .. } => return (count > 0).then_some(expires_in),
            Rule::Sliding(Quota { max, window }) => {
                let wait = self.until_room(&key(counter), *max).unwrap_or(*window);
                return (count >= *max).then_some(wait);
            }
            Rule::Threshold(max) => {
                let wait = self.until_room(&key(counter), *max).unwrap_or(expires_in);
                return (count >= *max && !wait.is_zero()).then_some(wait);
            }
            Rule::Count(quota) => (quota.max, quota.window),
            Rule::Shared { class, member, quota, reserved } => {
                let shared = self.shared.get_mut(&key(counter), self.now);
                let has_room = match shared {
                    Some(shared) => shared.has_room(*class, member.as_deref(), quota.max, *reserved),
                    None => Shared::default().has_room(*class, member.as_deref(), quota.max, *reserved),
                };
                let wait = if expires_in.is_zero() { quota.window } else { expires_in };
                return (!has_room).then_some(wait);
            }
        };
        // A quota of 0 is reached without a window.
        let wait = if expires_in.is_zero() { window } else { expires_in };
        (count >= max && !wait.is_zero()).then_some(wait)
    }

    /// Counts the call and returns the new value.
    fn add(&mut self, counter: &Counter, all: &[Counter]) -> u32 {
        let (key, now) = (key(counter), self.now);
        match &counter.rule {
            Rule::Threshold(_) => {}
            Rule::Sliding(quota) => self.add_event(key, quota.window),
            Rule::Count(quota) => match self.counters.get_mut(&key, now) {
                Some(count) => *count += 1,
                None => self.counters.put(key, 1, quota.window, now),
            },
            Rule::Shared { class, member, quota, .. } => match self.shared.get_mut(&key, now) {
                Some(shared) => shared.add(*class, member.as_deref()),
                None => {
                    let mut shared = Shared::default();
                    shared.add(*class, member.as_deref());
                    self.shared.put(key, shared, quota.window, now);
                }
            },
            Rule::Cooldown { waits, grows_with } => {
                let grown = all.iter().find(|counter| counter.limit == *grows_with);
                let sends = grown.map_or(0, |counter| self.usage(counter).count) + 1;
                if !waits.after(sends).is_zero() {
                    self.counters.put(key, 1, waits.after(sends), now);
                }
                return sends;
            }
        }
        self.usage(counter).count
    }

    /// Subtracts one call, the newest one of a sliding window. The last one ends the window, as if it had never begun.
    pub(super) fn refund(&mut self, counter: &Counter) {
        let (key, now) = (key(counter), self.now);
        match &counter.rule {
            Rule::Threshold(_) => {}
            Rule::Sliding(_) => self.remove_event(&key),
            Rule::Count(_) | Rule::Cooldown { .. } => match self.counters.get_mut(&key, now) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.counters.take(&key, now)),
            },
            Rule::Shared { class, member, .. } => {
                let Some(shared) = self.shared.get_mut(&key, now) else { return };
                shared.subtract(*class, member.as_deref());
                if shared.is_empty() {
                    self.shared.take(&key, now);
                }
            }
        }
    }

    fn usage(&mut self, counter: &Counter) -> Usage {
        let key = key(counter);
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (count, left) = match &counter.rule {
            Rule::Shared { class, member, .. } => {
                let count =
                    self.shared.get_mut(&key, self.now).map_or(0, |shared| shared.used(*class, member.is_some()));
                (count, self.shared.left(&key, self.now))
            }
            Rule::Threshold(_) if self.shared.left(&key, self.now).is_some() => {
                let count = self.shared.get_mut(&key, self.now).map_or(0, |shared| shared.total());
                (count, self.shared.left(&key, self.now))
            }
            Rule::Sliding(_) | Rule::Threshold(_) if self.events.left(&key, self.now).is_some() => {
                (number(self.events_of(&key).len()), self.events.left(&key, self.now))
            }
            _ => {
                let count = self.counters.get_mut(&key, self.now).map_or(0, |count| *count);
                (count, self.counters.left(&key, self.now))
            }
        };
        Usage { count, expires_in: left.unwrap_or_default() }
    }
}

fn key(counter: &Counter) -> CounterKey {
    (counter.limit.name(), counter.key.clone())
}

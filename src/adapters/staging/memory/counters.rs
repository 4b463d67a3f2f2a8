//! Counters, by their rules.

use super::MemoryStaging;
use super::state::{CounterKey, State};
use crate::ports::{Admission, Counter, Counters, DependencyError, Rule, Usage};
use async_trait::async_trait;
use std::collections::HashMap;
use std::time::Duration;

#[async_trait]
impl Counters for MemoryStaging {
    async fn count(&self, counters: &[Counter]) -> Result<Admission, DependencyError> {
        let mut state = self.state();
        for (index, counter) in counters.iter().enumerate() {
            if let Some(retry_after) = state.wait_for(counter) {
                return Ok(Admission::Limited { index, retry_after });
            }
        }
        Ok(Admission::Allowed(counters.iter().map(|counter| state.add(counter)).collect()))
    }

    async fn refund(&self, counters: &[Counter]) -> Result<(), DependencyError> {
        let mut state = self.state();
        counters.iter().for_each(|counter| state.take_back(counter));
        Ok(())
    }

    async fn reset(&self, counters: &[Counter]) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        for counter in counters {
            state.counters.take(&counter.into(), now);
            state.members.take(&counter.into(), now);
        }
        Ok(())
    }

    async fn usage(&self, counters: &[Counter]) -> Result<Vec<Usage>, DependencyError> {
        let mut state = self.state();
        Ok(counters.iter().map(|counter| state.usage_of(counter)).collect())
    }

    async fn set(&self, counter: &Counter, life: Duration) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        state.counters.put(counter.into(), 1, life, now);
        Ok(())
    }
}

impl State {
    /// How long the counter stays full for this call, if it is.
    fn wait_for(&mut self, counter: &Counter) -> Option<Duration> {
        let key = CounterKey::from(counter);
        match &counter.rule {
            Rule::Count(quota) => self.full(&key, *quota),
            Rule::Threshold(max) => {
                (self.usage_of(counter).count >= *max).then(|| self.counters.left(&key, self.now).unwrap_or_default())
            }
            Rule::Distinct { member, quota } => {
                let members = self.members.get_mut(&key, self.now);
                let (count, known) = members.map_or((0, false), |all| (all.len(), all.contains_key(member)));
                let full = !known && count >= quota.max as usize;
                full.then(|| self.members.left(&key, self.now).unwrap_or(quota.window))
            }
        }
    }

    /// Counts, and says how far the counter is.
    fn add(&mut self, counter: &Counter) -> u32 {
        let key = CounterKey::from(counter);
        match &counter.rule {
            Rule::Count(quota) => return self.count(key, quota.window),
            Rule::Threshold(_) => {}
            Rule::Distinct { member, quota } => match self.members.get_mut(&key, self.now) {
                Some(members) => *members.entry(member.clone()).or_default() += 1,
                None => self.members.put(key, HashMap::from([(member.clone(), 1)]), quota.window, self.now),
            },
        }
        self.usage_of(counter).count
    }

    fn take_back(&mut self, counter: &Counter) {
        let key = CounterKey::from(counter);
        match &counter.rule {
            Rule::Count(_) => self.refund(&key),
            Rule::Threshold(_) => {}
            Rule::Distinct { member, .. } => {
                let Some(members) = self.members.get_mut(&key, self.now) else { return };
                if let Some(count) = members.get_mut(member) {
                    *count -= 1;
                    members.retain(|_, count| *count > 0);
                }
                if members.is_empty() {
                    self.members.take(&key, self.now);
                }
            }
        }
    }

    fn usage_of(&mut self, counter: &Counter) -> Usage {
        let key = CounterKey::from(counter);
        let (count, left) = match counter.rule {
            Rule::Distinct { .. } => {
                let count = self.members.get_mut(&key, self.now).map_or(0, |members| members.len());
                (u32::try_from(count).unwrap_or(u32::MAX), self.members.left(&key, self.now))
            }
            _ => {
                let count = self.counters.get_mut(&key, self.now).map_or(0, |count| *count);
                (count, self.counters.left(&key, self.now))
            }
        };
        Usage { count, expires_in: left.unwrap_or_default() }
    }
}

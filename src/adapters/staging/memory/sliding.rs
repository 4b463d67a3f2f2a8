//! Sliding windows: the times at which their events leave them. An entry expires with its newest event.

use super::state::{CounterKey, State};
use crate::adapters::staging::expiring::after;
use chrono::{DateTime, Utc};
use std::time::Duration;

impl State {
    /// Events in the window, the oldest first.
    pub(super) fn events_of(&mut self, key: &CounterKey) -> Vec<DateTime<Utc>> {
        let now = self.now;
        let events = self.events.get_mut(key, now).map(|events| events.iter().copied());
        events.into_iter().flatten().filter(|leaves| *leaves > now).collect()
    }

    /// Time until the oldest of the last `max` events leaves the window; `None` without such an event.
    pub(super) fn until_room(&mut self, key: &CounterKey, max: u32) -> Option<Duration> {
        let events = self.events_of(key);
        let oldest = events.len().checked_sub(max as usize)?;
        events.get(oldest).and_then(|leaves| (*leaves - self.now).to_std().ok())
    }

    pub(super) fn add_event(&mut self, key: CounterKey, window: Duration) {
        let mut events = self.events_of(&key);
        events.push(after(self.now, window));
        self.events.put(key, events, window, self.now);
    }

    /// Removes the newest event.
    pub(super) fn remove_event(&mut self, key: &CounterKey) {
        let (mut events, now) = (self.events_of(key), self.now);
        events.pop();
        match events.last().and_then(|newest| (*newest - now).to_std().ok()) {
            Some(left) => self.events.put(key.clone(), events, left, now),
            None => drop(self.events.take(key, now)),
        }
    }
}

//! A map whose entries expire.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Map with a lifetime per entry. An expired entry is the same as an absent one. A sweep frees the memory of expired
/// entries when the map has twice as many entries as after the last sweep. On average this costs one check per added
/// entry.
pub(super) struct Expiring<K, V> {
    entries: HashMap<K, Entry<V>>,
    sweep_at: usize,
}

struct Entry<V> {
    value: V,
    until: DateTime<Utc>,
}

/// Minimum number of entries for a sweep.
const SMALL: usize = 1_024;

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), sweep_at: SMALL }
    }
}

impl<K: Eq + Hash, V> Expiring<K, V> {
    /// Stores an entry and replaces an earlier one.
    pub(super) fn put(&mut self, key: K, value: V, ttl: Duration, now: DateTime<Utc>) {
        if self.entries.len() >= self.sweep_at {
            self.sweep(now);
        }
        self.entries.insert(key, Entry { value, until: after(now, ttl) });
    }

    pub(super) fn get_mut(&mut self, key: &K, now: DateTime<Utc>) -> Option<&mut V> {
        self.entries.get_mut(key).filter(|entry| entry.until > now).map(|entry| &mut entry.value)
    }

    /// Remaining lifetime of an entry.
    pub(super) fn left(&self, key: &K, now: DateTime<Utc>) -> Option<Duration> {
        let entry = self.entries.get(key).filter(|entry| entry.until > now)?;
        (entry.until - now).to_std().ok()
    }

    /// Restarts the lifetime of an entry that has not expired.
    pub(super) fn renew(&mut self, key: &K, ttl: Duration, now: DateTime<Utc>) {
        if let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.until > now) {
            entry.until = after(now, ttl);
        }
    }

    pub(super) fn take(&mut self, key: &K, now: DateTime<Utc>) -> Option<V> {
        self.entries.remove(key).filter(|entry| entry.until > now).map(|entry| entry.value)
    }

    fn sweep(&mut self, now: DateTime<Utc>) {
        self.entries.retain(|_, entry| entry.until > now);
        self.sweep_at = SMALL.max(2 * self.entries.len());
        self.entries.shrink_to(self.sweep_at);
    }
}

pub(super) fn after(now: DateTime<Utc>, ttl: Duration) -> DateTime<Utc> {
    let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(ttl).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_entries_are_removed() {
        let mut map = Expiring::default();
        let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        for second in 0..100_000_u32 {
            map.put(second, (), Duration::from_secs(300), start + TimeDelta::seconds(second.into()));
            assert!(map.entries.len() <= SMALL, "{} entries for 300 live entries", map.entries.len());
        }
        assert!(map.entries.capacity() < 4 * SMALL);
    }

    #[test]
    fn live_entries_stay() {
        let mut map = Expiring::default();
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for n in 0..10_000 {
            map.put(n, n, Duration::from_secs(1), now);
        }
        assert!((0..10_000).all(|n| map.get_mut(&n, now) == Some(&mut n.clone())));
    }

    #[test]
    fn the_longest_lifetime_does_not_overflow() {
        let mut map = Expiring::default();
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        map.put((), (), Duration::MAX, now);
        assert!(map.left(&(), now).unwrap() > Duration::from_secs(3_600));
    }
}

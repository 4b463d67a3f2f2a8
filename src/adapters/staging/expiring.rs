//! A map whose entries die.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// An entry whose time has come is as good as absent; the memory of the dead is given back when the map would
/// otherwise grow past twice what lived at the last sweep. That is one look at an entry for each one added.
pub(super) struct Expiring<K, V> {
    entries: HashMap<K, Entry<V>>,
    sweep_at: usize,
}

struct Entry<V> {
    value: V,
    until: DateTime<Utc>,
}

/// Below this many entries a sweep is not worth the trouble.
const SMALL: usize = 1_024;

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), sweep_at: SMALL }
    }
}

impl<K: Eq + Hash, V> Expiring<K, V> {
    /// Stores anew, whatever was there.
    pub(super) fn put(&mut self, key: K, value: V, life: Duration, now: DateTime<Utc>) {
        if self.entries.len() >= self.sweep_at {
            self.sweep(now);
        }
        self.entries.insert(key, Entry { value, until: after(now, life) });
    }

    pub(super) fn get_mut(&mut self, key: &K, now: DateTime<Utc>) -> Option<&mut V> {
        self.entries.get_mut(key).filter(|entry| entry.until > now).map(|entry| &mut entry.value)
    }

    /// What is left of a living entry's life.
    pub(super) fn left(&self, key: &K, now: DateTime<Utc>) -> Option<Duration> {
        let entry = self.entries.get(key).filter(|entry| entry.until > now)?;
        (entry.until - now).to_std().ok()
    }

    /// Lets a living entry live this long from now on.
    pub(super) fn renew(&mut self, key: &K, life: Duration, now: DateTime<Utc>) {
        if let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.until > now) {
            entry.until = after(now, life);
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

fn after(now: DateTime<Utc>, life: Duration) -> DateTime<Utc> {
    let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(life).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_are_buried() {
        let mut map = Expiring::default();
        let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        for second in 0..100_000_u32 {
            map.put(second, (), Duration::from_secs(300), start + TimeDelta::seconds(second.into()));
            assert!(map.entries.len() <= SMALL, "{} entries for 300 alive", map.entries.len());
        }
        assert!(map.entries.capacity() < 4 * SMALL);
    }

    #[test]
    fn the_living_stay() {
        let mut map = Expiring::default();
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for n in 0..10_000 {
            map.put(n, n, Duration::from_secs(1), now);
        }
        assert!((0..10_000).all(|n| map.get_mut(&n, now) == Some(&mut n.clone())));
    }

    #[test]
    fn the_longest_life_does_not_overflow() {
        let mut map = Expiring::default();
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        map.put((), (), Duration::MAX, now);
        assert!(map.left(&(), now).unwrap() > Duration::from_secs(3_600));
    }
}

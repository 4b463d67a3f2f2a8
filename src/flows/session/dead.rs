//! Sessions and refresh tokens that are known to be dead: their requests cost no query.

use crate::domain::session::{Generation, SessionId};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashSet;
use std::hash::Hash;
use std::mem;
use std::sync::{Mutex, PoisonError};

/// Sessions and refresh tokens that the database has refused for ever, remembered for one to two minutes in this
/// process. A client that repeats a dead token then takes no connection from other clients.
#[derive(Default)]
pub(in crate::flows) struct Dead {
    /// Sessions that have ended. None of them becomes active again.
    pub(in crate::flows) sessions: Memory<SessionId>,
    /// Refused refresh tokens. The session of one may be active: a password change invalidates only its older tokens.
    pub(in crate::flows) refresh_tokens: Memory<Generation>,
}

/// Keys that are remembered for a while. Their number is bounded.
pub(in crate::flows) struct Memory<K>(Mutex<Sets<K>>);

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Two sets, of which the older one is dropped as a whole: no entry needs a timer.
struct Sets<K> {
    recent: HashSet<K>,
    earlier: HashSet<K>,
    began_at: DateTime<Utc>,
}

impl<K> Default for Sets<K> {
    fn default() -> Self {
        Self { recent: HashSet::new(), earlier: HashSet::new(), began_at: DateTime::default() }
    }
}

/// Lifetime of a set.
const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// Entries of a set: 65,536. All four sets take about 8 MB at most. A token is needed for each entry, and each comes
/// from a sign-in or a refresh.
const LARGEST: usize = 65_536;

impl<K: Copy + Eq + Hash> Memory<K> {
    pub(in crate::flows) fn add(&self, key: K, now: DateTime<Utc>) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sets.expire(now);
        if sets.recent.len() >= LARGEST {
            sets.start_next(now);
        }
        sets.recent.insert(key);
    }

    pub(in crate::flows) fn contains(&self, key: K, now: DateTime<Utc>) -> bool {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sets.expire(now);
        sets.recent.contains(&key) || sets.earlier.contains(&key)
    }
}

impl<K> Sets<K> {
    /// Starts the next set after a minute. A clock that was set back starts it too.
    fn expire(&mut self, now: DateTime<Utc>) {
        if (now - self.began_at).abs() < MINUTE {
            return;
        }
        let both = (now - self.began_at).abs() >= MINUTE * 2;
        self.start_next(now);
        if both {
            self.earlier.clear();
        }
    }

    fn start_next(&mut self, now: DateTime<Utc>) {
        self.earlier = mem::take(&mut self.recent);
        self.began_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn session(number: u128) -> SessionId {
        SessionId(Uuid::from_u128(number))
    }

    #[test]
    fn a_dead_session_is_remembered_for_a_minute() {
        let (dead, start) = (Memory::default(), DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        dead.add(session(1), start);
        let at = |seconds| dead.contains(session(1), start + TimeDelta::seconds(seconds));
        assert!(at(0) && at(59) && at(60) && at(119));
        assert!(!at(120));
        assert!(!dead.contains(session(2), start));
    }

    #[test]
    fn a_quiet_time_forgets_everything() {
        let (dead, start) = (Memory::default(), DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        dead.add(session(1), start);
        assert!(!dead.contains(session(1), start + TimeDelta::hours(1)));
        dead.add(session(2), start);
        assert!(dead.contains(session(2), start));
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let (dead, now) = (Memory::default(), DateTime::UNIX_EPOCH);
        for number in 0..300_000 {
            dead.add(session(number), now);
        }
        let sets = dead.0.lock().unwrap();
        assert!(sets.recent.len() + sets.earlier.len() <= 2 * LARGEST);
        drop(sets);
        assert!(dead.contains(session(299_999), now));
    }
}

//! Sessions that are known to have ended: their requests cost no query.

use crate::domain::session::SessionId;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashSet;
use std::mem;
use std::sync::{Mutex, PoisonError};

/// Sessions that the database has reported as ended, remembered for one to two minutes in this process. An ended
/// session never lives again, so no answer from here is ever wrong. A client that repeats a dead token then takes no
/// connection from other clients.
#[derive(Default)]
pub(in crate::flows) struct DeadSessions(Mutex<Generations>);

/// Two sets, of which the older one is dropped as a whole: no entry needs a timer.
#[derive(Default)]
struct Generations {
    recent: HashSet<SessionId>,
    earlier: HashSet<SessionId>,
    began_at: DateTime<Utc>,
}

/// Lifetime of a generation.
const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// Entries of a generation: 65,536. Both generations take about 4 MB at most. A token is needed for each entry, and
/// each comes from a sign-in.
const LARGEST: usize = 65_536;

impl DeadSessions {
    pub(in crate::flows) fn add(&self, session: SessionId, now: DateTime<Utc>) {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.expire(now);
        if generations.recent.len() >= LARGEST {
            generations.start_next(now);
        }
        generations.recent.insert(session);
    }

    pub(in crate::flows) fn contains(&self, session: SessionId, now: DateTime<Utc>) -> bool {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.expire(now);
        generations.recent.contains(&session) || generations.earlier.contains(&session)
    }
}

impl Generations {
    /// Starts the next generation after a minute. A clock that was set back starts it too.
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
        let (dead, start) = (DeadSessions::default(), DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        dead.add(session(1), start);
        let at = |seconds| dead.contains(session(1), start + TimeDelta::seconds(seconds));
        assert!(at(0) && at(59) && at(60) && at(119));
        assert!(!at(120));
        assert!(!dead.contains(session(2), start));
    }

    #[test]
    fn a_quiet_time_forgets_everything() {
        let (dead, start) = (DeadSessions::default(), DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        dead.add(session(1), start);
        assert!(!dead.contains(session(1), start + TimeDelta::hours(1)));
        dead.add(session(2), start);
        assert!(dead.contains(session(2), start));
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let (dead, now) = (DeadSessions::default(), DateTime::UNIX_EPOCH);
        for number in 0..300_000 {
            dead.add(session(number), now);
        }
        let generations = dead.0.lock().unwrap();
        assert!(generations.recent.len() + generations.earlier.len() <= 2 * LARGEST);
        drop(generations);
        assert!(dead.contains(session(299_999), now));
    }
}

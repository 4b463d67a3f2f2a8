//! A thief with a copy of a refresh token. The owner opens the app once a day and does not notice the thief.

use super::rng::Rng;
use super::rule::{Answer, Rule, Session};

const DAY: i64 = 86_400;
const QUARTER_HOUR: i64 = 900;

const HOME: u32 = 1;
const ELSEWHERE: u32 = 2;

/// Kind of the copy, and what the thief does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// From a log of requests: the token of the owner's last refresh. The thief refreshes every 15 minutes.
    Log,
    /// From a backup of the night. The thief refreshes every 15 minutes.
    Backup,
    /// The current token. The thief refreshes once between two refreshes of the owner.
    LockStep,
    /// The same, from the network of the owner.
    LockStepAtHome,
}

impl Copy {
    pub const ALL: [Self; 4] = [Self::Log, Self::Backup, Self::LockStep, Self::LockStepAtHome];

    const fn block(self) -> u32 {
        match self {
            Self::LockStepAtHome => HOME,
            Self::Log | Self::Backup | Self::LockStep => ELSEWHERE,
        }
    }

    const fn is_lock_step(self) -> bool {
        matches!(self, Self::LockStep | Self::LockStepAtHome)
    }
}

/// Returns the median time, in hours, from the first use of the copy until it is worth nothing.
pub fn median_life_hours(rule: Rule, copy: Copy, bound: bool, thieves: usize) -> f64 {
    // Each thief has random numbers of their own: the rules are compared with the same thieves and owners.
    let mut lives: Vec<i64> = (0..thieves).map(|n| life(&mut Rng((n as u64) << 32), rule, copy, bound)).collect();
    lives.sort_unstable();
    lives[thieves / 2] as f64 / 3_600.0
}

/// The owner, who opens the app once a day, around 18 h, for one or two refreshes.
struct Owner {
    token: u32,
    key: Option<u32>,
    next: i64,
    day: i64,
    again: bool,
}

impl Owner {
    fn plan(&mut self, rng: &mut Rng) {
        // One visit in three lasts longer than an access token.
        self.again = !self.again && rng.one_in(3);
        self.next = if self.again {
            self.next + QUARTER_HOUR
        } else {
            self.day += 1;
            self.day * DAY + 18 * 3_600 + rng.between(-2 * 3_600, 2 * 3_600)
        };
    }

    /// Refreshes. A person who is signed out is gone.
    fn refresh(&mut self, session: &mut Session) {
        if let Answer::Token(token) = session.refresh(self.token, self.key, HOME, self.next) {
            self.token = token;
        }
    }
}

fn life(rng: &mut Rng, rule: Rule, copy: Copy, bound: bool) -> i64 {
    let key = bound.then_some(1);
    let mut session = Session::new(rule, key);
    let mut owner = Owner { token: 0, key, next: 0, day: -1, again: true };
    owner.plan(rng);
    // The owner has used the session for a week.
    let mut presented = 0;
    while owner.next < 7 * DAY {
        presented = owner.token;
        owner.refresh(&mut session);
        owner.plan(rng);
    }
    let mut token = if copy == Copy::Log { presented } else { owner.token };
    // A log is read within a day, and a backup of 3 h likewise. The other thief starts between two visits.
    let start = match copy {
        Copy::Log | Copy::Backup => 7 * DAY + 3 * 3_600 + rng.between(0, DAY),
        Copy::LockStep | Copy::LockStepAtHome => 7 * DAY + rng.between(0, DAY),
    };
    let mut now = start;
    loop {
        while owner.next < now {
            owner.refresh(&mut session);
            if session.revoked {
                return owner.next - start;
            }
            owner.plan(rng);
        }
        // The thief does not have the key.
        match session.refresh(token, None, copy.block(), now) {
            Answer::Token(next) => token = next,
            Answer::Reused | Answer::Ended | Answer::KeyMismatch => return now - start,
        }
        if now - start > 180 * DAY {
            return now - start;
        }
        now += if copy.is_lock_step() { DAY } else { QUARTER_HOUR };
    }
}

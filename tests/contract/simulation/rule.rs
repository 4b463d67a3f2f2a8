//! The rule of `Users::refresh` as a model in memory, fast enough for 10^8 refreshes. `store.rs` compares it with the
//! stores.

/// Rule for late replays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Every late replay counts 1.
    WithoutBlocks,
    /// A late replay from another IP block counts 2.
    WithBlocks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Generation of the refresh token.
    Token(u32),
    Reused,
    Ended,
    KeyMismatch,
}

/// Default of `REFRESH_RETRY_SECONDS`.
const RETRY: i64 = 120;

/// Row of a session. Times are in seconds, blocks and keys are numbers.
#[derive(Debug, Clone)]
pub struct Session {
    rule: Rule,
    pub key: Option<u32>,
    pub generation: u32,
    rotated_at: Option<i64>,
    block: u32,
    /// Counts of the late replays of this generation and of the two before.
    counts: [u8; 3],
    pub revoked: bool,
}

impl Session {
    pub fn new(rule: Rule, key: Option<u32>) -> Self {
        Self { rule, key, generation: 0, rotated_at: None, block: 0, counts: [0; 3], revoked: false }
    }

    pub fn refresh(&mut self, presented: u32, key: Option<u32>, block: u32, now: i64) -> Answer {
        if self.revoked {
            return Answer::Ended;
        }
        if self.key != key {
            return Answer::KeyMismatch;
        }
        if self.key.is_some() {
            return Answer::Token(self.generation);
        }
        if presented >= self.generation {
            self.generation = presented + 1;
            self.rotated_at = Some(now);
            self.counts = [0, self.counts[0], self.counts[1]];
        } else if presented + 1 < self.generation {
            self.revoked = true;
        } else if self.rotated_at.is_some_and(|at| at <= now - RETRY) {
            let count = if self.rule == Rule::WithBlocks && block != self.block { 2 } else { 1 };
            self.counts[0] = self.counts[0].max(count);
            self.revoked = self.counts.iter().take_while(|count| **count > 0).sum::<u8>() >= 3;
        }
        self.block = block;
        if self.revoked { Answer::Reused } else { Answer::Token(self.generation) }
    }
}

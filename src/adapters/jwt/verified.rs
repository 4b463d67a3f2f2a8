//! Tokens whose signature was found right. An app sends the same token with every request until it is renewed, and looking at
//! one costs some 46 microseconds, finding it here half of one (docs/performance.md).

use crate::domain::session::AccessClaims;
use aws_lc_rs::digest;
use std::collections::HashMap;
use std::mem::swap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The SHA-256 of a whole token, signature included: no other text has it. Two tokens of the same words are two entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// At most [`Verified::MOST`] of them, a megabyte or so. What they say of their end is for the caller to compare with the
/// time, at each request anew.
#[derive(Default)]
pub(super) struct Verified {
    generations: Mutex<Generations>,
}

/// When the young ones fill half of the room they become the old ones, and the old ones are forgotten. Whatever is asked for is
/// young again, so what is in use stays.
#[derive(Default)]
struct Generations {
    young: HashMap<Fingerprint, AccessClaims>,
    old: HashMap<Fingerprint, AccessClaims>,
}

impl Verified {
    pub(super) const MOST: usize = 8_192;

    pub(super) fn recall(&self, token: Fingerprint) -> Option<AccessClaims> {
        let mut generations = self.lock();
        if let Some(claims) = generations.young.get(&token) {
            return Some(claims.clone());
        }
        let claims = generations.old.remove(&token)?;
        generations.put(token, claims.clone());
        Some(claims)
    }

    /// MUST be called with what was verified only.
    pub(super) fn remember(&self, token: Fingerprint, claims: AccessClaims) {
        self.lock().put(token, claims);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn put(&mut self, token: Fingerprint, claims: AccessClaims) {
        if self.young.len() >= Verified::MOST / 2 {
            swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(token, claims);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{session::SessionId, user::UserId};
    use chrono::DateTime;
    use uuid::Uuid;

    fn claims(n: u32) -> AccessClaims {
        AccessClaims {
            user_id: UserId(Uuid::from_u128(n.into())),
            session_id: SessionId(Uuid::nil()),
            issued_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            token_id: Uuid::nil(),
        }
    }

    fn token(n: u32) -> Fingerprint {
        Fingerprint::of(&n.to_string())
    }

    #[test]
    fn there_is_room_for_so_many_and_the_latest_half_is_there() {
        let verified = Verified::default();
        for n in 0..50_000 {
            verified.remember(token(n), claims(n));
            let generations = verified.lock();
            assert!(generations.young.len() + generations.old.len() <= Verified::MOST, "after {n}");
        }
        for n in 50_000 - 4_096..50_000 {
            assert_eq!(verified.recall(token(n)), Some(claims(n)));
        }
        assert_eq!(verified.recall(token(0)), None);
    }

    #[test]
    fn what_is_in_use_stays() {
        let verified = Verified::default();
        verified.remember(token(0), claims(0));
        for n in 1..50_000 {
            verified.remember(token(n), claims(n));
            if n % 4_000 == 0 {
                assert_eq!(verified.recall(token(0)), Some(claims(0)), "after {n}");
            }
        }
    }
}

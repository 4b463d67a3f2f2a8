//! Refresh of sessions that are bound to a key, and late replays from another IP block.

use super::store::{Store, another_hash, authority, block, device, now, password_proof, stores};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::dpop::Thumbprint;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::refresh::Refresh;
use doorstep::domain::session::{Device, Generation, NewSession};
use doorstep::domain::user::NewUser;
use doorstep::ports::{Created, Refreshed, Renewed, Users};

const HOME: &str = "192.0.2.1";
const MOBILE: &str = "198.51.100.1";

fn key(n: u8) -> Thumbprint {
    Thumbprint::of_p256(&[n; 32], &[n; 32])
}

struct Phone {
    store: Store,
    user: NewUser,
    session: NewSession,
}

impl Phone {
    /// Creates one phone per engine, whose session has this key.
    async fn each(key: Option<Thumbprint>) -> Vec<Self> {
        let mut phones = Vec::new();
        for store in stores() {
            let (user, _) = super::new_user("+8613800138000", 1);
            let session = device(&user, 1);
            let session = NewSession { device: Device { key: key.clone(), ..session.device }, ..session };
            assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
            phones.push(Self { store, user, session });
        }
        phones
    }

    async fn refresh(&self, number: u32, key: Option<Thumbprint>, from: &str, at: DateTime<Utc>) -> Refreshed {
        let id = self.session.id;
        let request = Refresh { presented: Generation { session: id, number }, key, from: block(id, from) };
        self.store.database.refresh(&request, at, &SessionPolicy::default()).await.unwrap()
    }

    fn token(&self, number: u32, again: bool) -> Refreshed {
        let (expires_at, client_id) = (self.session.expires_at, self.session.device.client_id.clone());
        Refreshed::Yes { user: self.user.id, number, again, expires_at, client_id }
    }

    fn reused(&self) -> Refreshed {
        Refreshed::Reused { user: self.user.id }
    }

    async fn is_unused(&self, number: u32) -> bool {
        self.store.database.is_unused(Generation { session: self.session.id, number }, now()).await.unwrap()
    }

    fn row(&self) -> String {
        self.store.text(
            "SELECT generation || ' ' || replays || ' ' || last_used_at || ' ' || coalesce('' || rotated_at, '-') || \
            ' ' || coalesce(refreshed_from, '-') || ' ' || coalesce(jkt, '-') || ' ' || \
            coalesce('' || revoked_at, '-') AS value FROM sessions",
        )
    }
}

#[tokio::test]
async fn a_bound_session_keeps_its_generation_and_lives_on() {
    for phone in Phone::each(Some(key(1))).await {
        assert!(phone.is_unused(0).await, "{}", phone.store.engine);
        for day in 1..=25 {
            let at = now() + TimeDelta::days(day);
            let from = if day % 2 == 0 { HOME } else { MOBILE };
            assert_eq!(phone.refresh(0, Some(key(1)), from, at).await, phone.token(0, false), "{}", phone.store.engine);
            let listed = phone.store.database.sessions(phone.user.id, at, &SessionPolicy::default()).await.unwrap();
            assert_eq!(listed[0].last_used_at, at);
        }
        assert!(!phone.is_unused(0).await, "{}", phone.store.engine);
    }
}

#[tokio::test]
async fn another_key_or_none_changes_nothing_in_a_bound_session() {
    for phone in Phone::each(Some(key(1))).await {
        phone.refresh(0, Some(key(1)), HOME, now()).await;
        let before = phone.row();
        for number in [0, 1, 7] {
            for other in [None, Some(key(2))] {
                let at = now() + TimeDelta::hours(1);
                let result = phone.refresh(number, other, MOBILE, at).await;
                assert_eq!(result, Refreshed::KeyMismatch, "{}", phone.store.engine);
            }
        }
        assert_eq!(phone.row(), before, "{}", phone.store.engine);
        let at = now() + TimeDelta::hours(2);
        assert_eq!(phone.refresh(0, Some(key(1)), HOME, at).await, phone.token(0, false));
    }
}

#[tokio::test]
async fn a_key_changes_nothing_in_a_session_without_one() {
    for phone in Phone::each(None).await {
        phone.refresh(0, None, HOME, now()).await;
        let before = phone.row();
        for number in [0, 1, 7] {
            let result = phone.refresh(number, Some(key(1)), MOBILE, now() + TimeDelta::hours(1)).await;
            assert_eq!(result, Refreshed::NotBound, "{}", phone.store.engine);
        }
        assert_eq!(phone.row(), before, "{}", phone.store.engine);
        assert_eq!(phone.refresh(1, None, HOME, now()).await, phone.token(2, false));
    }
}

#[tokio::test]
async fn the_right_key_does_not_refresh_a_session_that_has_ended() {
    for phone in Phone::each(Some(key(1))).await {
        let idle = now() + TimeDelta::days(30);
        assert_eq!(phone.refresh(0, Some(key(1)), HOME, idle).await, Refreshed::Ended, "{}", phone.store.engine);
        let by = authority(&phone.session);
        assert!(phone.store.database.end_session(&by, phone.session.id, now()).await.unwrap());
        for key in [None, Some(key(1)), Some(key(2))] {
            assert_eq!(phone.refresh(0, key, HOME, now()).await, Refreshed::Ended, "{}", phone.store.engine);
        }
        assert!(!phone.is_unused(0).await);
    }
}

#[tokio::test]
async fn a_password_change_keeps_the_key_of_the_session() {
    for phone in Phone::each(Some(key(1))).await {
        phone.refresh(0, Some(key(1)), HOME, now()).await;
        let (by, proof) = (authority(&phone.session), password_proof(&phone.user));
        let renewed = phone.store.database.change_password(&by, &proof, &another_hash(), now()).await.unwrap();
        let client_id = phone.session.device.client_id.clone();
        let expected =
            Renewed { number: Generation::RENEWAL, expires_at: phone.session.expires_at, bound: true, client_id };
        assert_eq!(renewed, Some(expected), "{}", phone.store.engine);
        assert!(phone.is_unused(Generation::RENEWAL).await && !phone.is_unused(0).await, "{}", phone.store.engine);

        // A copy from before the change is worth as little as a copy of the new token.
        let (before, new) = (phone.row(), Generation::RENEWAL);
        for (number, other) in [(0, None), (0, Some(key(2))), (new, None), (new, Some(key(2)))] {
            let result = phone.refresh(number, other, HOME, now()).await;
            assert_eq!(result, Refreshed::KeyMismatch, "{}", phone.store.engine);
        }
        assert_eq!(phone.row(), before, "{}", phone.store.engine);
        // The device lost the response to the change, and still has the earlier token.
        for number in [0, new, 0] {
            let result = phone.refresh(number, Some(key(1)), MOBILE, now()).await;
            assert_eq!(result, phone.token(new, false), "{}", phone.store.engine);
        }
        assert!(!phone.is_unused(new).await, "{}", phone.store.engine);
    }
}

#[tokio::test]
async fn a_rotation_uses_the_generation_up() {
    for phone in Phone::each(None).await {
        assert!(phone.is_unused(0).await && !phone.is_unused(1).await, "{}", phone.store.engine);
        phone.refresh(0, None, HOME, now()).await;
        assert!(!phone.is_unused(0).await && !phone.is_unused(1).await, "{}", phone.store.engine);
    }
}

/// Presents each generation twice: in time from `first`, and late from `second`. Returns the number of rounds until the
/// session is revoked, at most 6.
async fn rounds(phone: &Phone, rounds: &[(&str, &str)]) -> usize {
    for (round, (first, second)) in rounds.iter().cycle().take(6).enumerate() {
        let at = now() + TimeDelta::hours(i64::try_from(round).unwrap());
        let number = u32::try_from(round).unwrap();
        assert_eq!(phone.refresh(number, None, first, at).await, phone.token(number + 1, false));
        let late = phone.refresh(number, None, second, at + TimeDelta::minutes(10)).await;
        if late == phone.reused() {
            return round + 1;
        }
        assert_eq!(late, phone.token(number + 1, true), "{}", phone.store.engine);
    }
    0
}

#[tokio::test]
async fn a_late_replay_from_another_ip_block_counts_for_two() {
    for (pattern, expected) in [
        (vec![(HOME, HOME)], 3),
        (vec![(HOME, MOBILE)], 2),
        // The one counts 2, the other 1.
        (vec![(HOME, MOBILE), (HOME, HOME)], 2),
        (vec![(HOME, HOME), (HOME, MOBILE)], 2),
        (vec![(HOME, HOME), (HOME, HOME), (HOME, MOBILE)], 3),
    ] {
        for phone in Phone::each(None).await {
            assert_eq!(rounds(&phone, &pattern).await, expected, "{} {pattern:?}", phone.store.engine);
        }
    }
}

#[tokio::test]
async fn a_replay_in_time_from_another_ip_block_does_not_count() {
    for phone in Phone::each(None).await {
        for number in 0..6 {
            let at = now() + TimeDelta::hours(i64::from(number));
            phone.refresh(number, None, HOME, at).await;
            let replay = phone.refresh(number, None, MOBILE, at + TimeDelta::seconds(119)).await;
            assert_eq!(replay, phone.token(number + 1, true), "{}", phone.store.engine);
        }
    }
}

#[tokio::test]
async fn a_generation_counts_once_with_its_highest_count() {
    let late = |round: i64, replay: i64| now() + TimeDelta::hours(round) + TimeDelta::minutes(10 * replay);
    for phone in Phone::each(None).await {
        // Late from home, then late from elsewhere: 2 and not 3.
        phone.refresh(0, None, HOME, now()).await;
        for (replay, from) in [(1, HOME), (2, MOBILE), (3, MOBILE), (4, HOME)] {
            assert_eq!(phone.refresh(0, None, from, late(0, replay)).await, phone.token(1, true));
        }
        // A generation without a late replay ends the row.
        phone.refresh(1, None, HOME, late(1, 0)).await;
        phone.refresh(2, None, HOME, late(2, 0)).await;
        assert_eq!(phone.refresh(2, None, MOBILE, late(2, 1)).await, phone.token(3, true), "{}", phone.store.engine);
        phone.refresh(3, None, HOME, late(3, 0)).await;
        assert_eq!(phone.refresh(3, None, HOME, late(3, 1)).await, phone.reused(), "{}", phone.store.engine);
    }
}

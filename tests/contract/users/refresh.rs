//! Refresh-token rotation: the next token, replays, and reuse detection.

use super::store::{Store, authority, device as another, now, refresh_with, stores};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::{Generation, NewSession};
use doorstep::domain::user::NewUser;
use doorstep::ports::{Refreshed, Users};
use std::sync::Arc;
use std::time::Duration;

/// A device that refreshes its tokens, and its store.
pub struct Device {
    pub store: Store,
    pub user: NewUser,
    pub session: NewSession,
    pub policy: SessionPolicy,
}

impl Device {
    /// Creates one device in each store.
    pub async fn each() -> [Self; 3] {
        let [sqlite, postgres, serializable] = stores();
        [Self::new(sqlite).await, Self::new(postgres).await, Self::new(serializable).await]
    }

    async fn new(store: Store) -> Self {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        Self { store, user, session, policy: SessionPolicy::default() }
    }

    pub async fn refresh(&self, number: u32, at: DateTime<Utc>) -> Refreshed {
        let presented = Generation { session: self.session.id, number };
        self.store.database.refresh(&refresh_with(presented), at, &self.policy).await.unwrap()
    }

    pub fn child(&self, number: u32, again: bool) -> Refreshed {
        let (expires_at, client_id) = (self.session.expires_at, self.session.device.client_id.clone());
        Refreshed::Yes { user: self.user.id, number, again, expires_at, client_id }
    }

    /// Refreshes with generation `number`, and replays it after `delay`. Returns the result and the time of the replay.
    pub async fn replay(&self, number: u32, at: DateTime<Utc>, delay: TimeDelta) -> (Refreshed, DateTime<Utc>) {
        assert_eq!(self.refresh(number, at).await, self.child(number + 1, false), "{}", self.store.engine);
        (self.refresh(number, at + delay).await, at + delay)
    }

    pub fn row(&self) -> String {
        self.store.text(
            "SELECT generation || ' ' || replays || ' ' || last_used_at || ' ' || coalesce('' || revoked_at, '') \
            AS value FROM sessions",
        )
    }

    pub fn reused(&self) -> Refreshed {
        Refreshed::Reused { user: self.user.id }
    }

    /// Delay from which a replay is late.
    pub fn late(&self) -> TimeDelta {
        TimeDelta::from_std(self.policy.retry).unwrap()
    }
}

#[tokio::test]
async fn each_generation_creates_the_next_one() {
    for device in Device::each().await {
        for number in 0..5 {
            let at = now() + TimeDelta::hours(i64::from(number) + 1);
            assert_eq!(device.refresh(number, at).await, device.child(number + 1, false), "{}", device.store.engine);
            let listed = device.store.database.sessions(device.user.id, at, &device.policy).await.unwrap();
            assert_eq!(listed[0].last_used_at, at);
        }
        assert_eq!(device.store.count("sessions WHERE generation = 5 AND replays = 0 AND revoked_at IS NULL"), 1);
    }
}

#[tokio::test]
async fn a_replay_of_the_previous_generation_gets_the_same_child_at_any_time() {
    for device in Device::each().await {
        device.refresh(0, now()).await;
        for at in [now(), now() + TimeDelta::hours(1), now() + TimeDelta::days(29), now() + TimeDelta::days(58)] {
            assert_eq!(device.refresh(0, at).await, device.child(1, true), "{}", device.store.engine);
        }
        assert_eq!(device.refresh(1, now() + TimeDelta::days(59)).await, device.child(2, false));
    }
}

#[tokio::test]
async fn an_older_generation_is_reuse_and_ends_the_session() {
    for device in Device::each().await {
        for number in 0..3 {
            device.refresh(number, now()).await;
        }
        assert_eq!(device.refresh(1, now()).await, device.reused(), "{}", device.store.engine);
        for number in 0..5 {
            assert_eq!(device.refresh(number, now()).await, Refreshed::Ended, "{}", device.store.engine);
        }
        assert!(device.store.database.by_session(device.session.id, now()).await.unwrap().is_none());
        assert_eq!(device.store.count("sessions WHERE revoked_at = last_used_at"), 1);
    }
}

#[tokio::test]
async fn three_late_replays_in_a_row_end_the_session() {
    for device in Device::each().await {
        let (mut at, late) = (now(), device.late());
        for number in 0..2 {
            let (result, then) = device.replay(number, at, late).await;
            assert_eq!(result, device.child(number + 1, true), "{}", device.store.engine);
            at = then;
        }
        assert_eq!(device.replay(2, at, late).await.0, device.reused(), "{}", device.store.engine);
        assert_eq!(device.refresh(3, at + late).await, Refreshed::Ended);
        assert!(device.store.database.by_session(device.session.id, at + late).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_prompt_replay_does_not_delay_the_start_of_late_replays() {
    for device in Device::each().await {
        let (mut at, late) = (now(), device.late());
        for number in 0..3 {
            assert_eq!(device.replay(number, at, late / 2).await.0, device.child(number + 1, true));
            at += late;
            let expected = if number < 2 { device.child(number + 1, true) } else { device.reused() };
            assert_eq!(device.refresh(number, at).await, expected, "{}", device.store.engine);
        }
    }
}

#[tokio::test]
async fn a_generation_without_a_late_replay_resets_the_streak() {
    for device in Device::each().await {
        let (mut at, late) = (now(), device.late());
        for number in 0..12 {
            // Every third replay is prompt; the two between are late.
            let delay = if number % 3 == 2 { late - TimeDelta::microseconds(1) } else { late };
            let (result, then) = device.replay(number, at, delay).await;
            assert_eq!(result, device.child(number + 1, true), "{} {number}", device.store.engine);
            at = then;
        }
    }
}

#[tokio::test]
async fn repeated_late_replays_of_one_generation_count_once() {
    for device in Device::each().await {
        device.refresh(0, now()).await;
        for n in 1..=10 {
            let at = now() + device.late() * n;
            assert_eq!(device.refresh(0, at).await, device.child(1, true), "{}", device.store.engine);
        }
        assert_eq!(device.refresh(1, now() + TimeDelta::days(1)).await, device.child(2, false));
    }
}

#[tokio::test]
async fn prompt_replays_never_end_a_session() {
    for device in Device::each().await {
        let (mut at, prompt) = (now(), device.late() - TimeDelta::microseconds(1));
        for number in 0..10 {
            let (result, then) = device.replay(number, at, prompt).await;
            assert_eq!(result, device.child(number + 1, true), "{}", device.store.engine);
            assert_eq!(device.refresh(number, then).await, device.child(number + 1, true));
            at = then;
        }
    }
}

#[tokio::test]
async fn without_time_for_a_retry_every_replay_is_late() {
    for mut device in Device::each().await {
        device.policy.retry = Duration::ZERO;
        for number in 0..2 {
            assert_eq!(device.replay(number, now(), TimeDelta::zero()).await.0, device.child(number + 1, true));
        }
        assert_eq!(device.replay(2, now(), TimeDelta::zero()).await.0, device.reused(), "{}", device.store.engine);
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_for_too_long_or_expires() {
    let (idle, moment) = (TimeDelta::days(30), TimeDelta::microseconds(1));
    for device in Device::each().await {
        let before = device.row();
        assert_eq!(device.refresh(0, now() + idle).await, Refreshed::Ended, "{}", device.store.engine);
        assert_eq!(device.row(), before);

        // Each use restarts the idle time, until the session expires.
        let (mut at, mut number) = (now(), 0);
        while at + idle < device.session.expires_at {
            at += idle - moment;
            assert_eq!(device.refresh(number, at).await, device.child(number + 1, false), "{}", device.store.engine);
            number += 1;
        }
        let end = device.session.expires_at;
        assert_eq!(device.refresh(number, end).await, Refreshed::Ended, "{}", device.store.engine);
        assert_eq!(device.refresh(number - 1, end).await, Refreshed::Ended);
        assert_eq!(device.refresh(number, end - moment).await, device.child(number + 1, false));
    }
}

#[tokio::test]
async fn an_unknown_or_revoked_session_is_not_refreshed() {
    for device in Device::each().await {
        let presented = Generation { session: another(&device.user, 9).id, number: 0 };
        let unknown = device.store.database.refresh(&refresh_with(presented), now(), &device.policy).await.unwrap();
        assert_eq!(unknown, Refreshed::Ended, "{}", device.store.engine);

        device.refresh(0, now()).await;
        let by = authority(&device.session);
        assert!(device.store.database.end_session(&by, device.session.id, now()).await.unwrap());
        let before = device.row();
        for number in 0..3 {
            assert_eq!(device.refresh(number, now() + device.late()).await, Refreshed::Ended);
        }
        assert_eq!(device.row(), before, "{}", device.store.engine);
    }
}

#[tokio::test]
async fn a_database_restored_from_a_backup_follows_the_device() {
    for device in Device::each().await {
        device.refresh(0, now()).await;
        assert_eq!(device.refresh(7, now()).await, device.child(8, false), "{}", device.store.engine);
        assert_eq!(device.refresh(7, now()).await, device.child(8, true));
        assert_eq!(device.refresh(0, now()).await, device.reused());
    }
}

#[tokio::test]
async fn reuse_does_not_affect_other_sessions() {
    for device in Device::each().await {
        let (_, other) = device.store.signed_up("+8613800138001", 2).await;
        device.refresh(0, now()).await;
        device.refresh(1, now()).await;
        assert_eq!(device.refresh(0, now()).await, device.reused());
        let presented = Generation { session: other.id, number: 0 };
        let result = device.store.database.refresh(&refresh_with(presented), now(), &device.policy).await.unwrap();
        let (user, expires_at, client_id) = (other.user_id, other.expires_at, other.device.client_id);
        let expected = Refreshed::Yes { user, number: 1, again: false, expires_at, client_id };
        assert_eq!(result, expected, "{}", device.store.engine);
    }
}

#[tokio::test]
async fn sixteen_concurrent_refreshes_get_the_same_child() {
    for device in Device::each().await {
        for number in 0..4 {
            let results = refresh_concurrently(&device, number).await;
            let first = results.iter().filter(|result| **result == device.child(number + 1, false)).count();
            let again = results.iter().filter(|result| **result == device.child(number + 1, true)).count();
            assert_eq!((first, again), (1, 15), "{} {results:?}", device.store.engine);
        }
        assert_eq!(device.store.count("sessions WHERE generation = 4 AND revoked_at IS NULL"), 1);
    }
}

async fn refresh_concurrently(device: &Device, number: u32) -> Vec<Refreshed> {
    let presented = Generation { session: device.session.id, number };
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (database, policy) = (Arc::clone(&device.store.database), device.policy.clone());
            tokio::spawn(async move { database.refresh(&refresh_with(presented), now(), &policy).await.unwrap() })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

//! Refresh tokens before and after a change of the password, which renews the session.

use super::refresh::Device;
use super::store::{
    another_hash, authority, authority_at, code_proof, device as another, now, password_hash, password_proof,
    refresh_with,
};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::ports::{Proof, Refreshed, Renewed, Users};
use std::sync::Arc;

impl Device {
    /// Changes the password for the first time.
    async fn change_password(&self, at: DateTime<Utc>) -> Renewed {
        let (by, proof) = (authority(&self.session), password_proof(&self.user));
        let renewed = self.store.database.change_password(&by, &proof, &another_hash(), at).await.unwrap();
        renewed.expect("authority and proof are valid")
    }
}

#[tokio::test]
async fn tokens_from_before_a_password_change_are_invalid_but_do_not_end_the_session() {
    for device in Device::each().await {
        for number in 0..3 {
            device.refresh(number, now()).await;
        }
        let at = now() + TimeDelta::days(1);
        let renewed = device.change_password(at).await;
        let client_id = device.session.device.client_id.clone();
        let new = 3 + Generation::RENEWAL;
        assert_eq!(
            renewed,
            Renewed { number: new, expires_at: device.session.expires_at, bound: false, client_id },
            "{}",
            device.store.engine
        );
        let listed = device.store.database.sessions(device.user.id, at, &device.policy).await.unwrap();
        assert_eq!((listed.len(), listed[0].id, listed[0].last_used_at), (1, device.session.id, at));

        let before = device.row();
        for number in 0..4 {
            for delay in [TimeDelta::zero(), device.late(), TimeDelta::days(1)] {
                let result = device.refresh(number, at + delay).await;
                assert_eq!(result, Refreshed::Ended, "{} {number}", device.store.engine);
            }
        }
        assert_eq!(device.row(), before, "{}", device.store.engine);

        for number in [new, new + 1] {
            assert_eq!(device.refresh(number, at).await, device.child(number + 1, false), "{}", device.store.engine);
        }
        for number in 0..4 {
            assert_eq!(device.refresh(number, at).await, Refreshed::Ended, "{}", device.store.engine);
        }
        assert!(device.store.database.by_session(device.session.id, at).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn the_renewed_generation_is_unused_until_it_is_refreshed() {
    for device in Device::each().await {
        let is_unused = async |number| {
            let generation = Generation { session: device.session.id, number };
            device.store.database.is_unused(generation, now()).await.unwrap()
        };
        device.refresh(0, now()).await;
        let Renewed { number, .. } = device.change_password(now()).await;
        // A refused token does not use it.
        device.refresh(0, now()).await;
        assert!(is_unused(number).await && !is_unused(number - 1).await, "{}", device.store.engine);
        device.refresh(number, now()).await;
        assert!(!is_unused(number).await && !is_unused(number + 1).await, "{}", device.store.engine);
    }
}

#[tokio::test]
async fn a_replay_of_the_renewed_generation_gets_the_same_child_at_any_time() {
    for device in Device::each().await {
        device.refresh(0, now()).await;
        let Renewed { number, .. } = device.change_password(now()).await;
        assert_eq!(device.refresh(number, now()).await, device.child(number + 1, false), "{}", device.store.engine);
        for at in [now(), now() + TimeDelta::hours(1), now() + TimeDelta::days(29)] {
            assert_eq!(device.refresh(number, at).await, device.child(number + 1, true), "{}", device.store.engine);
        }
    }
}

#[tokio::test]
async fn reuse_of_a_renewed_generation_ends_the_session() {
    for device in Device::each().await {
        let Renewed { number, .. } = device.change_password(now()).await;
        device.refresh(number, now()).await;
        device.refresh(number + 1, now()).await;
        assert_eq!(device.refresh(number, now()).await, device.reused(), "{}", device.store.engine);
        assert_eq!(device.refresh(number + 2, now()).await, Refreshed::Ended, "{}", device.store.engine);
    }
}

#[tokio::test]
async fn late_replays_from_before_a_password_change_do_not_count() {
    for device in Device::each().await {
        let (mut at, late) = (now(), device.late());
        for number in 0..2 {
            at = device.replay(number, at, late).await.1;
        }
        let Renewed { number, .. } = device.change_password(at).await;
        for n in 0..2 {
            let (result, then) = device.replay(number + n, at, late).await;
            assert_eq!(result, device.child(number + n + 1, true), "{}", device.store.engine);
            at = then;
        }
        // Three late replays in a row after the change end the session.
        assert_eq!(device.replay(number + 2, at, late).await.0, device.reused(), "{}", device.store.engine);
    }
}

#[tokio::test]
async fn each_password_change_invalidates_the_tokens_before_it() {
    for device in Device::each().await {
        device.change_password(now()).await;
        let (by, proof) = (authority_at(&device.session, 1), Proof::Password(another_hash()));
        let hash = password_hash(&device.user);
        let renewed = device.store.database.change_password(&by, &proof, hash, now()).await.unwrap().unwrap();
        let last = 2 * Generation::RENEWAL;
        assert_eq!(renewed.number, last, "{}", device.store.engine);
        // A crash may have lost the refreshes that created the later ones.
        for number in [0, 1, 2, Generation::RENEWAL, Generation::RENEWAL + 1, last - 1] {
            assert_eq!(device.refresh(number, now()).await, Refreshed::Ended, "{}", device.store.engine);
        }
        assert_eq!(device.refresh(last, now()).await, device.child(last + 1, false), "{}", device.store.engine);
    }
}

#[tokio::test]
async fn a_password_change_ends_the_tokens_of_other_sessions() {
    for device in Device::each().await {
        let (database, policy) = (&device.store.database, SessionPolicy::default());
        let second = another(&device.user, 2);
        assert!(database.sign_in(&second, &code_proof(&device.user), None, &policy).await.unwrap());
        let (_, theirs) = device.store.signed_up("+8613800138001", 3).await;
        let Renewed { number, .. } = device.change_password(now()).await;
        for number in 0..3 {
            let presented = Generation { session: second.id, number };
            let result = database.refresh(&refresh_with(presented), now(), &policy).await.unwrap();
            assert_eq!(result, Refreshed::Ended, "{}", device.store.engine);
        }
        assert_eq!(device.refresh(number, now()).await, device.child(number + 1, false), "{}", device.store.engine);
        let presented = Generation { session: theirs.id, number: 0 };
        let result = database.refresh(&refresh_with(presented), now(), &policy).await.unwrap();
        assert!(
            matches!(result, Refreshed::Yes { number: 1, again: false, .. }),
            "{}: {result:?}",
            device.store.engine
        );
    }
}

#[tokio::test]
async fn no_token_of_a_concurrent_refresh_survives_a_password_change() {
    for device in Device::each().await {
        let mut current = 0;
        for version in 0..8 {
            let presented = Generation { session: device.session.id, number: current };
            let refreshes: Vec<_> = (0..16)
                .map(|_| {
                    let (database, policy) = (Arc::clone(&device.store.database), device.policy.clone());
                    tokio::spawn(
                        async move { database.refresh(&refresh_with(presented), now(), &policy).await.unwrap() },
                    )
                })
                .collect();
            let proof = Proof::Code { phone: device.user.phone.clone(), credentials: version, uses: None };
            let (by, hash) = (authority_at(&device.session, version), another_hash());
            let renewed = device.store.database.change_password(&by, &proof, &hash, now()).await.unwrap();
            let renewed = renewed.expect("authority and proof are valid");

            let mut refreshed = 0;
            for refresh in refreshes {
                match refresh.await.unwrap() {
                    Refreshed::Yes { number, .. } => refreshed = number,
                    result => assert_eq!(result, Refreshed::Ended, "{}", device.store.engine),
                }
            }
            // The change follows either the presented generation or its child.
            let last = if refreshed == 0 { current } else { current + 1 };
            assert_eq!(
                (refreshed.max(current), renewed.number),
                (last, last + Generation::RENEWAL),
                "{}",
                device.store.engine
            );
            for number in (current..=last).chain([renewed.number - 1]) {
                assert_eq!(device.refresh(number, now()).await, Refreshed::Ended, "{}", device.store.engine);
            }
            current = renewed.number;
        }
        assert_eq!(device.refresh(current, now()).await, device.child(current + 1, false), "{}", device.store.engine);
    }
}

//! Pending acts that are in force.

use super::super::store::{authority, code_proof, device, now, stores};
use super::{DAY, HOUR, TICK, asked_by, new_act, version, version_at, waiting};
use doorstep::domain::pending::{ActKind, Decision, NewPending, PendingAct};
use doorstep::domain::session::DeviceName;
use doorstep::ports::{AccountOwnership, Users};

#[tokio::test]
async fn pending_acts_are_listed_the_oldest_first() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        store.hold_new(&new_act(&other, ActKind::SignIn, 9)).await;
        let asked = |kind, n, hours: i32| NewPending { asked_at: now() + HOUR * hours, ..new_act(&user, kind, n) };
        let acts = [
            asked(ActKind::Deletion, 1, 2),
            asked(ActKind::SignIn, 2, 1),
            asked(ActKind::PasswordReset, 4, 0),
            asked(ActKind::NumberClaim, 3, 0),
        ];
        for act in &acts {
            store.hold_new(act).await;
        }
        let listed = store.listed(version(&user), now()).await;
        let expected: Vec<PendingAct> = [3, 2, 1, 0].map(|n| waiting(&acts[n])).into();
        assert_eq!(listed, expected, "{}", store.engine);
    }
}

/// An act is in force until it expires, while its session lives, and with the credentials of its account.
#[tokio::test]
async fn only_acts_in_force_are_read() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let mut second = device(&user, 2);
        second.expires_at = now() + HOUR;
        assert!(store.stores_session(&second, &code_proof(&user)).await);
        let (own, other) = (new_act(&user, ActKind::SignIn, 1), asked_by(&user, &second, "+8613800138009", 2));
        store.hold_new(&own).await;
        store.hold_new(&other).await;
        // Every read finds the same acts.
        let read = async |at, credentials| {
            let account = version_at(&user, credentials);
            let mut ids = Vec::new();
            for act in store.listed(account, at).await {
                ids.push(act.id);
            }
            ids
        };
        let found = async |at| {
            let mut ids = Vec::new();
            for kind in [ActKind::SignIn, ActKind::PhoneChange] {
                ids.extend(store.in_force(&user, kind, at).await.map(|act| act.id));
            }
            assert_eq!(read(at, store.credentials(&user)).await, ids, "{}", store.engine);
            ids
        };
        assert_eq!(found(now()).await, [own.id, other.id], "{}", store.engine);
        // The session that asked expires.
        assert_eq!(found(second.expires_at - TICK).await, [own.id, other.id], "{}", store.engine);
        assert_eq!(found(second.expires_at).await, [own.id], "{}", store.engine);
        // The acts expire.
        assert_eq!(found(own.expires_at - TICK).await, [own.id], "{}", store.engine);
        assert_eq!(found(own.expires_at).await, [], "{}", store.engine);
        // The session that asked is revoked.
        assert!(store.database.end_session(&authority(&first), second.id, now()).await.unwrap());
        assert_eq!(found(now()).await, [own.id], "{}", store.engine);
        assert_eq!(read(now(), 1).await, [], "{}", store.engine);
        // The credentials change.
        assert!(store.database.end_sessions(&authority(&first), now()).await.unwrap());
        assert_eq!(found(now()).await, [], "{}", store.engine);
        assert_eq!(read(now(), 0).await, [own.id], "{}", store.engine);
    }
}

/// A session of another account does not keep an act alive.
#[tokio::test]
async fn an_act_needs_a_session_of_its_own_account() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (_, theirs) = store.signed_up("+8613800138001", 2).await;
        let act = asked_by(&user, &theirs, "+8613800138009", 1);
        store.database.hold(&act).await.unwrap();
        assert_eq!(store.in_force(&user, ActKind::PhoneChange, now()).await, None, "{}", store.engine);
    }
}

/// A thief could end the session or change the credentials.
#[tokio::test]
async fn a_refused_act_stays_in_force_until_it_expires() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        let act = asked_by(&user, &first, "+8613800138009", 1);
        store.hold_new(&act).await;
        let expires_at = now() + DAY * 30;
        let by = authority(&second);
        assert!(store.database.resolve(&by, act.id, Decision::Refuse, now() + HOUR, expires_at).await.unwrap());
        let refused = PendingAct { refused_at: Some(now() + HOUR), expires_at, ..waiting(&act) };
        let found = async |at| store.in_force(&user, ActKind::PhoneChange, at).await;
        assert_eq!(found(now()).await.as_ref(), Some(&refused), "{}", store.engine);
        assert!(store.database.end_session(&by, first.id, now()).await.unwrap());
        assert_eq!(found(now()).await.as_ref(), Some(&refused), "{}", store.engine);
        assert!(store.database.end_sessions(&by, now()).await.unwrap());
        assert_eq!(found(expires_at - TICK).await.as_ref(), Some(&refused), "{}", store.engine);
        let listed = store.listed(version_at(&user, 1), now()).await;
        assert_eq!(listed, [refused], "{}", store.engine);
        assert_eq!(found(expires_at).await, None, "{}", store.engine);
    }
}

#[tokio::test]
async fn an_act_without_a_name_is_listed_with_the_name_of_its_session() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let mut session = device(&user, 2);
        session.device.name = DeviceName::parse("手机");
        assert!(store.stores_session(&session, &code_proof(&user)).await);
        let named = NewPending { device_name: DeviceName::parse("平板"), ..new_act(&user, ActKind::SignIn, 1) };
        store.hold_new(&named).await;
        store.hold_new(&asked_by(&user, &session, "+8613800138009", 2)).await;
        store.hold_new(&new_act(&user, ActKind::Deletion, 3)).await;
        let listed = store.listed(version(&user), now()).await;
        let names: Vec<_> = listed.iter().map(|act| act.device_name.as_deref()).collect();
        assert_eq!(names, [Some("平板"), Some("手机"), None], "{}", store.engine);
    }
}

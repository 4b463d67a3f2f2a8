//! Held acts: at most one of a kind for each account.

use super::super::store::{authority, new_user, now, stores};
use super::{DAY, HOUR, TICK, asked_by, new_act, version_at, waiting};
use doorstep::domain::pending::{ActKind, Decision, NewPending, PendingId};
use doorstep::domain::session::DeviceName;
use doorstep::ports::{AccountOwnership, Users};
use std::sync::Arc;
use uuid::Uuid;

#[tokio::test]
async fn one_act_of_each_kind_is_held_and_read_as_it_was_written() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        for (n, kind) in (1..).zip(ActKind::ALL) {
            let act = NewPending {
                target: Some("+8613800138009".to_owned()),
                session: Some(session.id),
                device_name: DeviceName::parse("小明的手机"),
                ..new_act(&user, kind, n)
            };
            assert_eq!(store.in_force(&user, kind, now()).await, None, "{}", store.engine);
            store.hold_new(&act).await;
            assert_eq!(store.in_force(&user, kind, now()).await, Some(waiting(&act)), "{}", store.engine);
            assert_eq!(store.in_force(&other, kind, now()).await, None, "{}", store.engine);
            // Another account has its own.
            store.hold_new(&new_act(&other, kind, n + 100)).await;
        }
        assert_eq!(store.count("pending_acts"), 10, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_second_act_of_a_kind_is_not_held() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        for kind in [ActKind::SignIn, ActKind::Deletion] {
            let act = new_act(&user, kind, u128::from(kind == ActKind::SignIn) + 1);
            store.hold_new(&act).await;
            let again = NewPending { asked_at: now() + HOUR, ready_at: now() + HOUR, ..new_act(&user, kind, 9) };
            assert_eq!(store.held(&again).await, waiting(&act), "{}", store.engine);
        }
        let act = asked_by(&user, &first, "+8613800138009", 3);
        store.hold_new(&act).await;
        for other in [
            asked_by(&user, &first, "+8613800138009", 9),
            asked_by(&user, &second, "+8613800138009", 9),
            asked_by(&user, &second, "+8613800138008", 9),
            NewPending { session: None, ..asked_by(&user, &first, "+8613800138008", 9) },
        ] {
            assert_eq!(store.held(&other).await, waiting(&act), "{} {other:?}", store.engine);
        }
        assert_eq!(store.count("pending_acts"), 3, "{}", store.engine);
    }
}

/// Without a session, nobody knows that the same person asks.
#[tokio::test]
async fn an_act_without_a_session_is_not_replaced_by_another_target() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let act = NewPending { target: Some("one".to_owned()), ..new_act(&user, ActKind::NumberClaim, 1) };
        store.hold_new(&act).await;
        let other = NewPending { target: Some("two".to_owned()), ..new_act(&user, ActKind::NumberClaim, 2) };
        assert_eq!(store.held(&other).await, waiting(&act), "{}", store.engine);
    }
}

#[tokio::test]
async fn concurrent_holds_give_one_act() {
    for store in stores() {
        for round in 0..5_u8 {
            let (user, _) = store.signed_up(&format!("+861380013800{round}"), round).await;
            let tasks: Vec<_> = (0..20)
                .map(|n| {
                    let database = Arc::clone(&store.database);
                    let act = new_act(&user, ActKind::SignIn, 1_000 * u128::from(round) + n);
                    tokio::spawn(async move { database.hold(&act).await.unwrap().unwrap() })
                })
                .collect();
            let mut held = Vec::new();
            for task in tasks {
                held.push(task.await.unwrap());
            }
            assert!(held.iter().all(|act| *act == held[0]), "{} {held:?}", store.engine);
            assert_eq!(store.in_force(&user, ActKind::SignIn, now()).await.as_ref(), Some(&held[0]));
            assert_eq!(store.count("pending_acts"), i64::from(round) + 1, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn a_session_replaces_its_act_by_one_with_another_target() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        store.hold_new(&asked_by(&user, &first, "+8613800138008", 1)).await;
        let replaced = NewPending { ready_at: now() + DAY * 2, ..asked_by(&user, &first, "+8613800138009", 2) };
        store.hold_new(&replaced).await;
        assert_eq!(store.count("pending_acts"), 1, "{}", store.engine);

        // The approval was for the earlier target.
        let (by, expires_at) = (authority(&second), now() + DAY);
        assert!(store.database.resolve(&by, replaced.id, Decision::Approve, now(), expires_at).await.unwrap());
        assert!(store.held(&replaced).await.approved_at.is_some(), "{}", store.engine);
        store.hold_new(&asked_by(&user, &first, "+8613800138007", 3)).await;
        assert_eq!(store.count("pending_acts"), 1, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_refused_act_is_returned_until_it_expires() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        let act = asked_by(&user, &first, "+8613800138009", 1);
        store.hold_new(&act).await;
        let (by, expires_at) = (authority(&second), now() + DAY * 7);
        assert!(store.database.resolve(&by, act.id, Decision::Refuse, now() + HOUR, expires_at).await.unwrap());
        // The session has ended, and the credentials have changed.
        assert!(store.database.end_sessions(&authority(&first), now()).await.unwrap());
        let again = |session, at, n| NewPending {
            account: version_at(&user, 1),
            asked_at: at,
            expires_at: at + DAY,
            ..asked_by(&user, session, "+8613800138008", n)
        };
        for session in [&first, &second] {
            let held = store.held(&again(session, expires_at - TICK, 2)).await;
            let refused = (act.id, Some(now() + HOUR), expires_at);
            assert_eq!((held.id, held.refused_at, held.expires_at), refused, "{}", store.engine);
        }
        store.hold_new(&again(&first, expires_at, 3)).await;
        assert_eq!(store.count("pending_acts"), 1, "{}", store.engine);
    }
}

#[tokio::test]
async fn an_act_that_is_not_in_force_is_replaced() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        // Expired.
        store.hold_new(&new_act(&user, ActKind::SignIn, 1)).await;
        let at = now() + DAY * 8;
        let expired = NewPending { asked_at: at, expires_at: at + DAY, ..new_act(&user, ActKind::SignIn, 2) };
        assert_eq!(store.held(&NewPending { asked_at: at - TICK, ..expired.clone() }).await.id.0, Uuid::from_u128(1));
        store.hold_new(&expired).await;
        // Asked for by a session that has ended.
        store.hold_new(&asked_by(&user, &second, "+8613800138009", 3)).await;
        assert!(store.database.end_session(&authority(&first), second.id, now()).await.unwrap());
        store.hold_new(&asked_by(&user, &first, "+8613800138009", 4)).await;
        // Asked for before the credentials were changed.
        assert!(store.database.end_sessions(&authority(&first), now()).await.unwrap());
        let renewed = NewPending { account: version_at(&user, 1), ..new_act(&user, ActKind::SignIn, 5) };
        store.hold_new(&renewed).await;
        assert_eq!(store.count("pending_acts"), 2, "{}", store.engine);
    }
}

#[tokio::test]
async fn nothing_is_held_for_an_account_that_has_changed() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let hold = async |act: NewPending| store.database.hold(&act).await.unwrap();
        for credentials in [-1, 1] {
            let act = NewPending { account: version_at(&user, credentials), ..new_act(&user, ActKind::SignIn, 1) };
            assert_eq!(hold(act).await, None, "{}", store.engine);
        }
        let unknown = new_user("+8613800138001", 2).0;
        assert_eq!(hold(new_act(&unknown, ActKind::SignIn, 1)).await, None, "{}", store.engine);
        store.hold_new(&new_act(&user, ActKind::SignIn, 2)).await;
        assert!(store.database.end_sessions(&authority(&session), now()).await.unwrap());
        assert_eq!(hold(new_act(&user, ActKind::SignIn, 3)).await, None, "{}", store.engine);
        let id = PendingId(Uuid::from_u128(2)).0;
        assert_eq!(store.text("SELECT id AS value FROM pending_acts"), id.to_string(), "{}", store.engine);
    }
}

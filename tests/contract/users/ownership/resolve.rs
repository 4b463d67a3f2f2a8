//! Decisions of the owner about a pending act.

use super::super::store::{Store, authority, authority_at, code_proof, device, now, stores};
use super::{DAY, HOUR, TICK, asked_by, new_act, waiting};
use chrono::{DateTime, Utc};
use doorstep::domain::device::KnownDevice;
use doorstep::domain::pending::{ActKind, Decision, NewPending, PendingAct, PendingId};
use doorstep::domain::session::Authority;
use doorstep::ports::{AccountOwnership, Users};
use std::sync::Arc;
use uuid::Uuid;

const DECISIONS: [Decision; 3] = [Decision::Approve, Decision::Refuse, Decision::Cancel];

fn expires_at() -> DateTime<Utc> {
    now() + DAY * 5
}

impl Store {
    /// Decides an hour after the sign-up.
    async fn resolves(&self, by: &Authority, act: &NewPending, decision: Decision) -> bool {
        self.database.resolve(by, act.id, decision, now() + HOUR, expires_at()).await.unwrap()
    }

    /// Asserts that neither decision has an effect.
    async fn assert_unresolved(&self, by: &Authority, act: &NewPending, at: DateTime<Utc>) {
        let before = self.everything();
        for decision in DECISIONS {
            let resolved = self.database.resolve(by, act.id, decision, at, expires_at()).await.unwrap();
            assert!(!resolved, "{} {decision:?}", self.engine);
            assert_eq!(self.everything(), before, "{} {decision:?}", self.engine);
        }
    }
}

#[tokio::test]
async fn another_device_approves_refuses_or_cancels_an_act() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        for (n, (decision, kind)) in (1..).zip(DECISIONS.into_iter().zip(ActKind::ALL)) {
            let act = NewPending { session: Some(first.id), ..new_act(&user, kind, n) };
            store.hold_new(&act).await;
            assert!(store.resolves(&authority(&second), &act, decision).await, "{}", store.engine);
            let (approved_at, refused_at) = match decision {
                Decision::Approve => (Some(now() + HOUR), None),
                Decision::Refuse => (None, Some(now() + HOUR)),
                Decision::Cancel => {
                    assert_eq!(store.in_force(&user, kind, now()).await, None, "{}", store.engine);
                    continue;
                }
            };
            let resolved = PendingAct { approved_at, refused_at, expires_at: expires_at(), ..waiting(&act) };
            assert_eq!(store.in_force(&user, kind, now()).await, Some(resolved.clone()), "{}", store.engine);
            // The device lost the response: nothing changes.
            let (by, later) = (authority(&second), now() + DAY * 9);
            let again = store.database.resolve(&by, act.id, decision, now() + DAY, later).await.unwrap();
            assert!(again, "{} {decision:?}", store.engine);
            assert_eq!(store.in_force(&user, kind, now()).await, Some(resolved), "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn an_approved_act_can_be_refused_and_a_refused_one_not_approved() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let act = new_act(&user, ActKind::SignIn, 1);
        store.hold_new(&act).await;
        let by = authority(&first);
        assert!(store.resolves(&by, &act, Decision::Approve).await, "{}", store.engine);
        assert!(store.resolves(&by, &act, Decision::Refuse).await, "{}", store.engine);
        assert!(!store.resolves(&by, &act, Decision::Approve).await, "{}", store.engine);
        // A refusal is not cancelled by a new device.
        assert!(store.resolves(&by, &act, Decision::Cancel).await, "{}", store.engine);
        let found = store.in_force(&user, ActKind::SignIn, now()).await.unwrap();
        assert_eq!(found.refused_at, Some(now() + HOUR), "{}", store.engine);
    }
}

/// A thief opens a second session on the device that asked.
#[tokio::test]
async fn another_session_of_the_device_that_asked_cannot_approve() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let mut second = device(&user, 2);
        let (id, since) = first.device_since();
        second.device.known = Some(KnownDevice { id, since, used_at: since, key: None });
        assert!(store.stores_session(&second, &code_proof(&user)).await);
        let act = asked_by(&user, &first, "+8613800138009", 1);
        store.hold_new(&act).await;
        assert!(!store.resolves(&authority(&second), &act, Decision::Approve).await, "{}", store.engine);
        assert!(store.resolves(&authority(&second), &act, Decision::Refuse).await, "{}", store.engine);
        assert_eq!(store.count("pending_acts"), 0, "{}", store.engine);
    }
}

#[tokio::test]
async fn an_act_that_no_session_asked_for_is_resolved_by_every_session() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let decisions = [Decision::Approve, Decision::Refuse];
        for (n, (kind, decision)) in (1..).zip([ActKind::SignIn, ActKind::Deletion].into_iter().zip(decisions)) {
            let act = new_act(&user, kind, n);
            store.hold_new(&act).await;
            assert!(store.resolves(&authority(&session), &act, decision).await, "{}", store.engine);
            assert_eq!(store.count("pending_acts"), i64::try_from(n).unwrap(), "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn the_session_that_asked_cannot_approve_and_deletes_the_act_by_refusing_it() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let act = asked_by(&user, &session, "+8613800138009", 1);
        store.hold_new(&act).await;
        let by = authority(&session);
        assert!(!store.resolves(&by, &act, Decision::Approve).await, "{}", store.engine);
        let found = store.in_force(&user, ActKind::PhoneChange, now()).await;
        assert_eq!(found, Some(waiting(&act)), "{}", store.engine);
        assert!(store.resolves(&by, &act, Decision::Refuse).await, "{}", store.engine);
        assert_eq!(store.count("pending_acts"), 0, "{}", store.engine);
        assert!(!store.resolves(&by, &act, Decision::Refuse).await, "{}", store.engine);
        // It can be asked for again at once.
        store.hold_new(&asked_by(&user, &session, "+8613800138009", 2)).await;
    }
}

#[tokio::test]
async fn nothing_is_resolved_after_the_authority_has_ended() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let act = NewPending { expires_at: now() + DAY * 999, ..new_act(&user, ActKind::SignIn, 1) };
        store.hold_new(&act).await;
        let mut short = device(&user, 2);
        short.expires_at = now() + HOUR;
        assert!(store.stores_session(&short, &code_proof(&user)).await);
        store.assert_unresolved(&authority(&short), &act, short.expires_at).await;

        let revoked = store.signed_in(&user, 3).await;
        assert!(store.database.end_session(&authority(&first), revoked.id, now()).await.unwrap());
        store.assert_unresolved(&authority(&revoked), &act, now()).await;
        for credentials in [-1, 1] {
            store.assert_unresolved(&authority_at(&first, credentials), &act, now()).await;
        }
        store.execute("UPDATE users SET credentials_version = 7");
        store.assert_unresolved(&authority(&first), &act, now()).await;
        store.execute("UPDATE users SET credentials_version = 0");
        assert!(store.resolves(&authority(&first), &act, Decision::Refuse).await, "{}", store.engine);
    }
}

#[tokio::test]
async fn an_act_of_another_user_an_expired_and_an_unknown_one_are_not_resolved() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (_, theirs) = store.signed_up("+8613800138001", 2).await;
        let act = new_act(&user, ActKind::SignIn, 1);
        store.hold_new(&act).await;
        store.assert_unresolved(&authority(&theirs), &act, now()).await;
        // The session of one account with the id of another one.
        let mixed = Authority { session: theirs.id, ..authority(&session) };
        store.assert_unresolved(&mixed, &act, now()).await;
        store.assert_unresolved(&authority(&session), &act, act.expires_at).await;
        let unknown = NewPending { id: PendingId(Uuid::from_u128(99)), ..act.clone() };
        store.assert_unresolved(&authority(&session), &unknown, now()).await;
        let at = act.expires_at - TICK;
        assert!(store.database.resolve(&authority(&session), act.id, Decision::Approve, at, at).await.unwrap());
    }
}

#[tokio::test]
async fn an_approval_does_not_put_an_act_in_force() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        let act = asked_by(&user, &second, "+8613800138009", 1);
        store.hold_new(&act).await;
        assert!(store.database.end_session(&authority(&first), second.id, now()).await.unwrap());
        store.resolves(&authority(&first), &act, Decision::Approve).await;
        assert_eq!(store.in_force(&user, ActKind::PhoneChange, now()).await, None, "{}", store.engine);
    }
}

/// A refusal wins, in whatever order the decisions arrive.
#[tokio::test]
async fn a_refusal_wins_over_concurrent_approvals() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        for round in 0..8_u128 {
            let act = new_act(&user, ActKind::SignIn, round + 1);
            store.execute("DELETE FROM pending_acts");
            store.hold_new(&act).await;
            let tasks: Vec<_> = (0..12_usize)
                .map(|n| {
                    let (database, act) = (Arc::clone(&store.database), act.id);
                    let by = authority([&first, &second][n % 2]);
                    tokio::spawn(async move {
                        database.resolve(&by, act, DECISIONS[n / 2 % 2], now(), expires_at()).await.unwrap()
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(store.count("pending_acts WHERE refused_at IS NOT NULL"), 1, "{}", store.engine);
        }
    }
}

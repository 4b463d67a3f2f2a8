//! Detached accounts: an account loses its number.

use super::super::store::{
    Store, another_hash, authority, code_proof, device, new_user, now, number_change, password_proof, refresh_with,
    stores,
};
use super::{DAY, HOUR, TICK, detachment, detachment_in_use, later, phone, policy, version_at};
use doorstep::domain::session::Generation;
use doorstep::domain::user::{NewUser, User};
use doorstep::ports::{AccountOwnership, Detach, Users};
use std::sync::Arc;

impl Store {
    /// Asserts that the detachment has no effect.
    async fn assert_attached(&self, detach: &Detach) {
        let before = self.everything();
        assert!(!self.database.detach(detach, later()).await.unwrap(), "{} {detach:?}", self.engine);
        assert_eq!(self.everything(), before, "{} {detach:?}", self.engine);
    }

    async fn user_of(&self, user: &NewUser) -> User {
        self.evidence_of(user, later()).await.account.user
    }
}

#[tokio::test]
async fn a_dormant_account_loses_its_number_and_its_sessions() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        let (_, others) = store.signed_up("+8613800138001", 3).await;
        store.detached(&detachment(&user), later()).await;

        assert!(store.database.account_of(&user.phone).await.unwrap().is_none(), "{}", store.engine);
        assert!(store.database.by_phone(&user.phone).await.unwrap().is_none(), "{}", store.engine);
        for session in [&first, &second] {
            assert!(!store.is_active_at(session, later()).await, "{}", store.engine);
        }
        assert!(store.is_active_at(&others, later()).await, "{}", store.engine);
        let detached = store.user_of(&user).await;
        assert_eq!((detached.phone, detached.credentials_version), (None, 1), "{}", store.engine);
        assert_eq!((detached.phone_proven_at, detached.updated_at), (now(), later()), "{}", store.engine);
        assert_eq!(store.column(&user, "former_phone"), "+8613800138000", "{}", store.engine);
        let times = "users WHERE detached_at = '2027-02-19 12:00:00' AND deletes_at = '2027-08-18 12:00:00'";
        assert_eq!(store.count(times), 1, "{}", store.engine);
        // The number is free, and the detachment happens once.
        store.assert_attached(&detachment(&user)).await;
        store.assert_attached(&Detach { account: version_at(&user, 1), ..detachment(&user) }).await;
        store.signed_up("+8613800138000", 4).await;
    }
}

#[tokio::test]
async fn an_account_in_use_loses_its_number_and_keeps_its_sessions() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_in(&user, 2).await;
        store.detached(&detachment_in_use(&user), later()).await;
        for session in [&first, &second] {
            let found = store.database.by_session(session.id, later()).await.unwrap().unwrap();
            assert_eq!((found.id, found.phone, found.credentials_version), (user.id, None, 1), "{}", store.engine);
        }
        assert_eq!(store.column(&user, "deletes_at"), "none", "{}", store.engine);
        assert_eq!(store.column(&user, "former_phone"), "+8613800138000", "{}", store.engine);
        assert_eq!(store.sweep(later()).await, 0, "{}", store.engine);
        assert_eq!(store.column(&user, "deletes_at"), "none", "{}", store.engine);
    }
}

/// The statement decides, and not the evidence that was read before.
#[tokio::test]
async fn an_account_that_was_used_meanwhile_keeps_its_sessions() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let detach = detachment(&user);
        let long_policy =
            doorstep::domain::policy::SessionPolicy { idle: std::time::Duration::from_secs(365 * 86_400), ..policy() };
        let presented = Generation { session: session.id, number: 0 };
        let at = detach.in_use_since + TICK;
        store.database.refresh(&refresh_with(presented), at, &long_policy).await.unwrap();
        store.detached(&detach, later()).await;
        assert!(store.is_active_at(&session, later()).await, "{}", store.engine);
        assert_eq!(store.column(&user, "deletes_at"), "none", "{}", store.engine);
    }
}

#[tokio::test]
async fn a_session_that_is_not_active_or_not_used_lately_does_not_keep_an_account_in_use() {
    for store in stores() {
        let cases = ["revoked_at = created_at", "expires_at = '2027-02-19 12:00:00'", "last_used_at = created_at"];
        for (n, change) in (1..).zip(cases) {
            let (user, _) = store.signed_up(&format!("+861380013800{n}"), n).await;
            let used = "UPDATE sessions SET last_used_at = '2027-02-19 00:00:00'";
            let this = format!("WHERE user_id = '{}'", user.id.0);
            store.execute(&format!("{used} {this}; UPDATE sessions SET {change} {this}"));
            store.detached(&detachment(&user), later()).await;
            assert_eq!(store.active_sessions(&user), 0, "{} {change}", store.engine);
            assert_ne!(store.column(&user, "deletes_at"), "none", "{} {change}", store.engine);
        }
    }
}

#[tokio::test]
async fn a_later_proof_or_sign_in_or_changed_credentials_prevent_the_detachment() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let detach = detachment(&user);
        // Somebody has proven the phone since.
        let mut session = device(&user, 2);
        session.created_at += TICK;
        assert!(store.stores_session(&session, &code_proof(&user)).await);
        store.assert_attached(&detach).await;
        // The owner has signed in with the password since.
        let mut session = device(&user, 3);
        session.created_at += TICK * 2;
        assert!(store.stores_session(&session, &password_proof(&user)).await);
        store.assert_attached(&Detach { as_of: now() + TICK, ..detach.clone() }).await;
        let detach = Detach { as_of: now() + TICK * 2, ..detach };
        // The owner has changed the password since.
        let (by, proof) = (authority(&first), password_proof(&user));
        let changed = store.database.change_password(&by, &proof, &another_hash(), now()).await.unwrap();
        assert!(changed.is_some(), "{}", store.engine);
        store.assert_attached(&detach).await;
        store.detached(&Detach { account: version_at(&user, 1), ..detach }, later()).await;
    }
}

#[tokio::test]
async fn another_number_or_account_is_not_detached() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let unknown = new_user("+8613800138000", 3).0;
        for detach in [
            Detach { phone: other.phone.clone(), ..detachment(&user) },
            Detach { phone: phone("+8613800138009"), ..detachment(&user) },
            detachment(&unknown),
        ] {
            store.assert_attached(&detach).await;
        }
        // The owner has another number since.
        let change = number_change(&user.phone, &phone("+8613800138009"));
        store.database.change_phone(&authority(&session), &change, now()).await.unwrap();
        store.assert_attached(&Detach { account: version_at(&user, 1), ..detachment(&user) }).await;
    }
}

#[tokio::test]
async fn an_account_is_detached_again_after_it_got_another_number() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        store.detached(&detachment_in_use(&user), now() + HOUR).await;
        let by = super::super::store::authority_at(&session, 1);
        let to = phone("+8613800138009");
        let change = doorstep::ports::NumberChange { from: None, to: to.clone(), uses: None, detach: None };
        store.database.change_phone(&by, &change, now() + HOUR * 2).await.unwrap();
        let detach = Detach { account: version_at(&user, 2), phone: to, as_of: now() + HOUR * 2, ..detachment(&user) };
        store.detached(&detach, later()).await;
        assert_eq!(store.column(&user, "former_phone"), "+8613800138009", "{}", store.engine);
        assert_ne!(store.column(&user, "deletes_at"), "none", "{}", store.engine);
    }
}

#[tokio::test]
async fn one_of_many_concurrent_detachments_has_an_effect() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (database, detach) = (Arc::clone(&store.database), detachment(&user));
                tokio::spawn(async move { database.detach(&detach, later()).await.unwrap() })
            })
            .collect();
        let mut detached = 0;
        for task in tasks {
            detached += usize::from(task.await.unwrap());
        }
        assert_eq!((detached, store.credentials(&user)), (1, 1), "{}", store.engine);
    }
}

/// The owner signs in with a code at the moment when another person starts anew.
#[tokio::test]
async fn an_account_is_either_signed_in_to_with_a_code_or_detached() {
    for store in stores() {
        for round in 1..9_u8 {
            let (user, _) = store.signed_up(&format!("+861380013800{round}"), round).await;
            let mut session = device(&user, 100 + round);
            session.created_at = later();
            session.expires_at = later() + DAY;
            let sign_in = {
                let (database, proof, session) = (Arc::clone(&store.database), code_proof(&user), session.clone());
                tokio::spawn(async move { database.sign_in(&session, &proof, None, &policy()).await.unwrap() })
            };
            let detached = store.database.detach(&detachment(&user), later()).await.unwrap();
            let signed_in = sign_in.await.unwrap();
            assert_ne!(signed_in, detached, "{}", store.engine);
            assert_eq!(store.is_active_at(&session, later()).await, signed_in, "{}", store.engine);
        }
    }
}

/// Otherwise the account would be deleted while somebody is signed in.
#[tokio::test]
async fn an_account_is_either_signed_in_to_with_a_password_or_detached() {
    for store in stores() {
        for round in 1..9_u8 {
            let (user, _) = store.signed_up(&format!("+861380013800{round}"), round).await;
            let mut session = device(&user, 100 + round);
            session.created_at = later();
            session.expires_at = later() + DAY;
            let sign_in = {
                let (database, proof, session) = (Arc::clone(&store.database), password_proof(&user), session.clone());
                tokio::spawn(async move { database.sign_in(&session, &proof, None, &policy()).await.unwrap() })
            };
            let detached = store.database.detach(&detachment(&user), later()).await.unwrap();
            let signed_in = sign_in.await.unwrap();
            assert_ne!(signed_in, detached, "{}", store.engine);
            assert_eq!(store.is_active_at(&session, later()).await, signed_in, "{}", store.engine);
            assert_eq!(store.column(&user, "deletes_at") == "none", signed_in, "{}", store.engine);
        }
    }
}

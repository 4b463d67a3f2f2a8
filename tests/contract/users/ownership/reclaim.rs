//! Reclaim: the owner of a detached account gets it back, with another number.

use super::super::store::{Store, another_hash, code_proof, device, new_user, now, stores};
use super::{DAY, HOUR, TICK, detachment, detachment_in_use, later, phone, policy, version, version_at};
use chrono::{DateTime, Utc};
use doorstep::domain::phone::Phone;
use doorstep::domain::session::NewSession;
use doorstep::domain::user::{AccountVersion, NewUser};
use doorstep::ports::{AccountOwnership, DependencyError, Reclaimed, Users};
use std::sync::Arc;

const NEW_PHONE: &str = "+8613800138009";

/// Session of the person who reclaims the account at this time.
fn session_at(user: &NewUser, n: u8, at: DateTime<Utc>) -> NewSession {
    NewSession { created_at: at, expires_at: at + DAY, ..device(user, n) }
}

impl Store {
    /// Stores an account that was detached, and signs up another person with its number.
    async fn detached_account(&self, number: &str, n: u8) -> (NewUser, NewSession) {
        let (user, session) = self.signed_up(number, n).await;
        self.detached(&detachment(&user), later()).await;
        self.signed_up(number, n + 100).await;
        (user, session)
    }

    async fn reclaims(&self, account: AccountVersion, to: &Phone, session: &NewSession) -> Reclaimed {
        self.database.reclaim(account, to, session, &policy()).await.unwrap()
    }

    /// Asserts that the account cannot be reclaimed at this time, and that nothing changes.
    async fn assert_gone(&self, user: &NewUser, account: AccountVersion, at: DateTime<Utc>) {
        let before = self.everything();
        let result = self.reclaims(account, &phone(NEW_PHONE), &session_at(user, 90, at)).await;
        assert!(matches!(result, Reclaimed::Gone), "{}: {result:?}", self.engine);
        assert_eq!(self.everything(), before, "{}", self.engine);
    }
}

#[tokio::test]
async fn a_detached_account_gets_a_new_number_and_a_session() {
    for store in stores() {
        let (user, old) = store.detached_account("+8613800138000", 1).await;
        let (to, at) = (phone(NEW_PHONE), later() + HOUR);
        let session = session_at(&user, 3, at);
        let result = store.reclaims(version_at(&user, 1), &to, &session).await;
        let Reclaimed::Done(reclaimed) = result else { panic!("{}: {result:?}", store.engine) };
        assert_eq!((reclaimed.id, reclaimed.phone), (user.id, Some(to.clone())), "{}", store.engine);
        assert_eq!((reclaimed.phone_proven_at, reclaimed.updated_at), (at, at), "{}", store.engine);
        assert_eq!(reclaimed.credentials_version, 2, "{}", store.engine);

        let account = store.database.by_phone(&to).await.unwrap().unwrap();
        assert_eq!(account.user.id, user.id, "{}", store.engine);
        assert!(account.password_hash.is_some(), "{}", store.engine);
        let found = store.database.by_session(session.id, at).await.unwrap().unwrap();
        assert_eq!(found.id, user.id, "{}", store.engine);
        assert!(!store.is_active_at(&old, at).await, "{}", store.engine);
        for column in ["former_phone", "detached_at", "deletes_at"] {
            assert_eq!(store.column(&user, column), "none", "{} {column}", store.engine);
        }
        let summary = store.database.account_of(&to).await.unwrap().unwrap();
        assert_eq!((summary.proven_at, summary.signed_in_at), (at, Some(at)), "{}", store.engine);
        // It is an account like any other.
        assert_eq!(store.sweep(at + DAY * 999).await, 0, "{}", store.engine);
        store.assert_gone(&user, version_at(&user, 1), at).await;
        store.assert_gone(&user, version_at(&user, 2), at).await;
        // The person who has the former number now keeps it.
        assert!(store.database.account_of(&phone("+8613800138000")).await.unwrap().is_some(), "{}", store.engine);
    }
}

#[tokio::test]
async fn an_account_cannot_be_reclaimed_after_its_time() {
    for store in stores() {
        let (user, _) = store.detached_account("+8613800138000", 1).await;
        let deletes_at = detachment(&user).deletes_at;
        store.assert_gone(&user, version_at(&user, 1), deletes_at).await;
        let session = session_at(&user, 3, deletes_at - TICK);
        let result = store.reclaims(version_at(&user, 1), &phone(NEW_PHONE), &session).await;
        assert!(matches!(result, Reclaimed::Done(_)), "{}: {result:?}", store.engine);
    }
}

/// With a session, its owner sets the number in the app, by the rules of a change of number.
#[tokio::test]
async fn an_account_is_reclaimed_when_it_has_no_session_that_was_used_lately() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        store.execute("UPDATE sessions SET last_used_at = '2027-02-19 11:00:00'");
        store.detached(&detachment_in_use(&user), later()).await;
        let idle = later() - HOUR + DAY * 30;
        store.assert_gone(&user, version_at(&user, 1), later()).await;
        store.assert_gone(&user, version_at(&user, 1), idle - TICK).await;
        let session = session_at(&user, 3, idle);
        let result = store.reclaims(version_at(&user, 1), &phone(NEW_PHONE), &session).await;
        assert!(matches!(result, Reclaimed::Done(_)), "{}: {result:?}", store.engine);
        assert!(store.is_active_at(&session, idle).await, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_number_of_another_account_is_taken_and_nothing_changes() {
    for store in stores() {
        let (user, _) = store.detached_account("+8613800138000", 1).await;
        store.signed_up(NEW_PHONE, 2).await;
        for taken in [NEW_PHONE, "+8613800138000"] {
            let before = store.everything();
            let result = store.reclaims(version_at(&user, 1), &phone(taken), &session_at(&user, 3, later())).await;
            assert!(matches!(result, Reclaimed::PhoneTaken), "{}: {result:?}", store.engine);
            assert_eq!(store.everything(), before, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn only_a_detached_account_that_has_not_changed_is_reclaimed() {
    for store in stores() {
        let (attached, _) = store.signed_up("+8613800138001", 2).await;
        store.assert_gone(&attached, version(&attached), later()).await;
        let unknown = new_user("+8613800138002", 3).0;
        store.assert_gone(&unknown, version(&unknown), later()).await;

        let (user, _) = store.detached_account("+8613800138000", 1).await;
        for credentials in [-1, 0, 2] {
            store.assert_gone(&user, version_at(&user, credentials), later()).await;
        }
        let deletes_at = detachment(&user).deletes_at;
        assert_eq!(store.sweep(deletes_at).await, 1, "{}", store.engine);
        store.assert_gone(&user, version_at(&user, 1), later()).await;
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_stored_leaves_the_account_detached() {
    for store in stores() {
        let (user, old) = store.detached_account("+8613800138000", 1).await;
        let mut session = session_at(&user, 3, later());
        session.id = old.id;
        let before = store.everything();
        let failed = store.database.reclaim(version_at(&user, 1), &phone(NEW_PHONE), &session, &policy()).await;
        assert!(matches!(failed, Err(DependencyError::Broken { .. })), "{}: {failed:?}", store.engine);
        assert_eq!(store.everything(), before, "{}", store.engine);
    }
}

/// Neither the proof from before the detachment nor one from before the reclaim is valid afterwards.
#[tokio::test]
async fn a_code_from_before_the_reclaim_is_not_valid() {
    for store in stores() {
        let (user, _) = store.detached_account("+8613800138000", 1).await;
        store.reclaims(version_at(&user, 1), &phone(NEW_PHONE), &session_at(&user, 3, later())).await;
        for credentials in [0, 1] {
            for number in ["+8613800138000", NEW_PHONE] {
                let proof = doorstep::ports::Proof::Code { phone: phone(number), credentials, uses: None };
                assert!(!store.stores_session(&session_at(&user, 4, later()), &proof).await, "{}", store.engine);
                let reset = store.database.reset_password(user.id, &proof, &another_hash(), later()).await.unwrap();
                assert!(!reset, "{}", store.engine);
            }
        }
        assert!(!store.stores_session(&session_at(&user, 4, later()), &code_proof(&user)).await, "{}", store.engine);
    }
}

#[tokio::test]
async fn one_of_many_concurrent_reclaims_succeeds() {
    for store in stores() {
        let (user, _) = store.detached_account("+8613800138000", 1).await;
        let tasks: Vec<_> = (0..16)
            .map(|n| {
                let (database, account) = (Arc::clone(&store.database), version_at(&user, 1));
                let (to, session) = (phone(&format!("+86139001380{n:02}")), session_at(&user, 200 + n, later()));
                tokio::spawn(async move { database.reclaim(account, &to, &session, &policy()).await.unwrap() })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            match task.await.unwrap() {
                Reclaimed::Done(_) => done += 1,
                Reclaimed::Gone => {}
                Reclaimed::PhoneTaken => panic!("{}: every number is free", store.engine),
            }
        }
        assert_eq!((done, store.active_sessions(&user), store.credentials(&user)), (1, 1, 2), "{}", store.engine);
    }
}

/// One replica deletes the account at the moment when its owner reclaims it on another one.
#[tokio::test]
async fn an_account_is_either_reclaimed_or_deleted() {
    for store in stores() {
        for n in 1..9_u8 {
            let (user, _) = store.detached_account(&format!("+861380013810{n}"), n).await;
            let deletes_at = detachment(&user).deletes_at;
            let reclaim = {
                let (database, account) = (Arc::clone(&store.database), version_at(&user, 1));
                let session = session_at(&user, 50 + n, deletes_at - TICK);
                let to = phone(&format!("+861380013820{n}"));
                tokio::spawn(async move { database.reclaim(account, &to, &session, &policy()).await.unwrap() })
            };
            let deleted = store.sweep(deletes_at).await;
            let reclaimed = matches!(reclaim.await.unwrap(), Reclaimed::Done(_));
            assert_eq!(deleted, usize::from(!reclaimed), "{}", store.engine);
            let rows = store.count(&format!("users WHERE id = '{}'", user.id.0));
            assert_eq!((rows == 1, store.active_sessions(&user) == 1), (reclaimed, reclaimed), "{}", store.engine);
        }
        assert_eq!(store.count("users WHERE created_at > '2027-01-01'"), 0, "{}", now());
    }
}

//! Evidence: facts about an account, and its sessions.

use super::super::store::{authority, code_proof, device, now, password_hash, password_proof, refresh_with, stores};
use super::{DAY, HOUR, TICK, detachment, detachment_in_use, later, phone, policy, version_at};
use doorstep::domain::device::DeviceId;
use doorstep::domain::ownership::Facts;
use doorstep::domain::password::PasswordHash;
use doorstep::domain::pending::ActKind;
use doorstep::domain::phone::Phone;
use doorstep::domain::session::Generation;
use doorstep::domain::user::AccountVersion;
use doorstep::ports::{AccountOwnership, EvidenceQuery, Refreshed, Users, Whose};

/// Account that was detached from this number.
fn former(phone: &Phone) -> Whose {
    Whose::Former { phone: phone.clone(), device: None, used_since: now() - DAY * 30 }
}

#[tokio::test]
async fn an_account_is_found_by_its_phone_and_by_its_user() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        for whose in [Whose::Phone(user.phone.clone()), Whose::User(user.id)] {
            let found = store.evidence(whose, ActKind::SignIn, now()).await.unwrap();
            assert_eq!(found.account.user.id, user.id, "{}", store.engine);
            let hash = found.account.password_hash;
            assert_eq!(hash.as_ref().map(PasswordHash::expose), Some(password_hash(&user).expose()));
            assert_eq!(found.pending, None, "{}", store.engine);
        }
        let unknown = super::super::store::new_user("+8613800138002", 3).0;
        for whose in [Whose::Phone(unknown.phone), Whose::User(unknown.id), former(&user.phone)] {
            assert!(store.evidence(whose, ActKind::SignIn, now()).await.is_none(), "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn the_last_proof_and_the_last_use_are_separate_facts() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let facts = async || store.evidence_of(&user, now() + DAY).await.facts;
        let expected = |proven_at, used_at| Facts { proven_at, used_at };
        assert_eq!(facts().await, expected(now(), now()), "{}", store.engine);

        let presented = Generation { session: session.id, number: 0 };
        let refreshed = store.database.refresh(&refresh_with(presented), now() + HOUR, &policy()).await.unwrap();
        assert!(matches!(refreshed, Refreshed::Yes { .. }), "{refreshed:?}");
        assert_eq!(facts().await, expected(now(), now() + HOUR), "{}", store.engine);

        for (n, proof, proven_at) in [(2, password_proof(&user), now()), (3, code_proof(&user), now() + HOUR * 3)] {
            let mut session = device(&user, n);
            session.created_at += HOUR * i32::from(n);
            assert!(store.stores_session(&session, &proof).await);
            assert_eq!(facts().await, expected(proven_at, session.created_at), "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn the_use_of_ended_sessions_counts() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let mut second = device(&user, 2);
        second.created_at += HOUR;
        assert!(store.stores_session(&second, &password_proof(&user)).await);
        let presented = Generation { session: second.id, number: 0 };
        store.database.refresh(&refresh_with(presented), now() + HOUR * 5, &policy()).await.unwrap();
        let facts = async || {
            let (whose, act) = (Whose::User(user.id), ActKind::SignIn);
            let query = EvidenceQuery { whose, act, now: now() + DAY };
            store.database.evidence(&query).await.unwrap().unwrap().facts
        };
        assert_eq!(facts().await, Facts { proven_at: now(), used_at: now() + HOUR * 5 });

        let by = authority(&first);
        assert!(store.database.end_session(&by, second.id, now() + HOUR * 6).await.unwrap());
        let ended = Facts { proven_at: now(), used_at: now() + HOUR * 5 };
        assert_eq!(facts().await, ended, "{}", store.engine);

        // Sessions that are deleted leave the time of the last sign-in.
        store.execute("DELETE FROM sessions");
        assert_eq!(facts().await.used_at, now() + HOUR, "{}", store.engine);
        store.execute("UPDATE users SET last_login_at = NULL");
        assert_eq!(facts().await.used_at, now(), "{}", store.engine);
    }
}

#[tokio::test]
async fn only_active_sessions_are_listed_with_their_devices() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        let (second, ended) = (store.signed_in(&user, 3).await, store.signed_in(&user, 4).await);
        let mut expired = device(&user, 5);
        expired.expires_at = now() + HOUR;
        assert!(store.stores_session(&expired, &code_proof(&user)).await);
        assert!(store.database.end_session(&authority(&first), ended.id, now()).await.unwrap());
        store.execute(&format!(
            "UPDATE sessions SET device_id = NULL, device_since = NULL WHERE id = '{}'",
            second.id.0
        ));
        let mut sessions = store.evidence_of(&user, now() + HOUR).await.sessions;
        sessions.sort_by_key(|(session, _)| session.0);
        assert_eq!(sessions, [(first.id, Some(DeviceId(first.id.0))), (second.id, None)], "{}", store.engine);
    }
}

#[tokio::test]
async fn the_evidence_contains_the_version_of_the_account() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        assert!(store.database.end_sessions(&authority(&session), now()).await.unwrap());
        let found = store.evidence_of(&user, now()).await;
        assert_eq!(AccountVersion::of(&found.account.user), version_at(&user, 1), "{}", store.engine);
    }
}

#[tokio::test]
async fn the_account_that_was_detached_last_is_found_by_its_former_phone() {
    for store in stores() {
        let former = former(&phone("+8613800138000"));
        let found = async |at| {
            let found = store.evidence(former.clone(), ActKind::SignIn, at).await;
            found.map(|found| found.account.user.id)
        };
        // The order of the detachments decides, and not that of the ids.
        let (first, _) = store.signed_up("+8613800138000", 5).await;
        assert_eq!(found(later()).await, None, "{}", store.engine);
        store.detached(&detachment(&first), later()).await;
        assert_eq!(found(later()).await, Some(first.id), "{}", store.engine);

        let (second, _) = store.signed_up("+8613800138000", 2).await;
        // The person who has the number now is not found by it.
        assert_eq!(found(later()).await, Some(first.id), "{}", store.engine);
        store.detached(&detachment(&second), later() + HOUR).await;
        let (third, _) = store.signed_up("+8613800138000", 3).await;
        assert_eq!(found(later() + HOUR).await, Some(second.id), "{}", store.engine);

        let deletes_at = detachment(&second).deletes_at;
        assert_eq!(found(deletes_at - TICK).await, Some(second.id), "{}", store.engine);
        assert_eq!(found(deletes_at).await, None, "{}", store.engine);
        // An account in use keeps its time.
        store.detached(&detachment_in_use(&third), later() + HOUR * 2).await;
        assert_eq!(found(deletes_at + DAY * 999).await, Some(third.id), "{}", store.engine);
    }
}

/// The column is cleared with a new number; an account with a number is not found whatever the column says.
#[tokio::test]
async fn an_account_with_a_number_is_not_found_by_a_former_one() {
    for store in stores() {
        store.signed_up("+8613800138000", 1).await;
        store.execute("UPDATE users SET former_phone = '+8613800138009', detached_at = created_at");
        for number in ["+8613800138000", "+8613800138009"] {
            let found = store.evidence(former(&phone(number)), ActKind::SignIn, now()).await;
            assert!(found.is_none(), "{} {number}", store.engine);
        }
    }
}

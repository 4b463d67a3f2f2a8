//! Sign-in, and the end of sessions.

use super::store::{
    Store, another_hash, authority, code_proof, device, new_user, now, password_hash, password_proof, stores,
};
use chrono::TimeDelta;
use doorstep::domain::password::PasswordHash;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::{DeviceName, NewSession, SessionId};
use doorstep::domain::user::NewUser;
use doorstep::ports::{Proof, Users};
use std::sync::Arc;

fn policy(per_user: u32) -> SessionPolicy {
    SessionPolicy { per_user, ..SessionPolicy::default() }
}

impl Store {
    async fn sign_in(&self, session: &NewSession, proof: &Proof) -> bool {
        self.database.sign_in(session, proof, None, &policy(100)).await.unwrap()
    }

    async fn is_active(&self, session: SessionId) -> bool {
        self.database.by_session(session, now()).await.unwrap().is_some()
    }

    async fn hash_of(&self, user: &NewUser) -> String {
        self.database.password_hash(user.id).await.unwrap().unwrap().expose().to_owned()
    }
}

#[tokio::test]
async fn a_password_or_a_code_signs_in() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        for (n, proof) in [(2, password_proof(&user)), (3, code_proof(&user))] {
            let mut session = device(&user, n);
            session.created_at += TimeDelta::hours(i64::from(n));
            session.device.name = Some(DeviceName::parse("手机").unwrap());
            assert!(store.sign_in(&session, &proof).await, "{}", store.engine);
            assert_eq!(store.database.by_session(session.id, now()).await.unwrap().unwrap().id, user.id);
            let stored = "users JOIN sessions ON user_id = users.id WHERE last_login_at = sessions.created_at \
                AND device_name = '手机' AND generation = 0 AND replays = 0 AND last_used_at = sessions.created_at";
            assert_eq!(store.count(stored), 1, "{}", store.engine);
        }
        assert_eq!(store.count("sessions"), 3);
    }
}

#[tokio::test]
async fn an_invalid_proof_stores_nothing() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let mut session = device(&user, 3);
        session.created_at += TimeDelta::hours(1);
        for proof in [password_proof(&other), code_proof(&other), Proof::Password(another_hash())] {
            let done = store.database.sign_in(&session, &proof, Some(&another_hash()), &policy(1)).await.unwrap();
            assert!(!done, "{}", store.engine);
        }
        let unknown = device(&new_user("+8613800138002", 4).0, 4);
        assert!(!store.sign_in(&unknown, &password_proof(&user)).await, "{}", store.engine);
        assert_eq!(store.count("users WHERE last_login_at = created_at"), 2);
        assert_eq!(store.count("sessions"), 2);
        assert_eq!(store.hash_of(&user).await, password_hash(&user).expose());
    }
}

#[tokio::test]
async fn a_failed_insert_of_a_session_changes_nothing() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let mut session = device(&user, 2);
        session.id = first.id;
        session.created_at += TimeDelta::hours(1);
        let failed =
            store.database.sign_in(&session, &password_proof(&user), Some(&another_hash()), &policy(100)).await;
        assert!(failed.is_err(), "{}", store.engine);
        assert_eq!(store.hash_of(&user).await, password_hash(&user).expose(), "{}", store.engine);
        assert_eq!(store.count("users WHERE last_login_at = created_at"), 1);
    }
}

#[tokio::test]
async fn a_new_hash_replaces_only_the_hash_that_was_checked() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let sign_in = async |n, proof: &Proof, hash: &PasswordHash| {
            store.database.sign_in(&device(&user, n), proof, Some(hash), &policy(100)).await.unwrap()
        };
        // A sign-in by code checks no hash.
        assert!(sign_in(3, &code_proof(&user), &another_hash()).await);
        assert_eq!(store.hash_of(&user).await, password_hash(&user).expose(), "{}", store.engine);

        assert!(sign_in(4, &password_proof(&user), &another_hash()).await);
        assert_eq!(store.hash_of(&user).await, another_hash().expose(), "{}", store.engine);
        assert_eq!(store.hash_of(&other).await, password_hash(&other).expose());
        // Another device checked the same hash before it was replaced.
        assert!(!sign_in(5, &password_proof(&user), password_hash(&user)).await);
        assert_eq!(store.hash_of(&user).await, another_hash().expose());
        assert_eq!(store.count("users WHERE password_changed_at = created_at AND updated_at = created_at"), 2);
    }
}

#[tokio::test]
async fn a_sign_in_deletes_ended_sessions_and_sessions_above_the_limit() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let (_, other_session) = store.signed_up("+8613800138001", 2).await;
        for n in 3..10 {
            assert!(store.sign_in(&device(&user, n), &password_proof(&user)).await);
        }
        let id = |n: u8| device(&user, n).id.0;
        store.execute(&format!(
            "UPDATE sessions SET last_used_at = '2026-11-19 12:00:00', device_id = NULL;
            UPDATE sessions SET last_used_at = '2026-11-21 12:00:00' WHERE id IN ('{}', '{}', '{}', '{}');
            UPDATE sessions SET revoked_at = created_at WHERE id = '{}';
            UPDATE sessions SET expires_at = '2026-11-21 12:00:00' WHERE id = '{}';
            UPDATE sessions SET last_used_at = '2026-10-22 12:00:00' WHERE id = '{}';
            UPDATE sessions SET last_used_at = '2026-11-19 12:00:01' WHERE id = '{}';",
            id(3),
            id(4),
            id(5),
            id(6),
            id(3),
            id(4),
            id(7),
            id(8),
        ));
        // The new session stays, although other sessions were used later by a clock that is ahead.
        let mut new = device(&user, 10);
        new.created_at += TimeDelta::days(1);
        assert!(store.database.sign_in(&new, &password_proof(&user), None, &policy(4)).await.unwrap());

        let mut remaining = Vec::new();
        for id in [first.id, other_session.id].into_iter().chain((3..=10).map(|n| device(&user, n).id)) {
            remaining.extend((store.count(&format!("sessions WHERE id = '{}'", id.0)) == 1).then_some(id));
        }
        let expected = [other_session.id, device(&user, 5).id, device(&user, 6).id, device(&user, 8).id, new.id];
        assert_eq!(remaining, expected, "{}", store.engine);
    }
}

#[tokio::test]
async fn the_new_session_stays_even_if_the_limit_is_one() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        for (n, limit) in [(2, 1), (3, 0)] {
            // The last sessions of known devices stay in any case.
            store.execute("UPDATE sessions SET last_used_at = '2026-11-20 13:00:00', device_id = NULL");
            let session = device(&user, n);
            assert!(store.database.sign_in(&session, &password_proof(&user), None, &policy(limit)).await.unwrap());
            assert!(store.is_active(session.id).await, "{}", store.engine);
            assert_eq!(store.count("sessions"), 1, "{}", store.engine);
        }
        assert!(!store.is_active(first.id).await);
    }
}

#[tokio::test]
async fn concurrent_sign_ins_stay_within_the_limit() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let tasks: Vec<_> = (2..32)
            .map(|n| {
                let (database, session, proof) = (Arc::clone(&store.database), device(&user, n), password_proof(&user));
                tokio::spawn(async move { database.sign_in(&session, &proof, None, &policy(5)).await.unwrap() })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap(), "{}", store.engine);
        }
        assert_eq!(store.count("sessions"), 5, "{}", store.engine);
    }
}

#[tokio::test]
async fn active_sessions_are_listed_by_last_use() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        let mut named = device(&user, 3);
        named.device.name = Some(DeviceName::parse("小明的手机").unwrap());
        named.created_at += TimeDelta::hours(1);
        assert!(store.sign_in(&named, &password_proof(&user)).await);
        for n in 4..=6 {
            assert!(store.sign_in(&device(&user, n), &password_proof(&user)).await);
        }
        let id = |n: u8| device(&user, n).id.0;
        store.execute(&format!(
            "UPDATE sessions SET revoked_at = created_at WHERE id = '{}';
            UPDATE sessions SET expires_at = '2026-11-20 13:00:00' WHERE id = '{}';
            UPDATE sessions SET last_used_at = '2026-10-21 13:00:00' WHERE id = '{}';",
            id(4),
            id(5),
            id(6),
        ));
        let at = now() + TimeDelta::hours(1);
        let listed = store.database.sessions(user.id, at, &policy(100)).await.unwrap();
        assert_eq!(
            listed.iter().map(|session| session.id).collect::<Vec<_>>(),
            [named.id, first.id],
            "{}",
            store.engine
        );
        let newest = &listed[0];
        assert_eq!(newest.device_name.as_deref(), Some("小明的手机"));
        assert_eq!((newest.created_at, newest.last_used_at), (named.created_at, named.created_at));
        assert_eq!(newest.expires_at, named.expires_at);
        assert_eq!(listed[1].device_name, None);
        assert_eq!(store.database.sessions(user.id, at, &policy(1)).await.unwrap(), listed[..1]);
        let unknown = new_user("+8613800138002", 9).0.id;
        assert_eq!(store.database.sessions(unknown, at, &policy(100)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn users_end_only_their_own_active_sessions() {
    for store in stores() {
        let (user, caller) = store.signed_up("+8613800138000", 1).await;
        let (_, theirs) = store.signed_up("+8613800138001", 2).await;
        let mut own = device(&user, 3);
        own.expires_at -= TimeDelta::hours(1);
        assert!(store.sign_in(&own, &code_proof(&user)).await);
        let end = async |by: &NewSession, session: &NewSession, at| {
            store.database.end_session(&authority(by), session.id, at).await.unwrap()
        };
        assert!(!end(&caller, &theirs, now()).await, "{}", store.engine);
        assert!(store.is_active(theirs.id).await);
        assert!(!end(&caller, &device(&user, 4), now()).await);
        assert!(!end(&caller, &own, own.expires_at).await, "{}", store.engine);

        assert!(end(&caller, &own, now()).await, "{}", store.engine);
        assert!(!store.is_active(own.id).await);
        // The same call again, after its answer was lost.
        assert!(end(&caller, &own, now()).await, "{}", store.engine);
        assert!(!end(&caller, &own, now() + TimeDelta::hours(1)).await, "{}", store.engine);
        assert_eq!(store.count("sessions WHERE revoked_at = created_at"), 1);
        assert!(store.is_active(caller.id).await && store.is_active(theirs.id).await, "{}", store.engine);
        // A session ends itself.
        for session in [&caller, &theirs] {
            assert!(end(session, session, now()).await, "{}", store.engine);
            assert!(!store.is_active(session.id).await, "{}", store.engine);
            assert!(!end(session, session, now() + TimeDelta::seconds(1)).await, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn all_sessions_of_one_user_end() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let (_, other_session) = store.signed_up("+8613800138001", 2).await;
        let second = device(&user, 3);
        assert!(store.sign_in(&second, &code_proof(&user)).await);
        assert!(store.database.end_session(&authority(&first), first.id, now()).await.unwrap());
        let by = authority(&second);
        assert!(store.database.end_sessions(&by, now() + TimeDelta::hours(1)).await.unwrap(), "{}", store.engine);
        assert!(!store.is_active(first.id).await && !store.is_active(second.id).await, "{}", store.engine);
        assert!(store.is_active(other_session.id).await, "{}", store.engine);
        // A session that had ended before keeps its time.
        assert_eq!(store.count("sessions WHERE revoked_at = created_at"), 1, "{}", store.engine);
    }
}

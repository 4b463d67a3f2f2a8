//! Signing in, and what ends a session.

use super::store::{Store, another_hash, device, now, password_of, person, phone_of, stores};
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

    async fn lives(&self, session: SessionId) -> bool {
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
        for (n, proof) in [(2, password_of(&user)), (3, phone_of(&user))] {
            let mut session = device(&user, n);
            session.created_at += TimeDelta::hours(i64::from(n));
            session.device_name = Some(DeviceName::parse("手机").unwrap());
            assert!(store.sign_in(&session, &proof).await, "{}", store.engine);
            assert_eq!(store.database.by_session(session.id, now()).await.unwrap().unwrap().id, user.id);
            let noted = "users JOIN sessions ON user_id = users.id WHERE last_login_at = sessions.created_at \
                AND device_name = '手机' AND generation = 0 AND replays = 0 AND last_used_at = sessions.created_at";
            assert_eq!(store.count(noted), 1, "{}", store.engine);
        }
        assert_eq!(store.count("sessions"), 3);
    }
}

#[tokio::test]
async fn a_proof_that_does_not_hold_stores_nothing() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let mut session = device(&user, 3);
        session.created_at += TimeDelta::hours(1);
        for proof in [password_of(&other), phone_of(&other), Proof::Password(another_hash())] {
            let done = store.database.sign_in(&session, &proof, Some(&another_hash()), &policy(1)).await.unwrap();
            assert!(!done, "{}", store.engine);
        }
        let nobody = device(&person("+8613800138002", 4).0, 4);
        assert!(!store.sign_in(&nobody, &password_of(&user)).await, "{}", store.engine);
        assert_eq!(store.count("users WHERE last_login_at = created_at"), 2);
        assert_eq!(store.count("sessions"), 2);
        assert_eq!(store.hash_of(&user).await, user.password_hash.expose());
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_stored_is_no_sign_in() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let mut session = device(&user, 2);
        session.id = first.id;
        session.created_at += TimeDelta::hours(1);
        let failed = store.database.sign_in(&session, &password_of(&user), Some(&another_hash()), &policy(100)).await;
        assert!(failed.is_err(), "{}", store.engine);
        assert_eq!(store.hash_of(&user).await, user.password_hash.expose(), "{}", store.engine);
        assert_eq!(store.count("users WHERE last_login_at = created_at"), 1);
    }
}

#[tokio::test]
async fn a_new_hash_takes_the_place_of_the_one_that_was_checked() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let sign_in = async |n, proof: &Proof, hash: &PasswordHash| {
            store.database.sign_in(&device(&user, n), proof, Some(hash), &policy(100)).await.unwrap()
        };
        // A code names no hash.
        assert!(sign_in(3, &phone_of(&user), &another_hash()).await);
        assert_eq!(store.hash_of(&user).await, user.password_hash.expose(), "{}", store.engine);

        assert!(sign_in(4, &password_of(&user), &another_hash()).await);
        assert_eq!(store.hash_of(&user).await, another_hash().expose(), "{}", store.engine);
        assert_eq!(store.hash_of(&other).await, other.password_hash.expose());
        // Another device checked the same hash before it was replaced.
        assert!(!sign_in(5, &password_of(&user), &user.password_hash).await);
        assert_eq!(store.hash_of(&user).await, another_hash().expose());
        assert_eq!(store.count("users WHERE password_changed_at = created_at AND updated_at = created_at"), 2);
    }
}

#[tokio::test]
async fn a_sign_in_drops_what_has_ended_and_what_is_too_many() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let (_, strangers) = store.signed_up("+8613800138001", 2).await;
        for n in 3..10 {
            assert!(store.sign_in(&device(&user, n), &password_of(&user)).await);
        }
        let of = |n: u8| device(&user, n).id.0;
        store.execute(&format!(
            "UPDATE sessions SET last_used_at = '2026-11-19 12:00:00';
            UPDATE sessions SET last_used_at = '2026-11-21 12:00:00' WHERE id IN ('{}', '{}', '{}', '{}');
            UPDATE sessions SET revoked_at = created_at WHERE id = '{}';
            UPDATE sessions SET expires_at = '2026-11-21 12:00:00' WHERE id = '{}';
            UPDATE sessions SET last_used_at = '2026-10-22 12:00:00' WHERE id = '{}';
            UPDATE sessions SET last_used_at = '2026-11-19 12:00:01' WHERE id = '{}';",
            of(3),
            of(4),
            of(5),
            of(6),
            of(3),
            of(4),
            of(7),
            of(8),
        ));
        // The new one stays although others were used later, by a clock that is ahead.
        let mut new = device(&user, 10);
        new.created_at += TimeDelta::days(1);
        assert!(store.database.sign_in(&new, &password_of(&user), None, &policy(4)).await.unwrap());

        let mut left = Vec::new();
        for id in [first.id, strangers.id].into_iter().chain((3..=10).map(|n| device(&user, n).id)) {
            left.extend((store.count(&format!("sessions WHERE id = '{}'", id.0)) == 1).then_some(id));
        }
        let expected = [strangers.id, device(&user, 5).id, device(&user, 6).id, device(&user, 8).id, new.id];
        assert_eq!(left, expected, "{}", store.engine);
    }
}

#[tokio::test]
async fn where_there_is_room_for_one_the_new_one_stays() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        store.execute("UPDATE sessions SET last_used_at = '2026-11-20 13:00:00'");
        for (n, room) in [(2, 1), (3, 0)] {
            let session = device(&user, n);
            assert!(store.database.sign_in(&session, &password_of(&user), None, &policy(room)).await.unwrap());
            assert!(store.lives(session.id).await, "{}", store.engine);
            assert_eq!(store.count("sessions"), 1, "{}", store.engine);
        }
        assert!(!store.lives(first.id).await);
    }
}

#[tokio::test]
async fn many_sign_ins_at_once_stay_within_the_limit() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let tasks: Vec<_> = (2..32)
            .map(|n| {
                let (database, session, proof) = (Arc::clone(&store.database), device(&user, n), password_of(&user));
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
async fn the_living_sessions_are_listed_the_last_used_first() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        let mut named = device(&user, 3);
        named.device_name = Some(DeviceName::parse("小明的手机").unwrap());
        named.created_at += TimeDelta::hours(1);
        assert!(store.sign_in(&named, &password_of(&user)).await);
        for n in 4..=6 {
            assert!(store.sign_in(&device(&user, n), &password_of(&user)).await);
        }
        let of = |n: u8| device(&user, n).id.0;
        store.execute(&format!(
            "UPDATE sessions SET revoked_at = created_at WHERE id = '{}';
            UPDATE sessions SET expires_at = '2026-11-20 13:00:00' WHERE id = '{}';
            UPDATE sessions SET last_used_at = '2026-10-21 13:00:00' WHERE id = '{}';",
            of(4),
            of(5),
            of(6),
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
        let nobody = person("+8613800138002", 9).0.id;
        assert_eq!(store.database.sessions(nobody, at, &policy(100)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_user_ends_her_own_living_sessions_only() {
    for store in stores() {
        let (user, mine) = store.signed_up("+8613800138000", 1).await;
        let (other, hers) = store.signed_up("+8613800138001", 2).await;
        let end = async |user: &NewUser, session: &NewSession, at| {
            store.database.end_session(user.id, session.id, at).await.unwrap()
        };
        assert!(!end(&user, &hers, now()).await, "{}", store.engine);
        assert!(store.lives(hers.id).await);
        assert!(!end(&user, &device(&user, 3), now()).await);
        assert!(!end(&user, &mine, mine.expires_at).await, "{}", store.engine);

        assert!(end(&user, &mine, now()).await, "{}", store.engine);
        assert!(!store.lives(mine.id).await);
        assert!(!end(&user, &mine, now() + TimeDelta::hours(1)).await, "{}", store.engine);
        assert_eq!(store.count("sessions WHERE revoked_at = created_at"), 1);
        assert!(end(&other, &hers, now()).await);
    }
}

#[tokio::test]
async fn all_sessions_of_one_user_end() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let (_, strangers) = store.signed_up("+8613800138001", 2).await;
        let second = device(&user, 3);
        assert!(store.sign_in(&second, &phone_of(&user)).await);
        store.database.end_session(user.id, first.id, now()).await.unwrap();
        store.database.end_sessions(user.id, now() + TimeDelta::hours(1)).await.unwrap();
        assert!(!store.lives(first.id).await && !store.lives(second.id).await, "{}", store.engine);
        assert!(store.lives(strangers.id).await, "{}", store.engine);
        // What had ended before keeps its time.
        assert_eq!(store.count("sessions WHERE revoked_at = created_at"), 1, "{}", store.engine);
    }
}

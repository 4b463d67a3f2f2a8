//! Change and reset of a password: the sessions that they end, and concurrent sign-ins.

use super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, new_user, now, password_proof, postgres_store,
    stores,
};
use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::{Authority, Generation, NewSession};
use doorstep::domain::user::{AccountVersion, NewUser};
use doorstep::ports::{Created, Proof, Renewed, Users};
use std::sync::Arc;

impl Store {
    async fn change_password(&self, by: &Authority, proof: &Proof) -> Option<Renewed> {
        let at = now() + TimeDelta::hours(1);
        self.database.change_password(by, proof, &another_hash(), at).await.unwrap()
    }

    async fn reset_password(&self, user: &NewUser, proof: &Proof) -> bool {
        let at = now() + TimeDelta::hours(1);
        self.database.reset_password(user.id, proof, &another_hash(), at).await.unwrap()
    }

    async fn signs_in(&self, session: &NewSession, proof: &Proof) -> bool {
        self.database.sign_in(session, proof, None, &SessionPolicy::default()).await.unwrap()
    }
}

#[tokio::test]
async fn a_new_password_ends_every_session_except_the_one_to_keep() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let (other, other_session) = store.signed_up("+8613800138001", 2).await;
        let second = device(&user, 3);
        assert!(store.signs_in(&second, &code_proof(&user)).await);
        let active = async || {
            let mut active = Vec::new();
            for id in [first.id, second.id, other_session.id] {
                active.extend(store.database.by_session(id, now()).await.unwrap().map(|_| id));
            }
            active
        };
        let renewed = store.change_password(&authority(&second), &password_proof(&user)).await;
        assert_eq!(
            renewed,
            Some(Renewed {
                number: Generation::RENEWAL,
                expires_at: second.expires_at,
                bound: false,
                client_id: second.device.client_id.clone()
            }),
            "{}",
            store.engine
        );
        assert_eq!(active().await, [second.id, other_session.id], "{}", store.engine);
        let account = store.database.by_phone(&user.phone).await.unwrap().unwrap();
        assert_eq!(account.password_hash.unwrap().expose(), another_hash().expose());
        assert_eq!(account.user.updated_at, now() + TimeDelta::hours(1));
        assert_eq!(store.count("users WHERE password_changed_at = updated_at AND updated_at > created_at"), 1);

        // A code that was sent before the change is now invalid.
        let (early, current) = (code_proof(&user), authority_at(&second, 1));
        assert!(!store.reset_password(&user, &early).await, "{}", store.engine);
        assert_eq!(store.change_password(&current, &early).await, None, "{}", store.engine);
        assert!(!store.signs_in(&device(&user, 9), &early).await);
        for by in [None, Some(&current)] {
            assert!(!store.database.delete(user.id, &early, by, now()).await.unwrap(), "{}", store.engine);
        }
        let proof = Proof::of_code(user.phone.clone(), AccountVersion::of(&account.user));
        assert!(store.reset_password(&user, &proof).await, "{}", store.engine);
        assert_eq!(active().await, [other_session.id], "{}", store.engine);
        // A session of another user is not kept, and changes nothing.
        let foreign = Authority { session: second.id, ..authority(&other_session) };
        assert_eq!(store.change_password(&foreign, &code_proof(&other)).await, None, "{}", store.engine);
        assert_eq!(active().await, [other_session.id], "{}", store.engine);
        assert!(store.reset_password(&other, &code_proof(&other)).await);
        assert_eq!(active().await, [], "{}", store.engine);
    }
}

#[tokio::test]
async fn the_time_of_a_password_that_was_set_with_a_code_is_recorded() {
    for store in stores() {
        let reset_at =
            async |user: &NewUser| store.database.by_phone(&user.phone).await.unwrap().unwrap().user.password_reset_at;
        let at = now() + TimeDelta::hours(1);
        let (changed, session) = store.signed_up("+8613800138000", 1).await;
        assert!(store.change_password(&authority(&session), &password_proof(&changed)).await.is_some());
        assert_eq!(reset_at(&changed).await, None, "{}", store.engine);

        let (reset, _) = store.signed_up("+8613800138001", 2).await;
        assert!(store.reset_password(&reset, &code_proof(&reset)).await);
        assert_eq!(reset_at(&reset).await, Some(at), "{}", store.engine);

        let (mut first, _) = new_user("+8613800138002", 3);
        first.password_hash = None;
        let session = device(&first, 3);
        assert_eq!(store.database.create(&first, &session).await.unwrap(), Created::Yes);
        let account = store.database.by_phone(&first.phone).await.unwrap().unwrap();
        assert!(account.password_hash.is_none() && !account.user.has_password, "{}", store.engine);
        assert!(store.database.password_hash(first.id).await.unwrap().is_none(), "{}", store.engine);
        assert!(!store.signs_in(&device(&first, 4), &Proof::Password(another_hash())).await, "{}", store.engine);
        assert!(store.change_password(&authority(&session), &code_proof(&first)).await.is_some(), "{}", store.engine);
        assert_eq!(reset_at(&first).await, Some(at), "{}", store.engine);
        let proven = format!("users WHERE id = '{}' AND phone_proven_at = password_reset_at", first.id.0);
        assert_eq!(store.count(&proven), 1, "{}: a code proves the phone", store.engine);

        // A change with this password does not make it older than it is.
        let later = at + TimeDelta::hours(1);
        let (by, proof) = (authority_at(&session, 1), Proof::Password(another_hash()));
        assert!(store.database.change_password(&by, &proof, &another_hash(), later).await.unwrap().is_some());
        assert_eq!(reset_at(&first).await, Some(at), "{}", store.engine);
    }
}

#[tokio::test]
async fn an_invalid_proof_changes_no_password() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        for proof in [password_proof(&other), code_proof(&other), Proof::Password(another_hash())] {
            assert_eq!(store.change_password(&authority(&session), &proof).await, None, "{}", store.engine);
            assert!(!store.reset_password(&user, &proof).await, "{}", store.engine);
        }
        let (unknown, unknown_session) = new_user("+8613800138002", 3);
        assert_eq!(store.change_password(&authority(&unknown_session), &password_proof(&user)).await, None);
        assert!(!store.reset_password(&unknown, &password_proof(&user)).await);
        assert!(store.database.by_session(session.id, now()).await.unwrap().is_some(), "{}", store.engine);
        let unchanged = "users WHERE updated_at = created_at AND password_changed_at = created_at";
        assert_eq!(store.count(&format!("{unchanged} AND credentials_version = 0")), 2);
        assert_eq!(store.count("sessions WHERE generation = 0 AND first_generation = 0"), 2);
        // Two requests checked the same password: only the first one changes it.
        assert!(store.change_password(&authority(&session), &password_proof(&user)).await.is_some());
        for version in [0, 1] {
            let by = authority_at(&session, version);
            assert_eq!(store.change_password(&by, &password_proof(&user)).await, None, "{}", store.engine);
        }
        assert!(!store.reset_password(&user, &password_proof(&user)).await, "{}", store.engine);
        assert!(store.reset_password(&other, &password_proof(&other)).await);
        assert!(!store.reset_password(&other, &password_proof(&other)).await, "{}", store.engine);
    }
}

/// Operation that ends the sessions of a user.
#[derive(Debug, Clone, Copy)]
enum Operation {
    ChangePassword,
    ResetPassword,
    EndSessions,
}

impl Operation {
    const ALL: [Self; 3] = [Self::ChangePassword, Self::ResetPassword, Self::EndSessions];

    /// Runs the operation with the session and the password of the user. Returns whether it had an effect.
    async fn run(self, database: &dyn Users, user: &NewUser, session: &NewSession) -> bool {
        let (by, proof, hash) = (authority(session), password_proof(user), another_hash());
        match self {
            Self::ChangePassword => database.change_password(&by, &proof, &hash, now()).await.unwrap().is_some(),
            Self::ResetPassword => database.reset_password(user.id, &proof, &hash, now()).await.unwrap(),
            Self::EndSessions => database.end_sessions(&by, now()).await.unwrap(),
        }
    }

    /// Number of sessions that stay active.
    const fn kept(self) -> i64 {
        match self {
            Self::ChangePassword => 1,
            Self::ResetPassword | Self::EndSessions => 0,
        }
    }
}

#[tokio::test]
async fn a_password_change_ends_concurrent_sign_ins_with_the_old_password() {
    for store in stores() {
        for n in 0..8 {
            let operation = if n % 2 == 0 { Operation::ChangePassword } else { Operation::ResetPassword };
            let (user, first) = store.signed_up(&format!("+861380013800{n}"), n).await;
            let sign_ins: Vec<_> = (0..8)
                .map(|m| {
                    let (database, session) = (Arc::clone(&store.database), device(&user, 100 + 10 * n + m));
                    let (proof, policy) = (password_proof(&user), SessionPolicy::default());
                    tokio::spawn(async move { database.sign_in(&session, &proof, None, &policy).await.unwrap() })
                })
                .collect();
            assert!(operation.run(&*store.database, &user, &first).await, "{} {operation:?}", store.engine);
            for sign_in in sign_ins {
                sign_in.await.unwrap();
            }
            let active = format!("sessions WHERE revoked_at IS NULL AND user_id = '{}'", user.id.0);
            assert_eq!(store.count(&active), operation.kept(), "{} {operation:?}", store.engine);
        }
    }
}

/// Waits until this number of statements wait for a lock.
async fn wait_for_locks(store: &Store, statements: i64) {
    while store.count("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") < statements {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_session_stored_during_a_password_change_is_revoked() {
    for operation in Operation::ALL {
        let store = postgres_store();
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let mut lock = store.postgres();
        lock.batch_execute("BEGIN; SELECT FROM users FOR UPDATE").unwrap();
        let sign_in = tokio::spawn({
            let (database, session, proof) = (Arc::clone(&store.database), device(&user, 2), code_proof(&user));
            async move { database.sign_in(&session, &proof, None, &SessionPolicy::default()).await.unwrap() }
        });
        wait_for_locks(&store, 1).await;
        let change = tokio::spawn({
            let database = Arc::clone(&store.database);
            async move { operation.run(&*database, &user, &first).await }
        });
        wait_for_locks(&store, 2).await;
        lock.batch_execute("COMMIT").unwrap();
        assert!(sign_in.await.unwrap() && change.await.unwrap(), "{operation:?}");
        assert_eq!(store.count("sessions"), 2);
        assert_eq!(store.count("sessions WHERE revoked_at IS NULL"), operation.kept(), "{operation:?}");
    }
}

//! Credentials version: the operations that renew it, and concurrent changes.

use super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, now, number_change, password_hash,
    password_proof, refresh_with, stores,
};
use chrono::TimeDelta;
use doorstep::domain::password::PasswordHash;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::{Generation, NewSession};
use doorstep::domain::user::{AccountVersion, NewUser, Nickname, ProfileChange};
use doorstep::ports::{PhoneChange, Proof, Refreshed, Renewed, Users};
use std::sync::Arc;

fn phone(text: &str) -> Phone {
    Phone::from_stored(text.to_owned()).unwrap()
}

/// Asserts that the row has this version, and that every read returns it.
async fn assert_version(store: &Store, user: &NewUser, phone: &Phone, version: i64) {
    let expected = AccountVersion { user: user.id, credentials: version };
    assert_eq!(store.credentials(user), version, "{}", store.engine);
    assert_eq!(
        store.database.account_of(phone).await.unwrap().map(|account| account.version),
        Some(expected),
        "{}",
        store.engine
    );
    let account = store.database.by_phone(phone).await.unwrap().unwrap();
    assert_eq!(AccountVersion::of(&account.user), expected, "{}", store.engine);
}

#[tokio::test]
async fn each_change_of_the_credentials_adds_one_to_the_version() {
    let new_phone = phone("+8613800138009");
    for store in stores() {
        let (database, policy) = (&store.database, SessionPolicy::default());
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        assert_version(&store, &user, &user.phone, 0).await;

        let (by, proof) = (authority(&session), password_proof(&user));
        assert!(database.change_password(&by, &proof, &another_hash(), now()).await.unwrap().is_some());
        assert_version(&store, &user, &user.phone, 1).await;

        let by = authority_at(&session, 1);
        let changed = database.change_phone(&by, &number_change(&user.phone, &new_phone), now()).await.unwrap();
        let PhoneChange::Done(changed) = changed else { panic!("{}: {changed:?}", store.engine) };
        assert_eq!(changed.credentials_version, 2, "{}", store.engine);
        assert_version(&store, &user, &new_phone, 2).await;
        assert_eq!(database.by_session(session.id, now()).await.unwrap().unwrap().credentials_version, 2);

        let proof = Proof::of_code(new_phone.clone(), AccountVersion::of(&changed));
        assert!(database.reset_password(user.id, &proof, password_hash(&user), now()).await.unwrap());
        assert_version(&store, &user, &new_phone, 3).await;

        let second = device(&user, 3);
        assert!(database.sign_in(&second, &password_proof(&user), None, &policy).await.unwrap());
        assert!(database.end_sessions(&authority_at(&second, 3), now()).await.unwrap());
        assert_version(&store, &user, &new_phone, 4).await;

        assert_version(&store, &other, &other.phone, 0).await;
    }
}

#[tokio::test]
async fn no_other_operation_changes_the_version() {
    for store in stores() {
        let (database, policy, at) = (&store.database, SessionPolicy::default(), now() + TimeDelta::hours(1));
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let by = authority(&session);
        let nickname = ProfileChange { nickname: Some(Nickname::parse("Grace").unwrap()), ..ProfileChange::default() };
        let changed = database.change_profile(&by, &nickname, at).await.unwrap().unwrap();
        assert_eq!(changed.credentials_version, 0, "{}", store.engine);

        for (n, proof) in [(3, password_proof(&user)), (4, code_proof(&user))] {
            assert!(database.sign_in(&device(&user, n), &proof, None, &policy).await.unwrap());
        }
        // The fifth session replaces the hash with one of other parameters.
        let (fifth, rehashed) = (device(&user, 5), another_hash());
        assert!(database.sign_in(&fifth, &password_proof(&user), Some(&rehashed), &policy).await.unwrap());
        assert!(database.end_session(&by, fifth.id, at).await.unwrap());

        let refresh = async |number| {
            let presented = Generation { session: device(&user, 4).id, number };
            database.refresh(&refresh_with(presented), at, &policy).await.unwrap()
        };
        for number in 0..2 {
            assert!(matches!(refresh(number).await, Refreshed::Yes { again: false, .. }), "{}", store.engine);
            assert!(matches!(refresh(number).await, Refreshed::Yes { again: true, .. }), "{}", store.engine);
        }
        assert!(matches!(refresh(0).await, Refreshed::Reused { .. }), "{}", store.engine);

        let (wrong, hash) = (password_proof(&other), password_hash(&user).clone());
        assert_eq!(database.change_password(&by, &wrong, &hash, at).await.unwrap(), None);
        assert!(!database.reset_password(user.id, &wrong, &hash, at).await.unwrap());
        assert!(!database.delete(user.id, &wrong, Some(&by), at).await.unwrap());
        let taken = database.change_phone(&by, &number_change(&user.phone, &other.phone), at).await.unwrap();
        assert!(matches!(taken, PhoneChange::Taken), "{}: {taken:?}", store.engine);
        let gone =
            database.change_phone(&by, &number_change(&other.phone, &phone("+8613800138009")), at).await.unwrap();
        assert!(matches!(gone, PhoneChange::Gone), "{}: {gone:?}", store.engine);
        assert!(!database.end_sessions(&authority_at(&session, 1), at).await.unwrap(), "{}", store.engine);

        // Authorities and codes from before are therefore still valid.
        assert_version(&store, &user, &user.phone, 0).await;
        assert!(database.change_password(&by, &code_proof(&user), &hash, at).await.unwrap().is_some());
    }
}

/// One of many concurrent changes. Each has its own new phone or hash.
#[derive(Debug, Clone)]
enum Change {
    Phone(Phone),
    Password(PasswordHash),
    Reset(PasswordHash),
    EndSessions,
}

impl Change {
    fn new(round: u8, n: u8) -> Self {
        let hash = PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$new{n}"));
        match n % 4 {
            0 => Self::Phone(phone(&format!("+86139{round:04}{n:04}"))),
            1 => Self::Password(hash),
            2 => Self::Reset(hash),
            _ => Self::EndSessions,
        }
    }

    /// Runs the change. Returns whether it had an effect.
    async fn run(&self, database: &dyn Users, user: &NewUser, session: &NewSession, proof: &Proof) -> bool {
        let by = authority(session);
        match self {
            Self::Phone(new) => {
                let result = database.change_phone(&by, &number_change(&user.phone, new), now()).await.unwrap();
                assert!(!matches!(result, PhoneChange::Taken), "{result:?}");
                matches!(result, PhoneChange::Done(_))
            }
            Self::Password(hash) => {
                let renewed = database.change_password(&by, proof, hash, now()).await.unwrap();
                let client_id = session.device.client_id.clone();
                let expected =
                    Renewed { number: Generation::RENEWAL, expires_at: session.expires_at, bound: false, client_id };
                assert!(renewed.as_ref().is_none_or(|renewed| *renewed == expected), "{renewed:?}");
                renewed.is_some()
            }
            // A password proof would stay valid after a change of the phone, because the hash is the same.
            Self::Reset(hash) => database.reset_password(user.id, &code_proof(user), hash, now()).await.unwrap(),
            Self::EndSessions => database.end_sessions(&by, now()).await.unwrap(),
        }
    }

    /// Returns the rows of the user and the sessions after this change by one of the sessions, as [`rows`] does.
    fn expected_rows(&self, user: &NewUser, sessions: &[NewSession], by: &NewSession) -> Vec<String> {
        let (phone, hash) = match self {
            Self::Phone(phone) => (phone, password_hash(user)),
            Self::Password(hash) | Self::Reset(hash) => (&user.phone, hash),
            Self::EndSessions => (&user.phone, password_hash(user)),
        };
        let session = |session: &NewSession| match self {
            Self::Phone(_) => "0 0 active".to_owned(),
            Self::Password(_) if session.id == by.id => format!("{0} {0} active", Generation::RENEWAL),
            Self::Password(_) | Self::Reset(_) | Self::EndSessions => "0 0 revoked".to_owned(),
        };
        let user = format!("{} {} 1", phone.e164(), hash.expose());
        std::iter::once(user).chain(sessions.iter().map(session)).collect()
    }
}

/// Returns phone, hash and version of the user, and the generations and the state of each session.
fn rows(store: &Store, user: &NewUser, sessions: &[NewSession]) -> Vec<String> {
    let session = |session: &NewSession| {
        format!(
            "SELECT generation || ' ' || first_generation || \
            CASE WHEN revoked_at IS NULL THEN ' active' ELSE ' revoked' END AS value FROM sessions WHERE id = '{}'",
            session.id.0
        )
    };
    let user = format!(
        "SELECT phone || ' ' || password_hash || ' ' || credentials_version AS value FROM users WHERE id = '{}'",
        user.id.0
    );
    std::iter::once(user).chain(sessions.iter().map(session)).map(|query| store.text(&query)).collect()
}

#[tokio::test]
async fn one_of_50_concurrent_changes_of_the_credentials_has_an_effect() {
    for store in stores() {
        for round in 0..8 {
            let (user, first) = store.signed_up(&format!("+861380013800{round}"), round).await;
            let sessions = [first, device(&user, 50 + round), device(&user, 100 + round)];
            for session in &sessions[1..] {
                let policy = SessionPolicy::default();
                assert!(store.database.sign_in(session, &code_proof(&user), None, &policy).await.unwrap());
            }
            let mut tasks = Vec::new();
            // Each round starts with another operation.
            for n in round..round + 50 {
                let (change, session) = (Change::new(round, n), sessions[usize::from(n) % 3].clone());
                let proof = if n % 8 < 4 { password_proof(&user) } else { code_proof(&user) };
                let (database, user) = (Arc::clone(&store.database), user.clone());
                tasks.push(tokio::spawn(async move {
                    change.run(&*database, &user, &session, &proof).await.then_some((change, session))
                }));
            }
            let mut winners = Vec::new();
            for task in tasks {
                winners.extend(task.await.unwrap());
            }
            let [(change, by)] = &winners[..] else { panic!("{} {winners:?}", store.engine) };
            let expected = change.expected_rows(&user, &sessions, by);
            assert_eq!(rows(&store, &user, &sessions), expected, "{} {change:?}", store.engine);
        }
    }
}

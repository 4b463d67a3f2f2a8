//! Changes of an account after the sign-up, and its deletion.

use super::fields;
use super::store::{Store, another_hash, code_proof, device, new_user, now, password_proof, postgres_store, stores};
use chrono::{NaiveDate, TimeDelta};
use diesel::connection::SimpleConnection;
use doorstep::domain::password::PasswordHash;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::SessionId;
use doorstep::domain::user::{AccountVersion, AvatarUrl, Birthday, Gender, NewUser, Nickname, ProfileChange, User};
use doorstep::ports::{Created, PhoneChange, Proof, Users};
use std::sync::Arc;
use url::Url;

fn phone(text: &str) -> Phone {
    Phone::from_stored(text.to_owned()).unwrap()
}

impl Store {
    async fn user(&self, phone: &Phone) -> Option<User> {
        self.database.by_phone(phone).await.unwrap().map(|account| account.user)
    }

    async fn set_password(&self, user: &NewUser, proof: &Proof, keep: Option<SessionId>) -> bool {
        let at = now() + TimeDelta::hours(1);
        self.database.set_password(user.id, proof, &another_hash(), keep, at).await.unwrap()
    }

    async fn change(&self, user: &NewUser, change: &ProfileChange) -> Option<User> {
        self.database.change_profile(user.id, change, now() + TimeDelta::hours(1)).await.unwrap()
    }
}

#[tokio::test]
async fn an_account_is_found_by_its_phone_with_its_password_hash() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        let account = store.database.by_phone(&user.phone).await.unwrap().unwrap();
        assert_eq!(fields(&account.user), fields(&User::from(user.clone())), "{}", store.engine);
        assert_eq!(account.password_hash.expose(), user.password_hash.expose());
        let hash = store.database.password_hash(user.id).await.unwrap();
        assert_eq!(hash.as_ref().map(PasswordHash::expose), Some(user.password_hash.expose()));

        let other = new_user("+8613800138002", 3).0;
        assert!(store.database.by_phone(&other.phone).await.unwrap().is_none(), "{}", store.engine);
        assert!(store.database.password_hash(other.id).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn only_the_given_fields_of_a_profile_change() {
    let base = Url::parse("https://cdn.example.com/").unwrap();
    let avatar = AvatarUrl::parse("https://cdn.example.com/a.png", Some(&base)).unwrap();
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let all = ProfileChange {
            nickname: Some(Nickname::parse("小明").unwrap()),
            avatar_url: Some(Some(avatar.clone())),
            gender: Some(Some(Gender::Other)),
            birthday: Some(Some(Birthday::parse("2000-02-29", now()).unwrap())),
        };
        let changed = store.change(&user, &all).await.unwrap();
        assert_eq!(changed.nickname, "小明", "{}", store.engine);
        assert_eq!(changed.avatar_url.as_deref(), Some("https://cdn.example.com/a.png"));
        assert_eq!((changed.gender, changed.birthday), (Some(Gender::Other), NaiveDate::from_ymd_opt(2000, 2, 29)));
        assert_eq!((changed.created_at, changed.updated_at), (now(), now() + TimeDelta::hours(1)));
        assert_eq!(fields(&store.user(&user.phone).await.unwrap()), fields(&changed), "{}", store.engine);

        let unchanged = store.change(&user, &ProfileChange::default()).await.unwrap();
        assert_eq!(fields(&unchanged), fields(&changed), "{}", store.engine);

        let emptied = ProfileChange { avatar_url: Some(None), gender: Some(None), ..ProfileChange::default() };
        let emptied = store.change(&user, &emptied).await.unwrap();
        assert_eq!((emptied.avatar_url, emptied.gender), (None, None), "{}", store.engine);
        assert_eq!((emptied.nickname, emptied.birthday), (changed.nickname, changed.birthday));

        assert_eq!(fields(&store.user(&other.phone).await.unwrap()), fields(&User::from(other)), "{}", store.engine);
        assert!(store.change(&new_user("+8613800138002", 3).0, &all).await.is_none(), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_new_password_ends_every_session_except_the_one_to_keep() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let (other, other_session) = store.signed_up("+8613800138001", 2).await;
        let second = device(&user, 3);
        assert!(store.database.sign_in(&second, &code_proof(&user), None, &SessionPolicy::default()).await.unwrap());
        let active = async || {
            let mut active = Vec::new();
            for id in [first.id, second.id, other_session.id] {
                active.extend(store.database.by_session(id, now()).await.unwrap().map(|_| id));
            }
            active
        };
        assert!(store.set_password(&user, &password_proof(&user), Some(second.id)).await, "{}", store.engine);
        assert_eq!(active().await, [second.id, other_session.id], "{}", store.engine);
        let account = store.database.by_phone(&user.phone).await.unwrap().unwrap();
        assert_eq!(account.password_hash.expose(), another_hash().expose());
        assert_eq!(account.user.updated_at, now() + TimeDelta::hours(1));
        assert_eq!(store.count("users WHERE password_changed_at = updated_at AND updated_at > created_at"), 1);

        // A code that was sent before the change is now invalid.
        let early = code_proof(&user);
        assert!(!store.set_password(&user, &early, None).await, "{}", store.engine);
        assert!(!store.database.sign_in(&device(&user, 9), &early, None, &SessionPolicy::default()).await.unwrap());
        assert!(!store.database.delete(user.id, &early).await.unwrap());
        let proof = Proof::of_code(user.phone.clone(), AccountVersion::of(&account.user));
        assert!(store.set_password(&user, &proof, None).await, "{}", store.engine);
        assert_eq!(active().await, [other_session.id], "{}", store.engine);
        // A session of another user is not kept.
        assert!(store.set_password(&other, &code_proof(&other), Some(second.id)).await);
        assert_eq!(active().await, [], "{}", store.engine);
    }
}

#[tokio::test]
async fn an_invalid_proof_changes_no_password() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        for proof in [password_proof(&other), code_proof(&other), Proof::Password(another_hash())] {
            assert!(!store.set_password(&user, &proof, None).await, "{}", store.engine);
        }
        assert!(!store.set_password(&new_user("+8613800138002", 3).0, &password_proof(&user), None).await);
        assert!(store.database.by_session(session.id, now()).await.unwrap().is_some(), "{}", store.engine);
        assert_eq!(store.count("users WHERE updated_at = created_at AND password_changed_at = created_at"), 2);
        // Two requests checked the same password: only the first one changes it.
        assert!(store.set_password(&user, &password_proof(&user), None).await);
        assert!(!store.set_password(&user, &password_proof(&user), None).await, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_password_change_ends_concurrent_sign_ins_with_the_old_password() {
    for store in stores() {
        for n in 0..8 {
            let (user, _) = store.signed_up(&format!("+861380013800{n}"), n).await;
            let sign_ins: Vec<_> = (0..8)
                .map(|m| {
                    let (database, session) = (Arc::clone(&store.database), device(&user, 100 + 10 * n + m));
                    let (proof, policy) = (password_proof(&user), SessionPolicy::default());
                    tokio::spawn(async move { database.sign_in(&session, &proof, None, &policy).await.unwrap() })
                })
                .collect();
            assert!(store.set_password(&user, &password_proof(&user), None).await, "{}", store.engine);
            for sign_in in sign_ins {
                sign_in.await.unwrap();
            }
            let active = format!("sessions WHERE revoked_at IS NULL AND user_id = '{}'", user.id.0);
            assert_eq!(store.count(&active), 0, "{}", store.engine);
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
    let store = postgres_store();
    let (user, _) = store.signed_up("+8613800138000", 1).await;
    let mut lock = store.postgres();
    lock.batch_execute("BEGIN; SELECT FROM users FOR UPDATE").unwrap();
    let sign_in = tokio::spawn({
        let (database, session, proof) = (Arc::clone(&store.database), device(&user, 2), code_proof(&user));
        async move { database.sign_in(&session, &proof, None, &SessionPolicy::default()).await.unwrap() }
    });
    wait_for_locks(&store, 1).await;
    let change = tokio::spawn({
        let (database, id, proof) = (Arc::clone(&store.database), user.id, password_proof(&user));
        async move { database.set_password(id, &proof, &another_hash(), None, now()).await.unwrap() }
    });
    wait_for_locks(&store, 2).await;
    lock.batch_execute("COMMIT").unwrap();
    assert!(sign_in.await.unwrap() && change.await.unwrap());
    assert_eq!((store.count("sessions"), store.count("sessions WHERE revoked_at IS NULL")), (2, 0));
}

#[tokio::test]
async fn a_phone_change_frees_the_old_phone() {
    let (old, new) = (phone("+8613800138000"), phone("+8613800138009"));
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let at = now() + TimeDelta::hours(1);
        let change = store.database.change_phone(user.id, &old, &new, at).await.unwrap();
        let PhoneChange::Done(changed) = change else { panic!("{}: {change:?}", store.engine) };
        assert_eq!((changed.phone.e164(), changed.updated_at), ("+8613800138009", at));
        assert_eq!(fields(&store.user(&new).await.unwrap()), fields(&changed), "{}", store.engine);
        assert!(store.database.by_session(session.id, now()).await.unwrap().is_some());
        assert!(store.database.account_of(&old).await.unwrap().is_none(), "{}", store.engine);

        for to in [&new, &phone("+8613800138008")] {
            let again = store.database.change_phone(user.id, &old, to, at).await.unwrap();
            assert!(matches!(again, PhoneChange::Gone), "{}: {again:?}", store.engine);
        }
        let unknown = new_user("+8613800138002", 3).0;
        let gone = store.database.change_phone(unknown.id, &new, &old, at).await.unwrap();
        assert!(matches!(gone, PhoneChange::Gone), "{}: {gone:?}", store.engine);
    }
}

#[tokio::test]
async fn a_phone_of_another_account_is_taken() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let change = store.database.change_phone(user.id, &user.phone, &other.phone, now()).await.unwrap();
        assert!(matches!(change, PhoneChange::Taken), "{}: {change:?}", store.engine);
        assert_eq!(fields(&store.user(&user.phone).await.unwrap()), fields(&User::from(user)), "{}", store.engine);
    }
}

#[tokio::test]
async fn one_of_two_concurrent_changes_to_one_phone_succeeds() {
    let wanted = phone("+8613800138009");
    for store in stores() {
        let (first, _) = store.signed_up("+8613800138000", 1).await;
        let (second, _) = store.signed_up("+8613800138001", 2).await;
        let change = |user: &NewUser| {
            let (database, wanted) = (Arc::clone(&store.database), wanted.clone());
            let (id, from) = (user.id, user.phone.clone());
            tokio::spawn(async move { database.change_phone(id, &from, &wanted, now()).await.unwrap() })
        };
        let (one, two) = (change(&first), change(&second));
        let results = [one.await.unwrap(), two.await.unwrap()];
        let done = results.iter().filter(|result| matches!(result, PhoneChange::Done(_))).count();
        let taken = results.iter().filter(|result| matches!(result, PhoneChange::Taken)).count();
        assert_eq!((done, taken), (1, 1), "{}: {results:?}", store.engine);
    }
}

#[tokio::test]
async fn deletion_removes_user_and_sessions_and_frees_the_phone() {
    for store in stores() {
        for (n, proof) in [(1, password_proof as fn(&NewUser) -> Proof), (2, code_proof)] {
            let (user, session) = store.signed_up("+8613800138000", n).await;
            let second = device(&user, n + 10);
            assert!(
                store.database.sign_in(&second, &code_proof(&user), None, &SessionPolicy::default()).await.unwrap()
            );
            assert!(store.database.delete(user.id, &proof(&user)).await.unwrap(), "{}", store.engine);
            assert_eq!((store.count("users"), store.count("sessions")), (0, 0), "{}", store.engine);
            assert!(store.database.by_session(session.id, now()).await.unwrap().is_none());
            assert!(store.database.account_of(&user.phone).await.unwrap().is_none());
            assert!(!store.database.delete(user.id, &proof(&user)).await.unwrap(), "{}", store.engine);
        }
        let (user, session) = new_user("+8613800138000", 3);
        assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
    }
}

#[tokio::test]
async fn an_invalid_proof_deletes_no_account() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        for proof in [password_proof(&other), code_proof(&other), Proof::Password(another_hash())] {
            assert!(!store.database.delete(user.id, &proof).await.unwrap(), "{}", store.engine);
        }
        assert_eq!((store.count("users"), store.count("sessions")), (2, 2));
    }
}

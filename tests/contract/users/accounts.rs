//! Changes of profile and phone after the sign-up, and the deletion of an account.

use super::fields;
use super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, new_user, now, number_change, password_hash,
    password_proof, stores,
};
use chrono::{NaiveDate, TimeDelta};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::NewSession;
use doorstep::domain::user::{AvatarUrl, Birthday, Gender, NewUser, Nickname, ProfileChange, User};
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

    async fn change(&self, session: &NewSession, change: &ProfileChange) -> Option<User> {
        self.database.change_profile(&authority(session), change, now() + TimeDelta::hours(1)).await.unwrap()
    }
}

#[tokio::test]
async fn an_account_is_found_by_its_phone_with_its_password_hash() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        let account = store.database.by_phone(&user.phone).await.unwrap().unwrap();
        assert_eq!(fields(&account.user), fields(&User::from(user.clone())), "{}", store.engine);
        assert_eq!(account.password_hash.unwrap().expose(), password_hash(&user).expose());
        let hash = store.database.password_hash(user.id).await.unwrap();
        assert_eq!(hash.as_ref().map(PasswordHash::expose), Some(password_hash(&user).expose()));

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
        let (_, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let phone = phone("+8613800138000");
        let all = ProfileChange {
            nickname: Some(Nickname::parse("小明").unwrap()),
            avatar_url: Some(Some(avatar.clone())),
            gender: Some(Some(Gender::Other)),
            birthday: Some(Some(Birthday::parse("2000-02-29", now()).unwrap())),
        };
        let changed = store.change(&session, &all).await.unwrap();
        assert_eq!(changed.nickname, "小明", "{}", store.engine);
        assert_eq!(changed.avatar_url.as_deref(), Some("https://cdn.example.com/a.png"));
        assert_eq!((changed.gender, changed.birthday), (Some(Gender::Other), NaiveDate::from_ymd_opt(2000, 2, 29)));
        assert_eq!((changed.created_at, changed.updated_at), (now(), now() + TimeDelta::hours(1)));
        assert_eq!(fields(&store.user(&phone).await.unwrap()), fields(&changed), "{}", store.engine);

        let unchanged = store.change(&session, &ProfileChange::default()).await.unwrap();
        assert_eq!(fields(&unchanged), fields(&changed), "{}", store.engine);

        let emptied = ProfileChange { avatar_url: Some(None), gender: Some(None), ..ProfileChange::default() };
        let emptied = store.change(&session, &emptied).await.unwrap();
        assert_eq!((emptied.avatar_url, emptied.gender), (None, None), "{}", store.engine);
        assert_eq!((emptied.nickname, emptied.birthday), (changed.nickname, changed.birthday));

        assert_eq!(fields(&store.user(&other.phone).await.unwrap()), fields(&User::from(other)), "{}", store.engine);
        assert!(store.change(&new_user("+8613800138002", 3).1, &all).await.is_none(), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_phone_change_frees_the_old_phone() {
    let (old, new) = (phone("+8613800138000"), phone("+8613800138009"));
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let second = device(&user, 2);
        assert!(store.database.sign_in(&second, &code_proof(&user), None, &SessionPolicy::default()).await.unwrap());
        let at = now() + TimeDelta::hours(1);
        let change = store.database.change_phone(&authority(&session), &number_change(&old, &new), at).await.unwrap();
        let PhoneChange::Done(changed) = change else { panic!("{}: {change:?}", store.engine) };
        assert_eq!((changed.phone.as_ref().unwrap().e164(), changed.updated_at), ("+8613800138009", at));
        assert_eq!(changed.credentials_version, 1, "{}", store.engine);
        assert_eq!(fields(&store.user(&new).await.unwrap()), fields(&changed), "{}", store.engine);
        for session in [&session, &second] {
            assert!(store.database.by_session(session.id, now()).await.unwrap().is_some(), "{}", store.engine);
        }
        assert!(store.database.account_of(&old).await.unwrap().is_none(), "{}", store.engine);

        let current = authority_at(&session, 1);
        for to in [&new, &phone("+8613800138008")] {
            let again = store.database.change_phone(&current, &number_change(&old, to), at).await.unwrap();
            assert!(matches!(again, PhoneChange::Gone), "{}: {again:?}", store.engine);
        }
        assert_eq!(fields(&store.user(&new).await.unwrap()), fields(&changed), "{}", store.engine);
        let unknown = new_user("+8613800138002", 3).1;
        let gone = store.database.change_phone(&authority(&unknown), &number_change(&new, &old), at).await.unwrap();
        assert!(matches!(gone, PhoneChange::Gone), "{}: {gone:?}", store.engine);
    }
}

#[tokio::test]
async fn a_phone_of_another_account_is_taken() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let change = store
            .database
            .change_phone(&authority(&session), &number_change(&user.phone, &other.phone), now())
            .await
            .unwrap();
        assert!(matches!(change, PhoneChange::Taken), "{}: {change:?}", store.engine);
        assert_eq!(fields(&store.user(&user.phone).await.unwrap()), fields(&User::from(user)), "{}", store.engine);
    }
}

#[tokio::test]
async fn one_of_two_concurrent_changes_to_one_phone_succeeds() {
    let wanted = phone("+8613800138009");
    for store in stores() {
        let first = store.signed_up("+8613800138000", 1).await;
        let second = store.signed_up("+8613800138001", 2).await;
        let change = |(user, session): &(NewUser, NewSession)| {
            let (database, wanted) = (Arc::clone(&store.database), wanted.clone());
            let (by, from) = (authority(session), user.phone.clone());
            tokio::spawn(
                async move { database.change_phone(&by, &number_change(&from, &wanted), now()).await.unwrap() },
            )
        };
        let (one, two) = (change(&first), change(&second));
        let results = [one.await.unwrap(), two.await.unwrap()];
        let done = results.iter().filter(|result| matches!(result, PhoneChange::Done(_))).count();
        let taken = results.iter().filter(|result| matches!(result, PhoneChange::Taken)).count();
        assert_eq!((done, taken), (1, 1), "{}: {results:?}", store.engine);
    }
}

#[tokio::test]
async fn a_confirmation_records_the_proof_of_the_current_phone_and_nothing_else() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, other_session) = store.signed_up("+8613800138001", 2).await;
        let at = now() + TimeDelta::hours(1);
        let confirmed = store.database.confirm_phone(&authority(&session), &user.phone, at).await.unwrap().unwrap();
        let expected = User { phone_proven_at: at, ..User::from(user.clone()) };
        assert_eq!(fields(&confirmed), fields(&expected), "{}", store.engine);
        assert_eq!(fields(&store.user(&user.phone).await.unwrap()), fields(&expected), "{}", store.engine);
        // A code to the number of another account, or to an earlier number, proves nothing.
        let later = at + TimeDelta::hours(1);
        for (by, phone) in [(&session, &other.phone), (&other_session, &user.phone)] {
            let confirmed = store.database.confirm_phone(&authority(by), phone, later).await.unwrap();
            assert!(confirmed.is_none(), "{}", store.engine);
        }
        store.execute("UPDATE users SET former_phone = phone, phone = NULL");
        let detached = store.database.confirm_phone(&authority(&session), &user.phone, later).await.unwrap();
        assert!(detached.is_none(), "{}", store.engine);
        assert_eq!(store.count("users WHERE phone_proven_at = created_at"), 1, "{}", store.engine);
    }
}

#[tokio::test]
async fn deletion_removes_user_and_sessions_and_frees_the_phone() {
    for store in stores() {
        for (n, proof, signed_in) in [
            (1, password_proof as fn(&NewUser) -> Proof, true),
            (2, password_proof, false),
            (3, code_proof, true),
            (4, code_proof, false),
        ] {
            let (user, session) = store.signed_up("+8613800138000", n).await;
            let second = device(&user, n + 10);
            assert!(
                store.database.sign_in(&second, &code_proof(&user), None, &SessionPolicy::default()).await.unwrap()
            );
            let by = authority(&session);
            let by = signed_in.then_some(&by);
            assert!(store.database.delete(user.id, &proof(&user), by, now()).await.unwrap(), "{}", store.engine);
            assert_eq!((store.count("users"), store.count("sessions")), (0, 0), "{}", store.engine);
            assert!(store.database.by_session(session.id, now()).await.unwrap().is_none());
            assert!(store.database.account_of(&user.phone).await.unwrap().is_none());
            assert!(!store.database.delete(user.id, &proof(&user), by, now()).await.unwrap(), "{}", store.engine);
        }
        let (user, session) = new_user("+8613800138000", 5);
        assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
    }
}

#[tokio::test]
async fn an_invalid_proof_deletes_no_account() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, other_session) = store.signed_up("+8613800138001", 2).await;
        for by in [None, Some(&authority(&session))] {
            for proof in [password_proof(&other), code_proof(&other), Proof::Password(another_hash())] {
                assert!(!store.database.delete(user.id, &proof, by, now()).await.unwrap(), "{}", store.engine);
            }
        }
        // An authority of another user does not delete the account, although the proof is valid.
        for proof in [password_proof(&user), code_proof(&user)] {
            let by = authority(&other_session);
            assert!(!store.database.delete(user.id, &proof, Some(&by), now()).await.unwrap(), "{}", store.engine);
        }
        assert_eq!((store.count("users"), store.count("sessions")), (2, 2));
    }
}

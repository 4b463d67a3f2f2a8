//! `ports::Users`, on SQLite and on PostgreSQL.

mod accounts;
mod authority;
mod batches;
mod conditions;
mod consents;
mod credentials;
mod devices;
mod durability;
mod lost_commits;
mod migrations;
mod outages;
mod ownership;
mod passwords;
mod plans;
mod refresh;
mod refresh_keys;
mod renewal;
mod repeated_sign_up;
mod requirements;
mod retries;
mod sign_in;
pub(crate) mod store;

use chrono::TimeDelta;
use doorstep::domain::session::DeviceName;
use doorstep::domain::user::{AvatarUrl, Birthday, Gender, Nickname, Profile, User};
use doorstep::ports::{Created, DependencyError, Users};
use std::sync::Arc;
use store::{new_user, now, password_hash, stores};
use url::Url;

#[tokio::test]
async fn a_user_is_read_as_it_was_written() {
    for store in stores() {
        let (mut user, mut session) = new_user("+8613800138000", 1);
        let base = Url::parse("https://cdn.example.com/").unwrap();
        user.profile = Profile {
            nickname: Nickname::parse("小明 👩\u{200D}🚀 O'Brien").unwrap(),
            avatar_url: Some(AvatarUrl::parse("https://cdn.example.com/a.png", Some(&base)).unwrap()),
            gender: Some(Gender::Female),
            birthday: Some(Birthday::parse("2000-02-29", now()).unwrap()),
        };
        session.device.name = Some(DeviceName::parse("小明的手机 📱").unwrap());
        assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);

        let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
        assert_eq!(fields(&read), fields(&User::from(user.clone())), "{}", store.engine);
        assert_eq!(store.text("SELECT password_hash AS value FROM users"), password_hash(&user).expose());
        assert_eq!(store.text("SELECT device_name AS value FROM sessions"), "小明的手机 📱");
        assert_eq!(store.count("sessions WHERE generation = 0 AND replays = 0 AND last_used_at = created_at"), 1);
        assert_eq!(store.count("users WHERE last_login_at = created_at AND password_changed_at = created_at"), 1);
    }
}

#[tokio::test]
async fn an_omitted_profile_field_stays_empty() {
    for store in stores() {
        let (user, session) = new_user("+8613800138000", 1);
        store.database.create(&user, &session).await.unwrap();
        let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
        assert_eq!(fields(&read), fields(&User::from(user)), "{}", store.engine);
        assert_eq!((read.avatar_url, read.gender, read.birthday), (None, None, None));
        assert_eq!(store.count("sessions WHERE device_name IS NULL AND revoked_at IS NULL"), 1);
    }
}

#[tokio::test]
async fn times_keep_their_microseconds_on_both_engines() {
    for store in stores() {
        let (mut user, session) = new_user("+8613800138000", 1);
        user.created_at += TimeDelta::nanoseconds(123_456_789);
        store.database.create(&user, &session).await.unwrap();
        let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
        assert_eq!(read.created_at, now() + TimeDelta::nanoseconds(123_456_000), "{}", store.engine);
        assert_eq!(read.updated_at, read.created_at);
    }
}

#[tokio::test]
async fn a_phone_belongs_to_one_account() {
    for store in stores() {
        let (first, session) = new_user("+8613800138000", 1);
        assert!(store.database.account_of(&first.phone).await.unwrap().is_none());
        store.database.create(&first, &session).await.unwrap();
        assert!(store.database.account_of(&first.phone).await.unwrap().is_some());

        let (second, session) = new_user("+8613800138000", 2);
        assert_eq!(store.database.create(&second, &session).await.unwrap(), Created::PhoneTaken, "{}", store.engine);
        let (other, session) = new_user("+8613800138001", 3);
        assert!(store.database.account_of(&other.phone).await.unwrap().is_none());
        assert_eq!(store.database.create(&other, &session).await.unwrap(), Created::Yes);
        assert_eq!((store.count("users"), store.count("sessions")), (2, 2));
    }
}

#[tokio::test]
async fn a_hundred_concurrent_sign_ups_with_one_phone_create_one_account() {
    for store in stores() {
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let database = Arc::clone(&store.database);
                let (user, session) = new_user("+8613800138000", n);
                tokio::spawn(async move { database.create(&user, &session).await.unwrap() })
            })
            .collect();
        let mut created = 0;
        for task in tasks {
            created += usize::from(task.await.unwrap() == Created::Yes);
        }
        assert_eq!((created, store.count("users"), store.count("sessions")), (1, 1, 1), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_stored_leaves_no_user() {
    for store in stores() {
        let (first, session) = new_user("+8613800138000", 1);
        store.database.create(&first, &session).await.unwrap();

        let (second, mut same_id) = new_user("+8613800138001", 2);
        let valid_session = same_id.clone();
        same_id.id = session.id;
        let result = store.database.create(&second, &same_id).await;
        assert!(matches!(result, Err(DependencyError::Broken { .. })), "{}: {result:?}", store.engine);
        assert!(store.database.account_of(&second.phone).await.unwrap().is_none());

        let mut other_user = valid_session.clone();
        other_user.user_id = new_user("+8613800138002", 3).0.id;
        let result = store.database.create(&second, &other_user).await;
        assert!(matches!(result, Err(DependencyError::Broken { .. })), "{}: {result:?}", store.engine);

        assert_eq!(store.database.create(&second, &valid_session).await.unwrap(), Created::Yes);
        assert_eq!((store.count("users"), store.count("sessions")), (2, 2));
    }
}

#[tokio::test]
async fn a_password_that_is_not_hashed_is_rejected_and_not_in_the_error() {
    for store in stores() {
        let (mut user, session) = new_user("+8613800138000", 1);
        user.password_hash = Some(doorstep::domain::password::PasswordHash::new("correct horse".to_owned()));
        let error = store.database.create(&user, &session).await.unwrap_err();
        assert!(matches!(error, DependencyError::Broken { .. }), "{}: {error}", store.engine);
        let text = format!("{error} {error:?}");
        assert!(text.contains("users_password_is_hashed"), "{text}");
        assert!(!text.contains("horse") && !text.contains("13800138000"), "{text}");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_expires_or_is_revoked() {
    for store in stores() {
        let (user, session) = new_user("+8613800138000", 1);
        store.database.create(&user, &session).await.unwrap();
        let found_at = async |time| store.database.by_session(session.id, time).await.unwrap().is_some();
        assert!(found_at(session.expires_at - TimeDelta::microseconds(1)).await, "{}", store.engine);
        assert!(!found_at(session.expires_at).await);
        assert!(!found_at(session.expires_at + TimeDelta::microseconds(1)).await);

        let unknown = new_user("+8613800138000", 2).1.id;
        assert!(store.database.by_session(unknown, now()).await.unwrap().is_none());

        store.execute("UPDATE sessions SET revoked_at = created_at");
        assert!(!found_at(now()).await, "{}", store.engine);
    }
}

#[tokio::test]
async fn deleting_a_user_deletes_their_sessions() {
    for store in stores() {
        let (user, session) = new_user("+8613800138000", 1);
        store.database.create(&user, &session).await.unwrap();
        store.execute("DELETE FROM users");
        assert_eq!(store.count("sessions"), 0, "{}", store.engine);
    }
}

/// Returns all fields as text, because `User` does not implement `PartialEq`.
fn fields(user: &User) -> String {
    format!("{user:?} {}", user.phone.as_ref().unwrap().e164())
}

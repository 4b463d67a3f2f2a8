//! `ports::Users`, on SQLite and on PostgreSQL.

mod accounts;
mod migrations;
mod outages;
mod refresh;
mod retries;
mod sign_in;
mod store;

use chrono::TimeDelta;
use doorstep::domain::session::DeviceName;
use doorstep::domain::user::{AvatarUrl, Birthday, Gender, Nickname, Profile, User};
use doorstep::ports::{Created, DependencyError, Users};
use std::sync::Arc;
use store::{now, person, stores};
use url::Url;

#[tokio::test]
async fn a_person_is_read_back_as_she_was_written() {
    for store in stores() {
        let (mut user, mut session) = person("+8613800138000", 1);
        let base = Url::parse("https://cdn.example.com/").unwrap();
        user.profile = Profile {
            nickname: Nickname::parse("小明 👩\u{200D}🚀 O'Brien").unwrap(),
            avatar_url: Some(AvatarUrl::parse("https://cdn.example.com/a.png", Some(&base)).unwrap()),
            gender: Some(Gender::Female),
            birthday: Some(Birthday::parse("2000-02-29", now()).unwrap()),
        };
        session.device_name = Some(DeviceName::parse("小明的手机 📱").unwrap());
        assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);

        let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
        assert_eq!(fields(&read), fields(&User::from(user.clone())), "{}", store.engine);
        assert_eq!(store.text("SELECT password_hash AS value FROM users"), user.password_hash.expose());
        assert_eq!(store.text("SELECT device_name AS value FROM sessions"), "小明的手机 📱");
        assert_eq!(store.count("sessions WHERE generation = 0 AND replays = 0 AND last_used_at = created_at"), 1);
        assert_eq!(store.count("users WHERE last_login_at = created_at AND password_changed_at = created_at"), 1);
    }
}

#[tokio::test]
async fn what_is_not_told_stays_empty() {
    for store in stores() {
        let (user, session) = person("+8613800138000", 1);
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
        let (mut user, session) = person("+8613800138000", 1);
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
        let (first, session) = person("+8613800138000", 1);
        assert!(store.database.account_of(&first.phone).await.unwrap().is_none());
        store.database.create(&first, &session).await.unwrap();
        assert!(store.database.account_of(&first.phone).await.unwrap().is_some());

        let (second, session) = person("+8613800138000", 2);
        assert_eq!(store.database.create(&second, &session).await.unwrap(), Created::PhoneTaken, "{}", store.engine);
        let (other, session) = person("+8613800138001", 3);
        assert!(store.database.account_of(&other.phone).await.unwrap().is_none());
        assert_eq!(store.database.create(&other, &session).await.unwrap(), Created::Yes);
        assert_eq!((store.count("users"), store.count("sessions")), (2, 2));
    }
}

#[tokio::test]
async fn a_hundred_at_once_with_one_phone_make_one_account() {
    for store in stores() {
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let database = Arc::clone(&store.database);
                let (user, session) = person("+8613800138000", n);
                tokio::spawn(async move { database.create(&user, &session).await.unwrap() })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += usize::from(task.await.unwrap() == Created::Yes);
        }
        assert_eq!((made, store.count("users"), store.count("sessions")), (1, 1, 1), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_stored_leaves_no_user() {
    for store in stores() {
        let (first, session) = person("+8613800138000", 1);
        store.database.create(&first, &session).await.unwrap();

        let (second, mut same_id) = person("+8613800138001", 2);
        let right_session = same_id.clone();
        same_id.id = session.id;
        let refused = store.database.create(&second, &same_id).await;
        assert!(matches!(refused, Err(DependencyError::Broken { .. })), "{}: {refused:?}", store.engine);
        assert!(store.database.account_of(&second.phone).await.unwrap().is_none());

        let mut strangers = right_session.clone();
        strangers.user_id = person("+8613800138002", 3).0.id;
        let refused = store.database.create(&second, &strangers).await;
        assert!(matches!(refused, Err(DependencyError::Broken { .. })), "{}: {refused:?}", store.engine);

        assert_eq!(store.database.create(&second, &right_session).await.unwrap(), Created::Yes);
        assert_eq!((store.count("users"), store.count("sessions")), (2, 2));
    }
}

#[tokio::test]
async fn only_the_phone_makes_a_phone_taken() {
    for store in stores() {
        let (first, session) = person("+8613800138000", 1);
        store.database.create(&first, &session).await.unwrap();
        let (mut second, session) = person("+8613800138001", 2);
        second.id = first.id;
        let refused = store.database.create(&second, &session).await;
        assert!(matches!(refused, Err(DependencyError::Broken { .. })), "{}: {refused:?}", store.engine);
    }
}

#[tokio::test]
async fn a_password_that_was_never_hashed_is_refused_and_not_repeated() {
    for store in stores() {
        let (mut user, session) = person("+8613800138000", 1);
        user.password_hash = doorstep::domain::password::PasswordHash::new("correct horse".to_owned());
        let refused = store.database.create(&user, &session).await.unwrap_err();
        assert!(matches!(refused, DependencyError::Broken { .. }), "{}: {refused}", store.engine);
        let said = format!("{refused} {refused:?}");
        assert!(said.contains("users_password_is_hashed"), "{said}");
        assert!(!said.contains("horse") && !said.contains("13800138000"), "{said}");
    }
}

#[tokio::test]
async fn a_session_ends_at_its_end_or_when_it_is_revoked() {
    for store in stores() {
        let (user, session) = person("+8613800138000", 1);
        store.database.create(&user, &session).await.unwrap();
        let found_at = async |time| store.database.by_session(session.id, time).await.unwrap().is_some();
        assert!(found_at(session.expires_at - TimeDelta::microseconds(1)).await, "{}", store.engine);
        assert!(!found_at(session.expires_at).await);
        assert!(!found_at(session.expires_at + TimeDelta::microseconds(1)).await);

        let unknown = person("+8613800138000", 2).1.id;
        assert!(store.database.by_session(unknown, now()).await.unwrap().is_none());

        store.execute("UPDATE sessions SET revoked_at = created_at");
        assert!(!found_at(now()).await, "{}", store.engine);
    }
}

#[tokio::test]
async fn sessions_go_with_their_user() {
    for store in stores() {
        let (user, session) = person("+8613800138000", 1);
        store.database.create(&user, &session).await.unwrap();
        store.execute("DELETE FROM users");
        assert_eq!(store.count("sessions"), 0, "{}", store.engine);
    }
}

/// `User` has no equality of its own.
fn fields(user: &User) -> String {
    format!("{user:?} {}", user.phone.e164())
}

//! Record of the legal documents that a user has accepted.

use super::store::{Store, authority, new_user, now, number_change, password_proof, stores};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::phone::Phone;
use doorstep::domain::user::{ProfileChange, User};
use doorstep::ports::{Created, DependencyError, PhoneChange, Users};
use std::sync::Arc;

fn consent(documents: &[&str], at: DateTime<Utc>) -> Consent {
    let documents = documents.iter().map(|text| LegalDocument::parse(text).unwrap()).collect();
    Consent { documents, at, ip_block: format!("block-{}", (at - now()).num_minutes()) }
}

fn minutes(count: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(count)
}

fn accepted(user: &User) -> String {
    LegalDocument::list_text(&user.accepted)
}

impl Store {
    /// Returns the record of all users: document, version, minute, IP block.
    fn record(&self) -> Vec<String> {
        let query = "SELECT document || '@' || version || ' at ' || substr('' || accepted_at, 12, 5) || ' from ' || \
                     ip_block AS value FROM consents WHERE user_id IN (SELECT id FROM users) ORDER BY accepted_at, \
                     document LIMIT 1 OFFSET ";
        (0..self.count("consents")).map(|row| self.text(&format!("{query}{row}"))).collect()
    }
}

#[tokio::test]
async fn a_consent_is_stored_with_the_user() {
    for store in stores() {
        let (mut user, session) = new_user("+8613800138000", 1);
        user.consent = Some(consent(&["terms@2026-11-01", "privacy@v1"], minutes(-2)));
        assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes, "{}", store.engine);
        let rows = ["privacy@v1 at 11:58 from block--2", "terms@2026-11-01 at 11:58 from block--2"];
        assert_eq!(store.record(), rows, "{}", store.engine);

        // Every method that returns a user returns what they have accepted.
        let (by, expected) = (authority(&session), "terms@2026-11-01,privacy@v1");
        assert_eq!(accepted(&User::from(user.clone())), expected);
        let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
        assert_eq!(accepted(&read), expected, "{}", store.engine);
        let read = store.database.by_phone(&user.phone).await.unwrap().unwrap();
        assert_eq!(accepted(&read.user), expected, "{}", store.engine);
        let changed = store.database.change_profile(&by, &ProfileChange::default(), now()).await.unwrap().unwrap();
        assert_eq!(accepted(&changed), expected, "{}", store.engine);
        let to = Phone::from_stored("+8613800138009".to_owned()).unwrap();
        let PhoneChange::Done(changed) =
            store.database.change_phone(&by, &number_change(&user.phone, &to), now()).await.unwrap()
        else {
            panic!("{}", store.engine)
        };
        assert_eq!(accepted(&changed), expected, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_user_without_a_consent_has_accepted_nothing() {
    for store in stores() {
        let (_, session) = store.signed_up("+8613800138000", 1).await;
        let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
        assert_eq!((read.accepted.len(), store.count("consents")), (0, 0), "{}", store.engine);
    }
}

#[tokio::test]
async fn user_and_consent_are_stored_together_or_not_at_all() {
    for store in stores() {
        store.signed_up("+8613800138000", 1).await;
        let (mut user, session) = new_user("+8613800138000", 2);
        user.consent = Some(consent(&["terms@1"], now()));
        assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::PhoneTaken, "{}", store.engine);
        user.phone = Phone::from_stored("+8613800138001".to_owned()).unwrap();
        user.consent = Some(Consent { ip_block: String::new(), ..consent(&["terms@1"], now()) });
        let result = store.database.create(&user, &session).await;
        assert!(matches!(result, Err(DependencyError::Broken { .. })), "{}: {result:?}", store.engine);
        assert_eq!((store.count("users"), store.count("consents")), (1, 0), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_later_consent_adds_to_the_record_and_changes_no_entry() {
    for store in stores() {
        let (mut user, session) = new_user("+8613800138000", 1);
        user.consent = Some(consent(&["terms@1", "privacy@1"], now()));
        store.database.create(&user, &session).await.unwrap();
        let by = authority(&session);
        for at in [minutes(5), minutes(6)] {
            let changed = store.database.accept(&by, &consent(&["terms@2", "privacy@1"], at)).await.unwrap().unwrap();
            assert_eq!(accepted(&changed), "terms@1,privacy@1,terms@2", "{}", store.engine);
            assert_eq!(changed.updated_at, minutes(5), "{}: a repetition is no change", store.engine);
            let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
            assert_eq!((accepted(&read), read.updated_at), (accepted(&changed), minutes(5)), "{}", store.engine);
        }
        let rows =
            ["privacy@1 at 12:00 from block-0", "terms@1 at 12:00 from block-0", "terms@2 at 12:05 from block-5"];
        assert_eq!(store.record(), rows, "{}", store.engine);
    }
}

#[tokio::test]
async fn concurrent_consents_add_each_document_once() {
    for store in stores() {
        let (_, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let (database, by) = (Arc::clone(&store.database), authority(&session));
                let documents = if n % 2 == 0 { ["terms@1", "privacy@1"] } else { ["privacy@1", "cookies@1"] };
                tokio::spawn(async move { database.accept(&by, &consent(&documents, now())).await.unwrap() })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_some(), "{}", store.engine);
        }
        assert_eq!(store.count("consents"), 3, "{}", store.engine);
        let read = store.database.by_session(session.id, now()).await.unwrap().unwrap();
        assert_eq!(read.accepted.len(), 3, "{}", store.engine);
        let other = store.database.by_phone(&other.phone).await.unwrap().unwrap();
        assert!(other.user.accepted.is_empty(), "{}", store.engine);
    }
}

#[tokio::test]
async fn the_record_is_deleted_with_the_account() {
    for store in stores() {
        let (mut user, session) = new_user("+8613800138000", 1);
        user.consent = Some(consent(&["terms@1"], now()));
        store.database.create(&user, &session).await.unwrap();
        assert!(store.database.delete(user.id, &password_proof(&user), None, now()).await.unwrap());
        assert_eq!((store.count("users"), store.count("consents")), (0, 0), "{}", store.engine);
    }
}

/// A replica of the release before inserts users without the new column.
#[tokio::test]
async fn a_user_of_the_release_before_has_accepted_nothing() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let id = session.id;
        store.execute(
            "INSERT INTO users (id, phone, password_hash, nickname, created_at, updated_at, password_changed_at, \
             phone_proven_at) SELECT '019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d', '+8613800138001', password_hash, \
             nickname, created_at, updated_at, password_changed_at, phone_proven_at FROM users",
        );
        let phone = Phone::from_stored("+8613800138001".to_owned()).unwrap();
        let read = store.database.by_phone(&phone).await.unwrap().unwrap();
        assert!(read.user.accepted.is_empty(), "{}", store.engine);

        store.execute(&format!("UPDATE users SET accepted_documents = 'nonsense' WHERE id = '{}'", user.id.0));
        let error = store.database.by_session(id, now()).await.unwrap_err().to_string();
        assert!(error.contains("users.accepted_documents") && !error.contains("nonsense"), "{error}");
    }
}

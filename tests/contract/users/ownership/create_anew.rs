//! Sign-up of a person whose number belonged to an earlier account.

use super::super::store::{Store, authority, code_proof, device, new_user, now, stores};
use super::{DAY, TICK, detachment, detachment_in_use, later, new_act, phone, version_at};
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::pending::{ActKind, PendingId};
use doorstep::domain::session::NewSession;
use doorstep::domain::user::NewUser;
use doorstep::ports::{Created, DependencyError, Detach, Users};
use std::sync::Arc;
use uuid::Uuid;

/// User who signs up later, and their session.
fn later_user(phone: &str, n: u8) -> (NewUser, NewSession) {
    let (mut user, mut session) = new_user(phone, n);
    user.created_at = later();
    (session.created_at, session.expires_at) = (later(), later() + DAY);
    (user, session)
}

impl Store {
    /// Asserts that the sign-up has this result and no effect.
    async fn assert_not_created(&self, new: &(NewUser, NewSession), earlier: &Detach, result: Created) {
        let before = self.everything();
        let created = self.database.create_anew(&new.0, &new.1, earlier).await.unwrap();
        assert_eq!((created, self.everything()), (result, before), "{} {earlier:?}", self.engine);
    }
}

#[tokio::test]
async fn the_new_account_gets_the_number_of_the_earlier_one() {
    for store in stores() {
        for (in_use, digit) in [(false, 1), (true, 2)] {
            let number = format!("+861380013800{digit}");
            let (earlier, old) = store.signed_up(&number, digit).await;
            let detach = if in_use { detachment_in_use(&earlier) } else { detachment(&earlier) };
            let (mut user, session) = later_user(&number, digit + 10);
            let documents = vec![LegalDocument::parse("terms@1").unwrap()];
            user.consent = Some(Consent { documents, at: later(), ip_block: "block".to_owned() });
            let created = store.database.create_anew(&user, &session, &detach).await.unwrap();
            assert_eq!(created, Created::Yes, "{}", store.engine);

            let found = store.database.by_phone(&user.phone).await.unwrap().unwrap().user;
            assert_eq!((found.id, found.phone_proven_at), (user.id, later()), "{}", store.engine);
            assert_eq!(found.accepted.len(), 1, "{}", store.engine);
            assert!(store.is_active_at(&session, later()).await, "{}", store.engine);
            assert_eq!(store.is_active_at(&old, later()).await, in_use, "{}", store.engine);
            assert_eq!(store.column(&earlier, "phone"), "none", "{}", store.engine);
            assert_eq!(store.column(&earlier, "former_phone"), number, "{}", store.engine);
            assert_eq!(store.column(&earlier, "deletes_at") == "none", in_use, "{}", store.engine);
            assert_eq!(store.credentials(&earlier), 1, "{}", store.engine);
        }
        assert_eq!(store.count("consents"), 2, "{}", store.engine);
    }
}

#[tokio::test]
async fn nothing_is_stored_if_the_earlier_account_has_changed() {
    for store in stores() {
        let (earlier, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let new = later_user("+8613800138000", 3);
        let detach = detachment(&earlier);
        for changed in [
            Detach { account: version_at(&earlier, 1), ..detach.clone() },
            Detach { account: version_at(&other, 0), ..detach.clone() },
            Detach { phone: other.phone.clone(), ..detach.clone() },
            Detach { as_of: now() - TICK, ..detach.clone() },
            Detach { uses: Some(PendingId(Uuid::from_u128(9))), ..detach.clone() },
        ] {
            store.assert_not_created(&new, &changed, Created::Changed).await;
        }
        // The owner proves the number, and signs out everywhere.
        let mut proven = device(&earlier, 4);
        proven.created_at += TICK;
        assert!(store.stores_session(&proven, &code_proof(&earlier)).await);
        store.assert_not_created(&new, &detach, Created::Changed).await;
        assert!(store.database.end_sessions(&authority(&session), now()).await.unwrap());
        let detach = Detach { as_of: now() + TICK, ..detach };
        store.assert_not_created(&new, &detach, Created::Changed).await;
        let detach = Detach { account: version_at(&earlier, 1), ..detach };
        assert_eq!(store.database.create_anew(&new.0, &new.1, &detach).await.unwrap(), Created::Yes);
        // A second sign-up for the same earlier account.
        store.assert_not_created(&later_user("+8613800138000", 5), &detach, Created::Changed).await;
    }
}

#[tokio::test]
async fn a_number_of_a_third_account_is_taken_and_nothing_is_detached() {
    for store in stores() {
        let (earlier, _) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        let act = new_act(&earlier, ActKind::NumberClaim, 1);
        store.hold_new(&act).await;
        let detach = Detach { uses: Some(act.id), ..detachment(&earlier) };
        store.assert_not_created(&later_user("+8613800138001", 3), &detach, Created::PhoneTaken).await;
    }
}

#[tokio::test]
async fn a_session_or_consent_that_cannot_be_stored_leaves_the_earlier_account_as_it_was() {
    for store in stores() {
        let (earlier, session) = store.signed_up("+8613800138000", 1).await;
        let (user, mut same_id) = later_user("+8613800138000", 2);
        let valid = same_id.clone();
        same_id.id = session.id;
        let (mut twice, document) = (user.clone(), LegalDocument::parse("terms@1").unwrap());
        let documents = vec![document.clone(), document];
        twice.consent = Some(Consent { documents, at: later(), ip_block: "block".to_owned() });
        let before = store.everything();
        for (user, session) in [(&user, &same_id), (&twice, &valid)] {
            let failed = store.database.create_anew(user, session, &detachment(&earlier)).await;
            assert!(matches!(failed, Err(DependencyError::Broken { .. })), "{}: {failed:?}", store.engine);
            assert_eq!(store.everything(), before, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn one_of_many_concurrent_sign_ups_starts_anew() {
    for store in stores() {
        let (earlier, _) = store.signed_up("+8613800138000", 1).await;
        let tasks: Vec<_> = (10..30)
            .map(|n| {
                let (database, detach) = (Arc::clone(&store.database), detachment(&earlier));
                let (user, session) = later_user("+8613800138000", n);
                // Every second one is a sign-up that does not know the earlier account.
                tokio::spawn(async move {
                    if n % 2 == 0 {
                        database.create_anew(&user, &session, &detach).await.unwrap()
                    } else {
                        match database.create(&user, &session).await.unwrap() {
                            Created::PhoneTaken => Created::Changed,
                            other => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        let mut created = 0;
        for task in tasks {
            match task.await.unwrap() {
                Created::Yes => created += 1,
                Created::Changed => {}
                Created::PhoneTaken => panic!("{}: the earlier account keeps its number", store.engine),
            }
        }
        assert_eq!((created, store.count("users"), store.count("sessions")), (1, 2, 2), "{}", store.engine);
        assert_eq!(store.count("users WHERE phone = '+8613800138000'"), 1, "{}", store.engine);
        assert!(store.database.account_of(&phone("+8613800138000")).await.unwrap().is_some());
    }
}

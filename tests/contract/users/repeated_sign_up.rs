//! Sign-up whose process died after the COMMIT: the client sends the last step again.

use super::store::{
    Store, authority, code_proof, device, new_user, now, number_change, password_hash, password_proof, refresh_with,
    stores,
};
use chrono::TimeDelta;
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::{Generation, NewSession};
use doorstep::domain::user::{NewUser, Nickname, ProfileChange};
use doorstep::ports::{Created, Refreshed, Users};

const PHONE: &str = "+8613800138000";

/// The same sign-up a minute later, with another password, another name and another app.
fn again((user, session): &(NewUser, NewSession), n: u8) -> (NewUser, NewSession) {
    let mut user = NewUser { created_at: now() + TimeDelta::minutes(1), ..user.clone() };
    user.password_hash = Some(PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$YW5vdGhlcg${n}")));
    user.profile.nickname = Nickname::parse("Grace").unwrap();
    let session = NewSession { created_at: user.created_at, id: session.id, ..device(&user, n) };
    (user, session)
}

impl Store {
    /// Asserts that the repetition of the sign-up finds the phone taken, and changes nothing.
    async fn assert_taken(&self, first: &(NewUser, NewSession), n: u8, case: &str) {
        let (user, session) = again(first, n);
        let before = self.everything();
        let created = self.database.create(&user, &session).await.unwrap();
        assert_eq!((created, self.everything()), (Created::PhoneTaken, before), "{}: {case}", self.engine);
    }
}

#[tokio::test]
async fn the_repetition_replaces_what_the_first_attempt_has_stored() {
    for store in stores() {
        let (mut user, first) = new_user(PHONE, 1);
        let documents = vec![LegalDocument::parse("terms@1").unwrap()];
        user.consent = Some(Consent { documents, at: now(), ip_block: "block".to_owned() });
        assert_eq!(store.database.create(&user, &first).await.unwrap(), Created::Yes, "{}", store.engine);
        let first = (user, first);
        for n in [2, 3] {
            let (again, session) = again(&first, n);
            assert_eq!(store.database.create(&again, &session).await.unwrap(), Created::Yes, "{}", store.engine);
            let found = store.database.by_phone(&again.phone).await.unwrap().unwrap();
            assert_eq!((found.user.id, &*found.user.nickname), (first.0.id, "Grace"), "{}", store.engine);
            assert_eq!(found.user.password_changed_at, again.created_at, "{}", store.engine);
            assert_eq!(found.password_hash.as_ref().map(PasswordHash::expose), Some(password_hash(&again).expose()));
            assert!(store.is_active_at(&session, again.created_at).await, "{}", store.engine);
        }
        assert_eq!((store.count("users"), store.count("consents"), store.count("sessions")), (1, 1, 1));
    }
}

#[tokio::test]
async fn an_account_in_use_is_not_replaced() {
    for store in stores() {
        let first = store.signed_up(PHONE, 1).await;
        let later = now() + TimeDelta::seconds(1);
        let (policy, proof) = (SessionPolicy::default(), password_proof(&first.0));
        let session = NewSession { created_at: later, ..device(&first.0, 2) };
        assert!(store.database.sign_in(&session, &proof, None, &policy).await.unwrap());
        store.assert_taken(&first, 3, "signed in").await;

        let first = store.signed_up("+8613800138001", 11).await;
        let by = authority(&first.1);
        let name = ProfileChange { nickname: Some(Nickname::parse("Lin").unwrap()), ..ProfileChange::default() };
        store.database.change_profile(&by, &name, later).await.unwrap().unwrap();
        store.assert_taken(&first, 13, "changed the profile").await;

        let first = store.signed_up("+8613800138002", 21).await;
        let (user, proof) = (&first.0, code_proof(&first.0));
        assert!(store.database.reset_password(user.id, &proof, password_hash(user), now()).await.unwrap());
        store.assert_taken(&first, 23, "reset the password").await;

        let first = store.signed_up("+8613800138003", 31).await;
        let refresh = refresh_with(Generation { session: first.1.id, number: 0 });
        let refreshed = store.database.refresh(&refresh, later, &policy).await.unwrap();
        assert!(matches!(refreshed, Refreshed::Yes { .. }), "{refreshed:?}");
        store.assert_taken(&first, 33, "refreshed the session").await;
    }
}

/// The phone of the sign-up may belong to another account by now.
#[tokio::test]
async fn the_phone_of_another_account_is_taken() {
    for store in stores() {
        let first = store.signed_up(PHONE, 1).await;
        let to = Phone::from_stored("+8613800138009".to_owned()).unwrap();
        let change = number_change(&first.0.phone, &to);
        store.database.change_phone(&authority(&first.1), &change, now()).await.unwrap();
        store.assert_taken(&first, 2, "no account has the phone, and the id is taken").await;
        store.signed_up(PHONE, 3).await;
        store.assert_taken(&first, 4, "another account has the phone").await;
    }
}

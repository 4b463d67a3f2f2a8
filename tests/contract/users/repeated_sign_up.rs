//! Sign-up whose process died after the COMMIT: the client sends the last step again.

use super::store::{
    Store, authority, code_proof, device, new_user, now, number_change, password_hash, password_proof, stores,
};
use chrono::TimeDelta;
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::NewSession;
use doorstep::domain::user::{NewUser, Nickname, ProfileChange};
use doorstep::ports::{Created, Users};

const PHONE: &str = "+8613800138000";

/// The same sign-up a minute later, with another password and another name.
fn again(user: &NewUser, n: u8) -> (NewUser, NewSession) {
    let mut user = NewUser { created_at: now() + TimeDelta::minutes(1), ..user.clone() };
    user.password_hash = Some(PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$YW5vdGhlcg${n}")));
    user.profile.nickname = Nickname::parse("Grace").unwrap();
    let session = NewSession { created_at: user.created_at, ..device(&user, n) };
    (user, session)
}

impl Store {
    /// Asserts that the repetition of the sign-up finds the phone taken, and changes nothing.
    async fn assert_taken(&self, user: &NewUser, n: u8, case: &str) {
        let (user, session) = again(user, n);
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
        for n in [2, 3] {
            let (again, session) = again(&user, n);
            assert_eq!(store.database.create(&again, &session).await.unwrap(), Created::Yes, "{}", store.engine);
            let found = store.database.by_phone(&user.phone).await.unwrap().unwrap();
            assert_eq!((found.user.id, &*found.user.nickname), (user.id, "Grace"), "{}", store.engine);
            assert_eq!(found.user.password_changed_at, again.created_at, "{}", store.engine);
            assert_eq!(found.password_hash.as_ref().map(PasswordHash::expose), Some(password_hash(&again).expose()));
            assert!(store.is_active_at(&session, again.created_at).await, "{}", store.engine);
        }
        assert_eq!((store.count("users"), store.count("consents"), store.count("sessions")), (1, 1, 3));
    }
}

#[tokio::test]
async fn an_account_in_use_is_not_replaced() {
    for store in stores() {
        let (user, _) = store.signed_up(PHONE, 1).await;
        let later = now() + TimeDelta::seconds(1);
        let (policy, proof) = (SessionPolicy::default(), password_proof(&user));
        let session = NewSession { created_at: later, ..device(&user, 2) };
        assert!(store.database.sign_in(&session, &proof, None, &policy).await.unwrap());
        store.assert_taken(&user, 3, "signed in").await;

        let (user, session) = store.signed_up("+8613800138001", 11).await;
        let by = authority(&session);
        let name = ProfileChange { nickname: Some(Nickname::parse("Lin").unwrap()), ..ProfileChange::default() };
        store.database.change_profile(&by, &name, later).await.unwrap().unwrap();
        store.assert_taken(&user, 13, "changed the profile").await;

        let (user, _) = store.signed_up("+8613800138002", 21).await;
        let proof = code_proof(&user);
        assert!(store.database.reset_password(user.id, &proof, password_hash(&user), now()).await.unwrap());
        store.assert_taken(&user, 23, "reset the password").await;
    }
}

/// The phone of the sign-up may belong to another account by now.
#[tokio::test]
async fn the_phone_of_another_account_is_taken() {
    for store in stores() {
        let (user, session) = store.signed_up(PHONE, 1).await;
        let to = Phone::from_stored("+8613800138009".to_owned()).unwrap();
        let change = number_change(&user.phone, &to);
        store.database.change_phone(&authority(&session), &change, now()).await.unwrap();
        store.assert_taken(&user, 2, "no account has the phone, and the id is taken").await;
        store.signed_up(PHONE, 3).await;
        store.assert_taken(&user, 4, "another account has the phone").await;
    }
}

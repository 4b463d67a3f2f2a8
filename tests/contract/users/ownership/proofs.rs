//! Proofs of the phone: a code renews it, and nothing else.

use super::super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, now, number_change, password_proof, refresh_with,
    stores,
};
use super::{HOUR, phone, policy};
use chrono::{DateTime, Utc};
use doorstep::domain::session::Generation;
use doorstep::domain::user::{NewUser, ProfileChange};
use doorstep::ports::{Proof, Users};

impl Store {
    async fn proven_at(&self, user: &NewUser) -> DateTime<Utc> {
        let account = self.database.by_phone(&user.phone).await.unwrap().unwrap();
        let summary = self.database.account_of(&user.phone).await.unwrap().unwrap();
        assert_eq!(summary.proven_at, account.user.phone_proven_at, "{}", self.engine);
        summary.proven_at
    }
}

#[tokio::test]
async fn a_code_renews_the_proof_and_a_password_does_not() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        assert_eq!(store.proven_at(&user).await, now(), "{}", store.engine);
        for (n, proof, proven_at) in [
            (3, password_proof(&user), now()),
            (4, code_proof(&user), now() + HOUR * 4),
            (5, password_proof(&user), now() + HOUR * 4),
        ] {
            let mut session = device(&user, n);
            session.created_at += HOUR * i32::from(n);
            assert!(store.stores_session(&session, &proof).await, "{}", store.engine);
            assert_eq!(store.proven_at(&user).await, proven_at, "{}", store.engine);
            let summary = store.database.account_of(&user.phone).await.unwrap().unwrap();
            assert_eq!(summary.signed_in_at, Some(session.created_at), "{}", store.engine);
        }
        assert_eq!(store.proven_at(&other).await, now(), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_reset_and_a_change_of_number_prove_the_phone() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let reset = store.database.reset_password(user.id, &code_proof(&user), &another_hash(), now() + HOUR).await;
        assert!(reset.unwrap(), "{}", store.engine);
        assert_eq!(store.proven_at(&user).await, now() + HOUR, "{}", store.engine);

        let session = device(&user, 2);
        assert!(store.stores_session(&session, &Proof::Password(another_hash())).await, "{}", store.engine);
        let change = number_change(&user.phone, &phone("+8613800138009"));
        store.database.change_phone(&authority_at(&session, 1), &change, now() + HOUR * 2).await.unwrap();
        let moved = NewUser { phone: phone("+8613800138009"), ..user };
        assert_eq!(store.proven_at(&moved).await, now() + HOUR * 2, "{}", store.engine);
    }
}

#[tokio::test]
async fn no_other_operation_proves_the_phone() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let at = now() + HOUR;
        let presented = Generation { session: session.id, number: 0 };
        store.database.refresh(&refresh_with(presented), at, &policy()).await.unwrap();
        let by = authority(&session);
        store.database.change_profile(&by, &ProfileChange::default(), at).await.unwrap();
        let proof = password_proof(&user);
        assert!(store.database.change_password(&by, &proof, &another_hash(), at).await.unwrap().is_some());
        assert!(store.database.end_sessions(&authority_at(&session, 1), at).await.unwrap(), "{}", store.engine);
        // A proof that is not valid proves nothing.
        assert!(!store.stores_session(&device(&user, 2), &code_proof(&user)).await, "{}", store.engine);
        assert_eq!(store.proven_at(&user).await, now(), "{}", store.engine);
    }
}

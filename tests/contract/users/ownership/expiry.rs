//! Deletion of detached accounts and pending acts whose time is over.

use super::super::store::{now, stores};
use super::{DAY, HOUR, TICK, detachment, detachment_in_use, later, new_act};
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::pending::{ActKind, NewPending};
use doorstep::ports::{Detach, Users};

#[tokio::test]
async fn a_detached_account_is_deleted_with_its_data_when_its_time_is_over() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let documents = vec![LegalDocument::parse("terms@1").unwrap()];
        let consent = Consent { documents, at: now(), ip_block: "block".to_owned() };
        let by = super::super::store::authority(&session);
        store.database.accept(&by, &consent).await.unwrap();
        store.hold_new(&NewPending { expires_at: later() + DAY * 999, ..new_act(&user, ActKind::SignIn, 1) }).await;
        let deletes_at = detachment(&user).deletes_at;
        store.detached(&detachment(&user), later()).await;
        // Another account of the same number is deleted later, and others are not.
        let (second, _) = store.signed_up("+8613800138000", 2).await;
        store.detached(&Detach { deletes_at: deletes_at + DAY, ..detachment(&second) }, later()).await;
        let (in_use, _) = store.signed_up("+8613800138001", 3).await;
        store.detached(&detachment_in_use(&in_use), later()).await;
        store.signed_up("+8613800138000", 4).await;

        assert_eq!(store.sweep(deletes_at - TICK).await, 0, "{}", store.engine);
        assert_eq!(store.count("users"), 4, "{}", store.engine);
        assert_eq!(store.sweep(deletes_at).await, 1, "{}", store.engine);
        let id = user.id.0;
        for table in
            ["sessions WHERE user_id", "consents WHERE user_id", "pending_acts WHERE user_id", "users WHERE id"]
        {
            assert_eq!(store.count(&format!("{table} = '{id}'")), 0, "{} {table}", store.engine);
        }
        assert_eq!(store.sweep(deletes_at).await, 0, "{}", store.engine);
        assert_eq!(store.sweep(deletes_at + DAY).await, 1, "{}", store.engine);
        assert_eq!((store.count("users"), store.count("sessions")), (2, 2), "{}", store.engine);
    }
}

/// A detached account that was in use can be reclaimed for some time after its last session has ended.
#[tokio::test]
async fn a_detached_account_without_sessions_is_deleted_later() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        store.detached(&detachment_in_use(&user), later()).await;
        store.signed_up("+8613800138000", 2).await;
        store.execute("UPDATE sessions SET expires_at = '2027-02-20 12:00:00'");
        let ended_at = "2027-02-20T12:00:00Z".parse().unwrap();
        for at in [ended_at - TICK, ended_at, ended_at + DAY, ended_at + DAY * 180 - TICK] {
            assert_eq!(store.sweep(at).await, 0, "{} {at}", store.engine);
        }
        assert_eq!(store.sweep(ended_at + DAY * 180).await, 1, "{}", store.engine);
        assert_eq!(store.count("users"), 1, "{}", store.engine);
    }
}

/// The column is cleared with the number; an account with a number is not deleted whatever the column says.
#[tokio::test]
async fn an_account_with_a_number_is_never_deleted() {
    for store in stores() {
        store.signed_up("+8613800138000", 1).await;
        store.execute("UPDATE users SET deletes_at = created_at");
        assert_eq!(store.sweep(later()).await, 0, "{}", store.engine);
        assert_eq!(store.count("users"), 1, "{}", store.engine);
    }
}

#[tokio::test]
async fn expired_acts_are_deleted() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        for (n, kind) in (1..).zip(ActKind::ALL) {
            let hours = i32::try_from(n).unwrap();
            store.hold_new(&NewPending { expires_at: now() + HOUR * hours, ..new_act(&user, kind, n) }).await;
        }
        store.execute("UPDATE pending_acts SET refused_at = asked_at WHERE kind = 'sign_in'");
        for (at, left) in [(HOUR - TICK, 5), (HOUR, 4), (HOUR * 3 - TICK, 3), (HOUR * 3, 2), (HOUR * 9, 0)] {
            assert_eq!(store.sweep(now() + at).await, 0, "{}", store.engine);
            assert_eq!(store.count("pending_acts"), left, "{} {at}", store.engine);
        }
        assert_eq!(store.count("users"), 1, "{}", store.engine);
    }
}

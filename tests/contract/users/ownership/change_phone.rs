//! Change of number of detached accounts, and changes that take a number from another account.

use super::super::store::{Store, authority, authority_at, now, number_change, stores};
use super::{DAY, HOUR, asked_by, detachment, detachment_in_use, later, new_act, phone, version_at};
use doorstep::domain::pending::{ActKind, PendingId};
use doorstep::domain::phone::Phone;
use doorstep::domain::session::NewSession;
use doorstep::domain::user::NewUser;
use doorstep::ports::{DependencyError, Detach, NumberChange, PhoneChange, Users};
use std::sync::Arc;
use uuid::Uuid;

/// Takes the number of another account that has not changed since its sign-up.
fn take(from: &NewUser, to: &NewUser) -> NumberChange {
    NumberChange { detach: Some(detachment_in_use(to)), ..number_change(&from.phone, &to.phone) }
}

impl Store {
    async fn changes(&self, session: &NewSession, credentials: i64, change: &NumberChange) -> PhoneChange {
        self.database.change_phone(&authority_at(session, credentials), change, now() + HOUR).await.unwrap()
    }

    /// Asserts that the change has no effect on any account.
    async fn assert_unchanged(&self, session: &NewSession, change: &NumberChange, expected: &PhoneChange) {
        let before = self.everything();
        let result = self.changes(session, 0, change).await;
        assert_eq!(format!("{result:?}"), format!("{expected:?}"), "{} {change:?}", self.engine);
        assert_eq!(self.everything(), before, "{} {change:?}", self.engine);
    }
}

#[tokio::test]
async fn a_detached_account_in_use_gets_a_number() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        store.detached(&detachment_in_use(&user), now()).await;
        let to = phone("+8613800138009");
        let none = NumberChange { from: None, to: to.clone(), uses: None, detach: None };
        // It has no number any more, and the one of another account is taken.
        let result = store.changes(&session, 1, &number_change(&user.phone, &to)).await;
        assert!(matches!(result, PhoneChange::Gone), "{}: {result:?}", store.engine);
        let result = store.changes(&session, 1, &NumberChange { to: other.phone, ..none.clone() }).await;
        assert!(matches!(result, PhoneChange::Taken), "{}: {result:?}", store.engine);

        let result = store.changes(&session, 1, &none).await;
        let PhoneChange::Done(changed) = result else { panic!("{}: {result:?}", store.engine) };
        assert_eq!((changed.phone.as_ref(), changed.phone_proven_at), (Some(&to), now() + HOUR), "{}", store.engine);
        assert_eq!(changed.credentials_version, 2, "{}", store.engine);
        assert!(store.is_active_at(&session, now()).await, "{}", store.engine);
        // Nothing is left of the detachment.
        for column in ["former_phone", "detached_at", "deletes_at"] {
            assert_eq!(store.column(&user, column), "none", "{} {column}", store.engine);
        }
        let result = store.changes(&session, 2, &none).await;
        assert!(matches!(result, PhoneChange::Gone), "{}: {result:?}", store.engine);
    }
}

#[tokio::test]
async fn an_account_with_a_number_is_not_one_without() {
    for store in stores() {
        let (_, session) = store.signed_up("+8613800138000", 1).await;
        let change = NumberChange { from: None, to: phone("+8613800138009"), uses: None, detach: None };
        store.assert_unchanged(&session, &change, &PhoneChange::Gone).await;
    }
}

#[tokio::test]
async fn a_change_takes_the_number_of_another_account_and_uses_up_both_acts() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, theirs) = store.signed_up("+8613800138001", 2).await;
        let (own, claim) = (asked_by(&user, &session, "+8613800138001", 1), new_act(&other, ActKind::NumberClaim, 2));
        store.hold_new(&own).await;
        store.hold_new(&claim).await;
        let detach = Detach { uses: Some(claim.id), ..detachment_in_use(&other) };
        let change = NumberChange { uses: Some(own.id), detach: Some(detach), ..take(&user, &other) };
        let result = store.changes(&session, 0, &change).await;
        assert!(matches!(result, PhoneChange::Done(_)), "{}: {result:?}", store.engine);
        assert_eq!(store.column(&user, "phone"), "+8613800138001", "{}", store.engine);
        assert_eq!(store.column(&other, "phone"), "none", "{}", store.engine);
        assert_eq!(store.column(&other, "former_phone"), "+8613800138001", "{}", store.engine);
        assert!(store.is_active_at(&session, now()).await && store.is_active_at(&theirs, now()).await);
        assert_eq!(store.count("pending_acts"), 0, "{}", store.engine);
        assert_eq!((store.credentials(&user), store.credentials(&other)), (1, 1), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_dormant_account_that_loses_its_number_loses_its_sessions() {
    for store in stores() {
        let (user, mut session) = store.signed_up("+8613800138000", 1).await;
        let (other, theirs) = store.signed_up("+8613800138001", 2).await;
        session.expires_at = later() + DAY;
        let change = NumberChange { detach: Some(detachment(&other)), ..take(&user, &other) };
        let result = store.database.change_phone(&authority(&session), &change, later()).await.unwrap();
        assert!(matches!(result, PhoneChange::Done(_)), "{}: {result:?}", store.engine);
        assert!(store.is_active_at(&session, later()).await && !store.is_active_at(&theirs, later()).await);
        assert_ne!(store.column(&other, "deletes_at"), "none", "{}", store.engine);
    }
}

#[tokio::test]
async fn a_change_and_its_detachment_happen_together_or_not_at_all() {
    let missing = Some(PendingId(Uuid::from_u128(99)));
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let (third, _) = store.signed_up("+8613800138002", 3).await;
        let (own, claim) = (asked_by(&user, &session, "+8613800138001", 1), new_act(&other, ActKind::NumberClaim, 2));
        store.hold_new(&own).await;
        store.hold_new(&claim).await;
        let detach = Detach { uses: Some(claim.id), ..detachment_in_use(&other) };
        let change = NumberChange { uses: Some(own.id), detach: Some(detach.clone()), ..take(&user, &other) };
        let detaching = |detach: Detach| NumberChange { detach: Some(detach), ..change.clone() };
        // An act is missing, or the account that should lose the number has changed.
        for incomplete in [
            NumberChange { uses: missing, ..change.clone() },
            NumberChange { uses: Some(claim.id), ..change.clone() },
            detaching(Detach { uses: missing, ..detach.clone() }),
            detaching(Detach { uses: Some(own.id), ..detach.clone() }),
            detaching(Detach { account: version_at(&other, 1), ..detach.clone() }),
            detaching(Detach { as_of: now() - HOUR, ..detach.clone() }),
        ] {
            store.assert_unchanged(&session, &incomplete, &PhoneChange::Changed).await;
        }
        let from = NumberChange { from: Some(third.phone.clone()), ..change.clone() };
        store.assert_unchanged(&session, &from, &PhoneChange::Gone).await;
        // The number belongs to a third account.
        store
            .assert_unchanged(
                &session,
                &NumberChange { to: third.phone.clone(), ..change.clone() },
                &PhoneChange::Taken,
            )
            .await;
        store.assert_unchanged(&session, &NumberChange { detach: None, ..change.clone() }, &PhoneChange::Taken).await;
        // The authority has ended.
        store.execute(&format!("UPDATE sessions SET revoked_at = created_at WHERE id = '{}'", session.id.0));
        store.assert_unchanged(&session, &change, &PhoneChange::Gone).await;
        store.execute("UPDATE sessions SET revoked_at = NULL");
        let result = store.changes(&session, 0, &change).await;
        assert!(matches!(result, PhoneChange::Done(_)), "{}: {result:?}", store.engine);
    }
}

async fn phones(store: &Store, users: [&NewUser; 2]) -> [String; 2] {
    users.map(|user| store.column(user, "phone"))
}

/// Two people who have swapped their numbers change them at the same time. One comes first; the other one has no number
/// for a moment, and takes the free one.
#[tokio::test]
async fn two_people_who_swapped_numbers_both_end_up_right() {
    for store in stores() {
        for round in 0..6_u8 {
            let number = |n: u8| format!("+86138001380{:02}", 2 * round + n);
            let (ann, by_ann) = store.signed_up(&number(0), 10 + round).await;
            let (ben, by_ben) = store.signed_up(&number(1), 50 + round).await;
            let swap = |from: &NewUser, session: &NewSession, to: &NewUser| {
                let (database, change, by) = (Arc::clone(&store.database), take(from, to), authority(session));
                tokio::spawn(async move { database.change_phone(&by, &change, now() + HOUR).await })
            };
            let (first, second) = (swap(&ann, &by_ann, &ben), swap(&ben, &by_ben, &ann));
            let results = [first.await.unwrap(), second.await.unwrap()];
            let done: Vec<bool> = results.iter().map(|result| matches!(result, Ok(PhoneChange::Done(_)))).collect();
            let winner = done.iter().position(|done| *done).expect("one of both comes first");
            assert!(
                matches!(results[1 - winner], Ok(PhoneChange::Gone | PhoneChange::Changed)),
                "{}: {results:?}",
                store.engine
            );
            let mut expected = ["none".to_owned(), "none".to_owned()];
            expected[winner] = number(1 - u8::try_from(winner).unwrap());
            assert_eq!(phones(&store, [&ann, &ben]).await, expected, "{}", store.engine);

            let loser = [&by_ann, &by_ben][1 - winner];
            let to = phone(&number(u8::try_from(winner).unwrap()));
            let change = NumberChange { from: None, to, uses: None, detach: None };
            let result = store.changes(loser, 1, &change).await;
            assert!(matches!(result, PhoneChange::Done(_)), "{}: {result:?}", store.engine);
            assert_eq!(phones(&store, [&ann, &ben]).await, [number(1), number(0)], "{}", store.engine);
        }
    }
}

/// Accounts that take each other's numbers in a circle: no number has two accounts, and no change is half done.
#[tokio::test]
async fn concurrent_changes_in_a_circle_leave_no_half_change() {
    for store in stores() {
        let mut accounts = Vec::new();
        for n in 1..5_u8 {
            accounts.push(store.signed_up(&format!("+861380013800{n}"), n).await);
        }
        let tasks: Vec<_> = (0..4)
            .map(|n| {
                let ((user, session), (next, _)) = (&accounts[n], &accounts[(n + 1) % 4]);
                let (database, change, by) = (Arc::clone(&store.database), take(user, next), authority(session));
                tokio::spawn(async move { database.change_phone(&by, &change, now() + HOUR).await })
            })
            .collect();
        let mut done = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(PhoneChange::Done(changed)) => done.push(changed),
                Ok(PhoneChange::Gone | PhoneChange::Changed) => {}
                other => panic!("{}: {other:?}", store.engine),
            }
        }
        assert!(!done.is_empty(), "{}", store.engine);
        // Each change that was done has taken one number, and has left one free.
        let with_number = i64::try_from(4 - done.len()).unwrap();
        assert_eq!(store.count("users WHERE phone IS NOT NULL"), with_number, "{}", store.engine);
        for changed in done {
            let found = store.database.by_phone(changed.phone.as_ref().unwrap()).await.unwrap();
            let lost = store.count(&format!("users WHERE id = '{}' AND phone IS NULL", changed.id.0));
            assert!(found.is_some_and(|found| found.user.id == changed.id) || lost == 1, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn one_of_many_concurrent_claims_gets_the_number() {
    for store in stores() {
        let (other, _) = store.signed_up("+8613800138000", 1).await;
        let mut tasks = Vec::new();
        for n in 2..10_u8 {
            let (user, session) = store.signed_up(&format!("+861380013800{n}"), n).await;
            let (database, change, by) = (Arc::clone(&store.database), take(&user, &other), authority(&session));
            tasks.push(tokio::spawn(async move { database.change_phone(&by, &change, now() + HOUR).await }));
        }
        let mut done = 0;
        for task in tasks {
            let result: Result<PhoneChange, DependencyError> = task.await.unwrap();
            match result.unwrap() {
                PhoneChange::Done(_) => done += 1,
                PhoneChange::Gone | PhoneChange::Changed | PhoneChange::Taken => {}
            }
        }
        assert_eq!(done, 1, "{}", store.engine);
        let to: Phone = phone("+8613800138000");
        let found = store.database.by_phone(&to).await.unwrap().unwrap();
        assert_ne!(found.user.id, other.id, "{}", store.engine);
        assert_eq!(store.count("users WHERE phone IS NULL"), 1, "{}", store.engine);
    }
}

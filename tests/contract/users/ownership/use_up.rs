//! Acts that are used up, once, by what they allow.

use super::super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, now, number_change, stores,
};
use super::{DAY, HOUR, asked_by, new_act, phone, version};
use doorstep::adapters::database::Database;
use doorstep::domain::pending::{ActKind, Decision, NewPending, PendingId};
use doorstep::domain::session::NewSession;
use doorstep::domain::user::NewUser;
use doorstep::ports::{AccountOwnership, NumberChange, PhoneChange, Users};
use std::sync::Arc;
use uuid::Uuid;

/// Call that uses up an act.
#[derive(Debug, Clone, Copy)]
enum Use {
    SignIn,
    Reset,
    Delete,
    DeleteSignedIn,
    ChangePhone,
    Detach,
}

const USES: [Use; 6] = [Use::SignIn, Use::Reset, Use::Delete, Use::DeleteSignedIn, Use::ChangePhone, Use::Detach];

/// Account, and one session of it.
#[derive(Clone)]
struct Account {
    user: NewUser,
    session: NewSession,
}

impl Account {
    async fn new(store: &Store, n: u8) -> Self {
        let (user, session) = store.signed_up(&format!("+8613800138{n:03}"), n).await;
        Self { user, session }
    }

    /// Act that another session than this one has asked for, or nobody.
    fn act(&self, n: u128) -> NewPending {
        new_act(&self.user, ActKind::SignIn, n)
    }

    /// Does what the act allows. Returns whether the call reports an effect.
    async fn run(&self, database: &Database, with: Use, act: PendingId, n: u8) -> bool {
        let (user, by) = (&self.user, authority(&self.session));
        let proof = code_proof(user).using(Some(act));
        match with {
            Use::SignIn => database.sign_in(&device(user, n), &proof, None, &super::policy()).await.unwrap(),
            Use::Reset => database.reset_password(user.id, &proof, &another_hash(), now()).await.unwrap(),
            Use::Delete => database.delete(user.id, &proof, None, now()).await.unwrap(),
            Use::DeleteSignedIn => database.delete(user.id, &proof, Some(&by), now()).await.unwrap(),
            Use::ChangePhone => {
                let to = phone(&format!("+8613900138{n:03}"));
                let change = NumberChange { uses: Some(act), ..number_change(&user.phone, &to) };
                matches!(database.change_phone(&by, &change, now()).await.unwrap(), PhoneChange::Done(_))
            }
            Use::Detach => {
                let detach = doorstep::ports::Detach { uses: Some(act), ..super::detachment(user) };
                database.detach(&detach, now()).await.unwrap()
            }
        }
    }
}

#[tokio::test]
async fn an_act_is_used_up_by_what_it_allows() {
    for store in stores() {
        for (n, with) in (1..).zip(USES) {
            let account = Account::new(&store, n).await;
            let act = account.act(n.into());
            store.hold_new(&act).await;
            assert!(account.run(&store.database, with, act.id, n + 100).await, "{} {with:?}", store.engine);
            let left = store.count(&format!("pending_acts WHERE id = '{}'", act.id.0));
            assert_eq!(left, 0, "{} {with:?}", store.engine);
        }
    }
}

/// The proof and the authority are valid: only the act is missing.
#[tokio::test]
async fn nothing_is_done_without_an_act_of_the_account_that_was_not_refused() {
    for store in stores() {
        for (n, with) in (1..).zip(USES) {
            let (account, other) = (Account::new(&store, n).await, Account::new(&store, n + 50).await);
            let (own, theirs) = (account.act(n.into()), other.act(u128::from(n) + 50));
            store.hold_new(&own).await;
            store.hold_new(&theirs).await;
            let by = authority(&account.session);
            let (decision, expires_at) = (Decision::Refuse, now() + DAY);
            assert!(store.database.resolve(&by, own.id, decision, now(), expires_at).await.unwrap());
            let before = store.everything();
            for act in [PendingId(Uuid::from_u128(9_999)), theirs.id, own.id] {
                let done = account.run(&store.database, with, act, n + 100).await;
                assert!(!done, "{} {with:?} {act:?}", store.engine);
                assert_eq!(store.everything(), before, "{} {with:?} {act:?}", store.engine);
            }
        }
    }
}

/// Otherwise a wrong code or an old ticket would end an act of the owner.
#[tokio::test]
async fn an_act_stays_if_the_proof_or_the_authority_is_not_valid() {
    for store in stores() {
        for (n, with) in (1..).zip(USES) {
            let account = Account::new(&store, n).await;
            let act = account.act(n.into());
            store.hold_new(&act).await;
            store.execute("UPDATE users SET credentials_version = 1");
            let before = store.everything();
            assert!(!account.run(&store.database, with, act.id, n + 100).await, "{} {with:?}", store.engine);
            assert_eq!(store.everything(), before, "{} {with:?}", store.engine);
            store.execute("UPDATE users SET credentials_version = 0");
        }
    }
}

#[tokio::test]
async fn an_act_that_was_replaced_cannot_be_used() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let act = asked_by(&user, &session, "+8613800138008", 1);
        store.hold_new(&act).await;
        store.hold_new(&asked_by(&user, &session, "+8613800138009", 2)).await;
        let change = NumberChange { uses: Some(act.id), ..number_change(&user.phone, &phone("+8613800138008")) };
        let changed = store.database.change_phone(&authority(&session), &change, now()).await.unwrap();
        assert!(matches!(changed, PhoneChange::Changed), "{} {changed:?}", store.engine);
        assert_eq!(store.count("pending_acts"), 1, "{}", store.engine);
    }
}

#[tokio::test]
async fn one_of_many_concurrent_calls_uses_an_act() {
    for store in stores() {
        for (n, with) in (1..).zip(USES) {
            let account = Account::new(&store, n).await;
            let act = account.act(n.into());
            store.hold_new(&act).await;
            let tasks: Vec<_> = (0..16)
                .map(|call| {
                    let (database, account, id) = (Arc::clone(&store.database), account.clone(), act.id);
                    tokio::spawn(async move { account.run(&database, with, id, 100 + call).await })
                })
                .collect();
            let mut done = 0;
            for task in tasks {
                done += usize::from(task.await.unwrap());
            }
            assert_eq!(done, 1, "{} {with:?}", store.engine);
        }
    }
}

/// The owner refuses an act at the moment when it is used. One of both has an effect, and neither call fails.
#[tokio::test]
async fn an_act_is_either_refused_or_used() {
    for store in stores() {
        for with in USES {
            for round in 1..6_u8 {
                let account = Account::new(&store, round).await;
                let act = account.act(1);
                store.hold_new(&act).await;
                let refusal = {
                    let (database, by) = (Arc::clone(&store.database), authority(&account.session));
                    let expires_at = now() + DAY;
                    tokio::spawn(async move {
                        database.resolve(&by, act.id, Decision::Refuse, now(), expires_at).await.unwrap()
                    })
                };
                let used = {
                    let (database, account) = (Arc::clone(&store.database), account.clone());
                    tokio::spawn(async move { account.run(&database, with, act.id, 200).await })
                };
                let (refused, used) = (refusal.await.unwrap(), used.await.unwrap());
                assert_ne!(refused, used, "{} {with:?}", store.engine);
                store.execute("DELETE FROM pending_acts; DELETE FROM sessions; DELETE FROM users");
            }
        }
    }
}

/// A hold that is concurrent with the use of the earlier act of its kind neither fails nor loses an act.
#[tokio::test]
async fn an_act_is_used_while_another_one_is_asked_for() {
    for store in stores() {
        for with in [Use::SignIn, Use::ChangePhone] {
            for round in 1..6_u8 {
                let account = Account::new(&store, round).await;
                let (act, next) = (account.act(1), account.act(2));
                store.hold_new(&act).await;
                let hold = {
                    let database = Arc::clone(&store.database);
                    tokio::spawn(async move { database.hold(&next).await.unwrap() })
                };
                assert!(account.run(&store.database, with, act.id, 200).await, "{} {with:?}", store.engine);
                let held = hold.await.unwrap();
                let stored = store.count(&format!("pending_acts WHERE id = '{}'", Uuid::from_u128(2)));
                let is_next = held.is_some_and(|held| held.id.0 == Uuid::from_u128(2));
                assert_eq!(stored, i64::from(is_next), "{} {with:?}", store.engine);
                store.execute("DELETE FROM pending_acts; DELETE FROM sessions; DELETE FROM users");
            }
        }
    }
}

/// An approved act is used before it is ready; the adapter leaves this to the rule.
#[tokio::test]
async fn an_approved_act_is_used_once() {
    for store in stores() {
        let account = Account::new(&store, 1).await;
        let act = account.act(1);
        store.hold_new(&act).await;
        let by = authority_at(&account.session, 0);
        assert!(store.database.resolve(&by, act.id, Decision::Approve, now(), now() + HOUR).await.unwrap());
        assert!(account.run(&store.database, Use::SignIn, act.id, 100).await, "{}", store.engine);
        assert!(!account.run(&store.database, Use::SignIn, act.id, 101).await, "{}", store.engine);
        let listed = store.listed(version(&account.user), now()).await;
        assert_eq!(listed, [], "{}", store.engine);
    }
}

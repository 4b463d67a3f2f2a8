//! Reads of sessions that wait together.

use super::plans::counted;
use super::retries::statements;
use super::store::{Store, authority, now, stores};
use chrono::TimeDelta;
use doorstep::domain::session::{NewSession, SessionId};
use doorstep::domain::user::{NewUser, User};
use doorstep::ports::{DependencyError, Users};
use std::sync::Arc;
use tokio::task::JoinHandle;
use uuid::Uuid;

type Owner = Result<Option<User>, DependencyError>;

/// Starts to read a session `later` than now.
fn read(store: &Store, session: SessionId, later: TimeDelta) -> JoinHandle<Owner> {
    let database = Arc::clone(&store.database);
    tokio::spawn(async move { database.by_session(session, now() + later).await })
}

async fn accounts(store: &Store) -> Vec<(NewUser, NewSession)> {
    let mut accounts = Vec::new();
    for n in 1..=20 {
        accounts.push(store.signed_up(&format!("+86138001380{n:02}"), n).await);
    }
    accounts
}

#[tokio::test]
async fn each_read_gets_its_own_result() {
    for store in stores() {
        let accounts = accounts(&store).await;
        let ended = &accounts[3].1;
        assert!(store.database.end_session(&authority(ended), ended.id, now()).await.unwrap());
        let reads: Vec<_> = accounts.iter().map(|(_, session)| read(&store, session.id, TimeDelta::zero())).collect();
        let unknown = read(&store, SessionId(Uuid::from_u128(1)), TimeDelta::zero());
        let session = &accounts[0].1;
        let life = session.expires_at - now();
        let [at_its_end, before] = [life, life - TimeDelta::microseconds(1)].map(|at| read(&store, session.id, at));
        for ((user, session), read) in accounts.iter().zip(reads) {
            let owner = read.await.unwrap().unwrap().map(|owner| owner.id);
            assert_eq!(owner, (session.id != ended.id).then_some(user.id), "{}", store.engine);
        }
        assert!(unknown.await.unwrap().unwrap().is_none());
        assert!(at_its_end.await.unwrap().unwrap().is_none() && before.await.unwrap().unwrap().is_some());
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_fails_only_its_own_read() {
    for store in stores() {
        let accounts = accounts(&store).await;
        let (bad, unreadable) = (accounts[5].0.id, accounts[9].0.id);
        store.execute(&format!("UPDATE users SET gender = 'x' WHERE id = '{}'", bad.0));
        // diesel cannot convert this value: the whole statement fails.
        store.execute(&format!("UPDATE users SET updated_at = 'infinity' WHERE id = '{}'", unreadable.0));
        let reads: Vec<_> = accounts.iter().map(|(_, session)| read(&store, session.id, TimeDelta::zero())).collect();
        for ((user, _), read) in accounts.iter().zip(reads) {
            match read.await.unwrap() {
                Ok(owner) => assert_eq!(owner.map(|owner| owner.id), Some(user.id)),
                Err(error) => {
                    assert!(matches!(error, DependencyError::Broken { .. }), "{error}");
                    assert!(user.id == bad || user.id == unreadable, "{}: {error}", store.engine);
                }
            }
        }
    }
}

#[tokio::test]
async fn reads_that_wait_become_few_statements() {
    let store = counted();
    let (_, session) = store.signed_up("+8613800138000", 1).await;
    read(&store, session.id, TimeDelta::zero()).await.unwrap().unwrap();
    let before = statements(&store);
    let reads: Vec<_> = (0..100).map(|_| read(&store, session.id, TimeDelta::zero())).collect();
    for read in reads {
        assert!(read.await.unwrap().unwrap().is_some());
    }
    let count = statements(&store) - before;
    // Two threads take one each, and then at most 64.
    assert!(count <= 10, "{count} statements for 100 reads");
}

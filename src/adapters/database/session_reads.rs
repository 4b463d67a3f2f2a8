//! Reads of sessions: those that wait together become one statement.

use super::conditions::user;
use super::engine::AnyConnection;
use super::fault::Fault;
use super::pool::{BlockingPool, QUERY_TIMEOUT, QUEUE, in_time};
use super::prepared::fixed;
use super::rows::UserRow;
use super::schema::{sessions, users};
use crate::adapters::workers::{Answer, Workers, caught};
use crate::domain::user::User;
use crate::ports::{Dependency, DependencyError};
use chrono::NaiveDateTime;
use diesel::{
    ExpressionMethods, OptionalExtension, PgConnection, QueryDsl, QueryResult, RunQueryDsl, SelectableHelper,
    SqliteConnection,
};
use std::slice;
use std::sync::Arc;
use std::time::Instant;

/// Maximum number of statements at the same time. While these run, further reads wait and become the next statement.
pub(super) const THREADS: u32 = 2;
/// Maximum number of sessions of a statement.
const BATCH: usize = 64;

/// Reads the owners of sessions.
pub(super) struct SessionReads(Arc<Workers<Read>>);

/// A session, and the time at which it must be active.
#[derive(Clone)]
pub(super) struct Key {
    pub session: String,
    pub at: NaiveDateTime,
}

struct Read {
    key: Key,
    deadline: Instant,
    answer: Answer<Option<User>>,
}

type Owner = Result<Option<User>, DependencyError>;

impl SessionReads {
    pub fn new(pool: &BlockingPool, threads: u32) -> Self {
        let (connections, width) = (pool.connections(), usize::try_from(threads).unwrap_or(usize::MAX));
        let owners = move |keys: &[Key], deadline| {
            let statement = || connections.run(deadline, |connection, _| owners(connection, keys));
            caught(Dependency::Database, statement).flatten()
        };
        let run = move |reads| answer(reads, &owners);
        Self(Workers::new(Dependency::Database, [width, QUEUE, BATCH], run))
    }

    /// Returns the owner of a session within [`QUERY_TIMEOUT`].
    pub async fn owner(&self, key: Key) -> Owner {
        let deadline = Instant::now() + QUERY_TIMEOUT;
        in_time(deadline, self.0.perform(|answer| Read { key, deadline, answer })).await
    }
}

/// Gives each read its own result.
fn answer(reads: Vec<Read>, owners: &impl Fn(&[Key], Instant) -> Result<Vec<Owner>, DependencyError>) {
    // The callers of the others stop waiting before.
    let Some(latest) = reads.iter().map(|read| read.deadline).max() else { return };
    let keys: Vec<Key> = reads.iter().map(|read| read.key.clone()).collect();
    let results = match owners(&keys, latest) {
        Ok(results) => results,
        // The row of one session may be the cause.
        Err(DependencyError::Broken { .. }) if keys.len() > 1 => {
            let alone =
                |key| owners(slice::from_ref(key), latest).and_then(|mut owners| owners.pop().unwrap_or(Ok(None)));
            keys.iter().map(alone).collect()
        }
        Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
    };
    for (read, result) in reads.into_iter().zip(results) {
        // The caller may have stopped waiting.
        let _ = read.answer.send(result);
    }
}

fn owners(connection: &mut AnyConnection, keys: &[Key]) -> Result<Vec<Owner>, Fault> {
    let rows = match connection {
        AnyConnection::Postgres(postgres) => by_any(postgres, keys),
        // There is no round trip to save.
        AnyConnection::Sqlite(sqlite) => keys.iter().map(|key| by_session(sqlite, key)).collect(),
    };
    let rows = rows.map_err(|error| Fault::new(connection, &error))?;
    Ok(rows.into_iter().map(|row| row.map(user).transpose().map_err(DependencyError::from)).collect())
}

fn by_session(connection: &mut SqliteConnection, key: &Key) -> QueryResult<Option<UserRow>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(&key.session))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(key.at))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()
}

/// Does the same for many sessions with one statement, in the order of the keys.
fn by_any(connection: &mut PgConnection, keys: &[Key]) -> QueryResult<Vec<Option<UserRow>>> {
    let ids: Vec<&str> = keys.iter().map(|key| key.session.as_str()).collect();
    let owners = sessions::table
        .inner_join(users::table)
        // One array: the text does not depend on the number of the keys.
        .filter(sessions::id.eq_any(ids))
        .filter(sessions::revoked_at.is_null())
        .select((sessions::id, sessions::expires_at, UserRow::as_select()));
    let rows: Vec<(String, NaiveDateTime, UserRow)> = fixed!(owners).load(connection)?;
    let is_of =
        |key: &Key, (id, expires_at, _): &&(String, NaiveDateTime, _)| *id == key.session && *expires_at > key.at;
    Ok(keys.iter().map(|key| rows.iter().find(|row| is_of(key, row)).map(|(.., row)| row.clone())).collect())
}

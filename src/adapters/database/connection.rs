//! Creates connections to the engine of the database URL.

use super::address::Address;
use super::engine::AnyConnection;
use super::fault::{connect_error, reason};
use diesel::connection::SimpleConnection;
use diesel::r2d2::R2D2Connection;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use std::path::Path;

/// Why no connection was created. For logs and operators; contains no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

impl Address {
    /// Opens a connection for queries.
    pub(super) fn connect(&self) -> Result<AnyConnection, ConnectError> {
        match self {
            Self::Sqlite(path) => sqlite(path).map(AnyConnection::Sqlite),
            Self::Postgres(url) => {
                let mut connection = postgres(url)?;
                prepare(&mut connection, POSTGRES_SESSION)?;
                Ok(AnyConnection::Postgres(connection))
            }
        }
    }
}

/// Settings of each SQLite connection.
///
/// - WAL: connections read while one connection writes.
/// - FULL: a write is on disk before the client gets the response. With NORMAL, a power failure loses the last
///   sign-ups.
/// - The timeout (milliseconds) is for locks of other processes: in this process, only one connection writes.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON;";

/// Settings of each PostgreSQL connection. The server ends a statement that waits for a lock or runs too long before
/// its caller times out.
const POSTGRES_SESSION: &str = "SET statement_timeout = '2s'";

/// Opens an existing file; with `mode=rw`, SQLite does not create one.
pub(super) fn sqlite(path: &Path) -> Result<SqliteConnection, ConnectError> {
    let path = path.to_str().unwrap_or_default();
    // These two characters have a special meaning in a `file:` URI or in diesel (`:memory:`).
    let uri = format!("file:{}?mode=rw", path.replace('%', "%25").replace(':', "%3a"));
    let mut connection = SqliteConnection::establish(&uri).map_err(|error| ConnectError(error.to_string()))?;
    prepare(&mut connection, SQLITE_SESSION)?;
    Ok(connection)
}

pub(super) fn postgres(url: &str) -> Result<PgConnection, ConnectError> {
    PgConnection::establish(url).map_err(|error| ConnectError(connect_error(&error)))
}

fn prepare(connection: &mut impl SimpleConnection, statements: &str) -> Result<(), ConnectError> {
    connection.batch_execute(statements).map_err(|error| ConnectError(reason(&error)))
}

/// Creates connections for the r2d2 pool.
pub(super) struct Manager(pub Address);

impl r2d2::ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = ConnectError;

    fn connect(&self) -> Result<AnyConnection, ConnectError> {
        self.0.connect()
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), ConnectError> {
        connection.ping().map_err(|error| ConnectError(reason(&error)))
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

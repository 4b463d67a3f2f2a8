//! One connection, of the one engine that the URL names.

use super::address::Address;
use super::engine::AnyConnection;
use super::fault::{connect_error, reason};
use diesel::connection::SimpleConnection;
use diesel::r2d2::R2D2Connection;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use std::path::Path;

/// Why no connection was made; for logs and operators, without secrets.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

impl Address {
    /// A connection to serve with.
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

/// - WAL: readers go on while one writes.
/// - FULL: what was answered has reached the disk; with NORMAL a power cut takes the last sign-ups back.
/// - The timeout (milliseconds) is for other processes: in this one a single connection writes.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON;";

/// A statement that waits for a lock, or runs wild, ends at the server before its caller gives up.
const POSTGRES_SESSION: &str = "SET statement_timeout = '2s'";

/// Opens a file that is there; `mode=rw` keeps SQLite from making one.
pub(super) fn sqlite(path: &Path) -> Result<SqliteConnection, ConnectError> {
    let path = path.to_str().unwrap_or_default();
    // The two characters that mean something else in a `file:` URI or to diesel (`:memory:`).
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

/// Makes connections for r2d2.
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

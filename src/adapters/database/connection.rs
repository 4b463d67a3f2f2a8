//! Creates connections to the engine of the database URL.

use super::address::{Address, PostgresUrl};
use super::engine::AnyConnection;
use super::fault::{connect_error, reason};
use super::sqlite_error;
use diesel::connection::{CacheSize, SimpleConnection};
use diesel::sql_types::Bool;
use diesel::{Connection as _, PgConnection, RunQueryDsl, SqliteConnection, select};
use doorstep_libpq::Socket;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Reason why no connection was created. For logs and operators; contains no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

impl ConnectError {
    pub(super) const fn new(reason: String) -> Self {
        Self(reason)
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

/// Opens an existing file; with `mode=rw`, SQLite does not create one.
pub(super) fn sqlite(path: &Path) -> Result<SqliteConnection, ConnectError> {
    let path = path.to_str().unwrap_or_default();
    // These two characters have a special meaning in a `file:` URI or in diesel (`:memory:`).
    let uri = format!("file:{}?mode=rw", path.replace('%', "%25").replace(':', "%3a"));
    let mut connection =
        SqliteConnection::establish(&uri).map_err(|error| ConnectError(sqlite_reason(&error.to_string())))?;
    connection.batch_execute(SQLITE_SESSION).map_err(|error| ConnectError(sqlite_reason(&reason(&error))))?;
    Ok(connection)
}

fn sqlite_reason(message: &str) -> String {
    sqlite_error::remedy(message).map_or_else(|| message.to_owned(), |remedy| format!("{message} ({remedy})"))
}

pub(super) fn postgres(url: &str) -> Result<PgConnection, ConnectError> {
    PgConnection::establish(url).map_err(|error| ConnectError(connect_error(&error)))
}

/// Opens connections for queries.
pub(super) struct Connector {
    address: Address,
    /// Set when a pooler is found between this process and the server.
    is_pooled: AtomicBool,
}

/// An attempt that failed sooner was refused; a later one found nobody.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);

impl Connector {
    pub const fn new(address: Address) -> Self {
        Self { address, is_pooled: AtomicBool::new(false) }
    }

    pub fn connect(&self, socket: &Socket) -> Result<AnyConnection, ConnectError> {
        match &self.address {
            Address::Sqlite(path) => sqlite(path).map(AnyConnection::Sqlite),
            Address::Postgres(url) => self.postgres(url, socket).map(AnyConnection::Postgres),
        }
    }

    fn postgres(&self, url: &PostgresUrl, socket: &Socket) -> Result<PgConnection, ConnectError> {
        if !self.is_pooled.load(Ordering::Relaxed) {
            let started = Instant::now();
            match own_session(url, socket) {
                Ok(Some(connection)) => return Ok(connection),
                Err(error) if started.elapsed() > REFUSED_WITHIN => return Err(error),
                Err(error) => {
                    // Poolers refuse the settings of a session. So does a server that is just starting, any settings.
                    socket.opened_by(|| postgres(&url.plain)).map_err(|_| error)?;
                    if let Ok(Some(connection)) = own_session(url, socket) {
                        return Ok(connection);
                    }
                }
                Ok(None) => {}
            }
            self.is_pooled.store(true, Ordering::Relaxed);
            tracing::info!("database pooler found: no prepared statements, and no statement timeout of the session");
        }
        let mut connection = socket.opened_by(|| postgres(&url.plain))?;
        // The next statement may run on another connection of the pooler to the server.
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        Ok(connection)
    }
}

/// Connects with the settings of a session. Returns `None` if the server did not get them.
fn own_session(url: &PostgresUrl, socket: &Socket) -> Result<Option<PgConnection>, ConnectError> {
    let mut connection = socket.opened_by(|| postgres(&url.with_session))?;
    let has_settings = diesel::dsl::sql::<Bool>("coalesce(current_setting('doorstep.session', true) = 'on', false)");
    let has_settings =
        select(has_settings).get_result(&mut connection).map_err(|error| ConnectError(reason(&error)))?;
    Ok(Some(connection).filter(|_| has_settings))
}

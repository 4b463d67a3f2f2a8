//! One connection type for both database engines.

use diesel::{PgConnection, SqliteConnection};

/// Connection to SQLite or to PostgreSQL, behind one set of queries. Only [`super::address::Address::connect`] creates
/// it: `establish`, which diesel derives, tries one engine after the other.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Backend type of [`AnyConnection`]: both engines.
pub(super) type Backend = <AnyConnection as diesel::Connection>::Backend;

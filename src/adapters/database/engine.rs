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

/// Executes a statement on the connection of its engine, and not on the common type: that writes the text of the
/// statement two or three times at each execution, also if the engine has it prepared.
macro_rules! on_engine {
    ($connection:expr, $engine:ident => $run:expr) => {
        match $connection {
            $crate::adapters::database::engine::AnyConnection::Sqlite($engine) => $run,
            $crate::adapters::database::engine::AnyConnection::Postgres($engine) => $run,
        }
    };
}

pub(super) use on_engine;

//! Brings the tables to the shape that this program expects. The migrations are part of the binary.

use super::address::Address;
use super::connection;
use super::engine::AnyConnection;
use super::error::StartError;
use super::fault::{Fault, broken};
use super::schema::applied_migrations;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, Result as DieselResult};
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, QueryDsl, RunQueryDsl, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::fs::OpenOptions;
use std::path::Path;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Runs what has not run yet and answers its names, oldest first. Each migration is applied as a whole or not at all.
///
/// Any number of processes may call it at once: one works, the others wait for it. A SQLite file is created if its
/// folder exists. On PostgreSQL it needs a session of its own, so not a pooler that shares them between transactions.
///
/// # Errors
/// A sentence for the operator, without secrets.
pub fn run(url: &str) -> Result<Vec<String>, StartError> {
    match Address::parse(url)? {
        Address::Sqlite(path) => {
            create_file(&path)?;
            let connection = connection::sqlite(&path).map_err(|error| StartError::Connect(error.to_string()))?;
            run_sqlite(connection)
        }
        Address::Postgres(url) => {
            let connection = connection::postgres(&url).map_err(|error| StartError::Connect(error.to_string()))?;
            run_postgres(connection)
        }
    }
    .map_err(|error| StartError::Migration(error.to_string()))
}

/// It will hold password hashes: for its owner only.
fn create_file(path: &Path) -> Result<(), StartError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StartError::Create { path: path.to_owned(), reason: error.kind() }),
    }
}

/// Rebuilding a table, SQLite's way to change one, drops the old one: with foreign keys on, that would delete all that
/// refers to it.
fn run_sqlite(mut connection: SqliteConnection) -> DieselResult<Vec<String>> {
    connection.batch_execute("PRAGMA foreign_keys = OFF")?;
    connection.immediate_transaction(|connection| apply(connection, SQLITE))
}

/// The number is arbitrary and belongs to this program in its database. The lock ends with the session.
fn run_postgres(mut connection: PgConnection) -> DieselResult<Vec<String>> {
    let lock = i64::from_be_bytes(*b"doorstep");
    connection.batch_execute(&format!("SET lock_timeout = '60s'; SELECT pg_advisory_lock({lock})"))?;
    apply(&mut connection, POSTGRES)
}

fn apply<C, B>(connection: &mut C, source: EmbeddedMigrations) -> DieselResult<Vec<String>>
where
    C: MigrationHarness<B>,
    B: Backend,
{
    let mut done = Vec::new();
    for migration in connection.pending_migrations(source)? {
        let name = migration.name().to_string();
        connection.run_migration(&migration).map_err(|error| format!("{name}: {error}"))?;
        done.push(name);
    }
    Ok(done)
}

/// What [`run`] would run. Only reads, so that a health check may ask.
pub(super) fn pending(connection: &mut AnyConnection) -> Result<Vec<String>, Fault> {
    let applied = match applied_migrations::table.select(applied_migrations::version).load::<String>(connection) {
        Ok(applied) => applied,
        // "no such table" or "relation … does not exist", in whatever language: it names the table.
        Err(error) if error.to_string().contains("__diesel_schema_migrations") => Vec::new(),
        Err(error) => return Err(Fault::new(connection, &error)),
    };
    // Both engines have the same names.
    let known: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().map_err(|error| broken(error.to_string()))?;
    let names = known.iter().map(Migration::name);
    Ok(names.filter(|name| !applied.contains(&name.version().to_string())).map(ToString::to_string).collect())
}

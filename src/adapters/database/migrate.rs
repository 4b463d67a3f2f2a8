//! Migrates the database to the schema of this version. The migrations are part of the binary.

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

/// Applies the pending migrations and returns their names, oldest first. Each migration is applied completely or not at
/// all.
///
/// Several processes may call it at the same time: one migrates, the others wait. A SQLite file is created if its
/// folder exists. On PostgreSQL it needs its own session, so it does not work through a pooler in transaction mode.
///
/// # Errors
/// The text is for the operator and contains no secret.
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

/// Creates the file, readable only by its owner, because it will contain password hashes.
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

/// Migrates SQLite with foreign keys off. SQLite changes a table by creating a new one and dropping the old one; with
/// foreign keys on, the drop would delete all rows that refer to it.
fn run_sqlite(mut connection: SqliteConnection) -> DieselResult<Vec<String>> {
    connection.batch_execute("PRAGMA foreign_keys = OFF")?;
    connection.immediate_transaction(|connection| apply(connection, SQLITE))
}

/// Migrates PostgreSQL under an advisory lock. The number of the lock is arbitrary but fixed. The lock ends with the
/// session.
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
    let mut applied = Vec::new();
    for migration in connection.pending_migrations(source)? {
        let name = migration.name().to_string();
        connection.run_migration(&migration).map_err(|error| format!("{name}: {error}"))?;
        applied.push(name);
    }
    Ok(applied)
}

/// Returns the names of the migrations that [`run`] would apply. Only reads, so that a health check can call it.
pub(super) fn pending(connection: &mut AnyConnection) -> Result<Vec<String>, Fault> {
    let applied = match applied_migrations::table.select(applied_migrations::version).load::<String>(connection) {
        Ok(applied) => applied,
        // "no such table" or "relation … does not exist". The text may be in any language, but it names the table.
        Err(error) if error.to_string().contains("__diesel_schema_migrations") => Vec::new(),
        Err(error) => return Err(Fault::new(connection, &error)),
    };
    // Both engines have migrations with the same names.
    let known: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().map_err(|error| broken(error.to_string()))?;
    let names = known.iter().map(Migration::name);
    Ok(names.filter(|name| !applied.contains(&name.version().to_string())).map(ToString::to_string).collect())
}

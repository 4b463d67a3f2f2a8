//! Migrates the database to the schema of this version. The migrations are part of the binary.

use super::address::Address;
use super::connection;
use super::engine::AnyConnection;
use super::error::StartError;
use super::fault::{Fault, broken};
use super::requirements;
use super::schema::applied_migrations;
use crate::ports::DependencyError;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource, Result as DieselResult};
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, QueryDsl, RunQueryDsl, SqliteConnection, select};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use doorstep_libpq::SqlState;
use std::fs::OpenOptions;
use std::path::Path;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies the pending migrations and returns their names, oldest first. Each migration is applied completely or not at
/// all.
///
/// Several processes may call it at the same time: one migrates, the others wait. A SQLite file is created if its
/// folder exists.
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
            let connection =
                connection::postgres(&url.plain).map_err(|error| StartError::Connect(error.to_string()))?;
            run_postgres(AnyConnection::Postgres(connection))
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

/// Row that one migration locks, so that the others wait. A row works in one transaction, on every server that speaks
/// PostgreSQL and through every pooler; an advisory lock needs a session of its own.
const LOCK_TABLE: &str = "CREATE TABLE IF NOT EXISTS doorstep_migration_lock (id INTEGER PRIMARY KEY); \
    INSERT INTO doorstep_migration_lock VALUES (1) ON CONFLICT DO NOTHING";
/// Waits for the row. The timeouts of the role are for requests.
const LOCK: &str = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0; \
    SELECT id FROM doorstep_migration_lock WHERE id = 1 FOR UPDATE";

/// Migrates PostgreSQL in one transaction. A database that is migrated needs no privilege beyond reading.
fn run_postgres(mut connection: AnyConnection) -> DieselResult<Vec<String>> {
    if let AnyConnection::Postgres(postgres) = &mut connection
        && let Some(problem) = requirements::server_problem(postgres)?
    {
        return Err(problem.into());
    }
    let is_migrated = pending(&mut connection).map_err(DependencyError::from)?.is_empty();
    match connection {
        AnyConnection::Postgres(mut connection) if !is_migrated => apply_locked(&mut connection).map_err(|error| {
            let is_denied = SqlState::take_last().is_some_and(|state| state.as_str() == "42501");
            match requirements::missing_ownership(&mut connection) {
                Ok(reason) if is_denied => format!("{error}: {reason}").into(),
                _ => error,
            }
        }),
        _ => Ok(Vec::new()),
    }
}

fn apply_locked(connection: &mut PgConnection) -> DieselResult<Vec<String>> {
    // Of concurrent creations, all but one fail; the table exists then.
    if let Err(error) = connection.batch_execute(LOCK_TABLE) {
        connection.batch_execute("SELECT id FROM doorstep_migration_lock").map_err(|_| error)?;
    }
    // Read committed: the list of migrations is read after the wait.
    connection.build_transaction().read_committed().run(|connection| {
        connection.batch_execute(LOCK)?;
        apply(connection, POSTGRES)
    })
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
    let versions = match applied(connection) {
        Ok(versions) => versions,
        // Another process may have created the table since.
        Err(_) if has_table(connection)? => applied(connection)?,
        Err(_) => Vec::new(),
    };
    // Both engines have migrations with the same names.
    let known: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().map_err(|error| broken(error.to_string()))?;
    let names = known.iter().map(Migration::name);
    Ok(names.filter(|name| !versions.contains(&name.version().to_string())).map(ToString::to_string).collect())
}

fn applied(connection: &mut AnyConnection) -> Result<Vec<String>, Fault> {
    let applied = applied_migrations::table.select(applied_migrations::version).load(connection);
    applied.map_err(|error| Fault::new(connection, &error))
}

/// Returns whether the table of the migrations exists, also if the role may not read it.
fn has_table(connection: &mut AnyConnection) -> Result<bool, Fault> {
    let exists = match connection {
        AnyConnection::Sqlite(_) => "EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')",
        AnyConnection::Postgres(_) => "to_regclass('__diesel_schema_migrations') IS NOT NULL",
    };
    let exists = select(sql::<Bool>(exists)).get_result(connection);
    exists.map_err(|error| Fault::new(connection, &error))
}

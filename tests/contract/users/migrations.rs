//! Migrations, and errors for invalid database URLs.

use super::store::{Store, new_user, now, open, postgres_store, refresh_with, sqlite_store, stores};
use crate::support::process::free_port;
use diesel::backend::Backend;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use doorstep::adapters::database::{Database, Settings, StartError, migrate};
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::ports::{Created, Refreshed, Users};
use std::path::Path;
use std::time::{Duration, Instant};

fn names(engine: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.collect();
    names.sort();
    names
}

#[test]
fn both_engines_have_the_same_migrations() {
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

fn revert_all<B: Backend>(engine: &str, connection: &mut impl MigrationHarness<B>) {
    let source = FileBasedMigrations::from_path(format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR")));
    connection.revert_all_migrations(source.unwrap()).unwrap();
}

fn revert_all_of(store: &Store) {
    match store.engine {
        "sqlite" => revert_all("sqlite", &mut store.sqlite()),
        _ => revert_all("postgres", &mut store.postgres()),
    }
}

#[tokio::test]
async fn migrations_run_up_and_down_and_up_again() {
    for store in stores() {
        assert_eq!(store.database.pending().await.unwrap(), [""; 0], "{}", store.engine);
        assert_eq!(migrate::run(&store.url).unwrap(), [""; 0]);
        revert_all_of(&store);
        assert_eq!(store.database.pending().await.unwrap(), names(store.engine));
        assert_eq!(migrate::run(&store.url).unwrap(), names(store.engine));
        assert_eq!(store.database.pending().await.unwrap(), [""; 0]);
        let (user, session) = new_user("+8613800138000", 1);
        assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
    }
}

/// Drops the tables that no migration creates.
fn drop_migrations(store: &Store) {
    store.execute("DROP TABLE __diesel_schema_migrations; DROP TABLE IF EXISTS doorstep_migration_lock");
}

fn revert_last<B: Backend>(engine: &str, connection: &mut impl MigrationHarness<B>) {
    let source = FileBasedMigrations::from_path(format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR")));
    connection.revert_last_migration(source.unwrap()).unwrap();
}

#[tokio::test]
async fn sessions_survive_a_migration_of_their_table() {
    for store in stores() {
        let (user, session) = new_user("+8613800138000", 1);
        store.database.create(&user, &session).await.unwrap();
        let migrations = [
            "2026-11-21-000001_remember_replays",
            "2026-11-29-000001_bind_sessions",
            "2026-11-30-000001_record_consents",
            "2026-11-30-000002_create_pending_acts",
            "2026-11-30-000003_store_client_ids",
        ];
        for _ in migrations {
            match store.engine {
                "sqlite" => revert_last("sqlite", &mut store.sqlite()),
                _ => revert_last("postgres", &mut store.postgres()),
            }
        }
        assert_eq!(store.count("sessions WHERE replay_streak = 0"), 1, "{}", store.engine);
        assert_eq!(migrate::run(&store.url).unwrap(), migrations);
        let presented = Generation { session: session.id, number: 0 };
        let result =
            open(&store.url).refresh(&refresh_with(presented), now(), &SessionPolicy::default()).await.unwrap();
        assert!(matches!(result, Refreshed::Yes { number: 1, .. }), "{}: {result:?}", store.engine);
    }
}

#[tokio::test]
async fn an_empty_database_reports_all_migrations_as_pending_and_stays_empty() {
    for store in stores() {
        revert_all_of(&store);
        drop_migrations(&store);
        assert_eq!(store.database.pending().await.unwrap(), names(store.engine), "{}", store.engine);
        let tables = match store.engine {
            "sqlite" => "sqlite_master WHERE type = 'table'",
            _ => "pg_tables WHERE schemaname = 'public'",
        };
        assert_eq!(store.count(tables), 0);
    }
}

#[test]
fn of_ten_concurrent_runs_each_migration_runs_once() {
    for store in [sqlite_store(), postgres_store()] {
        revert_all_of(&store);
        drop_migrations(&store);
        let ran: usize = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..10).map(|_| scope.spawn(|| migrate::run(&store.url).unwrap().len())).collect();
            runs.into_iter().map(|run| run.join().unwrap()).sum()
        });
        assert_eq!(ran, names(store.engine).len(), "{}", store.engine);
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_sqlite_file() {
    use std::os::unix::fs::PermissionsExt;
    let store = sqlite_store();
    let mode = std::fs::metadata(store.url.trim_start_matches("sqlite://")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_invalid_url_is_rejected_and_creates_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db").display().to_string();
    let error = |url: &str| Database::open(url, Settings { connections: 4 }).err().unwrap();

    assert!(matches!(error(&format!("sqlite://{path}")), StartError::Missing(_)));
    assert!(matches!(error(&format!("sqlit://{path}")), StartError::Scheme));
    assert!(matches!(error(&path), StartError::Scheme));
    assert!(matches!(migrate::run(&path), Err(StartError::Scheme)));
    let no_folder = format!("sqlite://{}/none/users.db", folder.path().display());
    assert!(matches!(migrate::run(&no_folder), Err(StartError::Create { .. })));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn names_with_a_meaning_in_sqlite_urls_are_file_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in [":memory:", "50%25 off.db", "用户.db"] {
        let url = format!("sqlite://{}/{name}", folder.path().display());
        assert_eq!(migrate::run(&url).unwrap(), names("sqlite"), "{name}");
        assert!(folder.path().join(name).metadata().unwrap().len() > 0, "{name}");
        open(&url);
    }
}

#[test]
fn migrating_a_postgres_that_is_down_fails_within_three_seconds_with_a_reason() {
    let start = Instant::now();
    let url = format!("postgres://u:open-sesame@127.0.0.1:{}/d", free_port());
    let error = migrate::run(&url).unwrap_err().to_string();
    assert!(error.contains("Connection refused") && !error.contains("sesame"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

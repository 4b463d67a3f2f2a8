//! `doorstep migrate`, and servers on a database without migrations.

use crate::client::Client;
use crate::databases::empty_database;
use crate::doorstep::{Doorstep, Folder};

#[test]
fn migrate_creates_the_sqlite_file_and_a_second_run_does_nothing() {
    let folder = Folder::new();
    for (path, vars) in [("data/doorstep.sqlite3", &[][..]), ("users.db", &[("DATABASE_URL", "sqlite://users.db")])] {
        let first = folder.run(&["migrate"], vars);
        assert_eq!((first.status, first.stderr.as_str()), (Some(0), ""), "{}", first.stdout);
        assert!(folder.path(path).is_file() && !first.stdout.contains("\n0 migrations run"), "{}", first.stdout);
        let second = folder.run(&["migrate"], vars);
        assert_eq!((second.status, second.stdout.as_str()), (Some(0), "0 migrations run\n"));
    }
    let elsewhere = folder.run(&["migrate"], &[("DATABASE_URL", "sqlite://no/such/folder/users.db")]);
    assert_eq!(elsewhere.status, Some(1));
    assert!(elsewhere.stderr.contains("no/such/folder/users.db"), "{}", elsewhere.stderr);
}

#[test]
fn migrate_runs_once_on_postgresql_and_hides_the_password() {
    let (folder, database) = (Folder::new(), empty_database());
    let vars = [("DATABASE_URL", database.as_str())];
    let (first, second) = (folder.run(&["migrate"], &vars), folder.run(&["migrate"], &vars));
    assert_eq!((first.status, first.stderr.as_str()), (Some(0), ""), "{}", first.stdout);
    assert!(!first.stdout.starts_with('0'), "{}", first.stdout);
    assert_eq!((second.status, second.stdout.as_str()), (Some(0), "0 migrations run\n"));
    assert!(!folder.run(&["migrate"], &[("DATABASE_URL", "postgres://u:hush@127.0.0.1:1/d")]).stderr.contains("hush"));
}

#[actix_web::test]
async fn ten_servers_that_start_at_once_on_an_empty_database_all_become_ready() {
    let (folder, database) = (Folder::new(), empty_database());
    let keys = folder.keygen();
    let vars = [
        ("DATABASE_URL", database.as_str()),
        ("MIGRATE_ON_START", "true"),
        ("JWT_KEYS", &keys[0]),
        ("SECRET_KEY", &keys[1]),
        ("WORKERS", "1"),
    ];
    let all: Vec<Doorstep> = (0..10).map(|_| folder.start(&vars)).collect();
    for doorstep in &all {
        Client::new(&doorstep.url()).wait_for_readiness("ready").await;
    }
    let outputs = all.into_iter().map(Doorstep::complete_output);
    let migrated = outputs.filter(|lines| lines.iter().any(|line| line.contains("migration applied")));
    assert_eq!(migrated.count(), 1, "one server migrates, the others wait");
}

#[actix_web::test]
async fn a_server_logs_that_it_waits_for_the_migration() {
    let (folder, database) = (Folder::new(), empty_database());
    let vars = [("DATABASE_URL", database.as_str())];
    let doorstep = folder.start(&vars);
    let line = doorstep.line("database not migrated: run `doorstep migrate`");
    assert!(line.contains("ERROR"), "{line}");
    let client = Client::new(&doorstep.url());
    let response = client.get("/readyz").await;
    let (status, code) = (response.status, response.body["code"].as_str());
    assert_eq!((status, code), (503, Some("dependency_unavailable")), "{response:?}");
    assert_eq!(client.get("/healthz").await.status, 200);
    assert_eq!(folder.run(&["migrate"], &vars).status, Some(0));
    client.wait_for_readiness("ready").await;
}

//! `doorstep migrate`, and databases that lack it.

use crate::client::Client;
use crate::doorstep::{Doorstep, Folder};
use crate::servers::empty_database;

#[test]
fn the_sqlite_file_is_made_and_the_second_run_finds_nothing_to_do() {
    let folder = Folder::new();
    for (place, vars) in [("data/doorstep.sqlite3", &[][..]), ("users.db", &[("DATABASE_URL", "sqlite://users.db")])] {
        let first = folder.run(&["migrate"], vars);
        assert_eq!((first.status, first.err.as_str()), (Some(0), ""), "{}", first.out);
        assert!(folder.path(place).is_file() && !first.out.contains("\n0 migrations run"), "{}", first.out);
        let second = folder.run(&["migrate"], vars);
        assert_eq!((second.status, second.out.as_str()), (Some(0), "0 migrations run\n"));
    }
    let elsewhere = folder.run(&["migrate"], &[("DATABASE_URL", "sqlite://no/such/folder/users.db")]);
    assert_eq!(elsewhere.status, Some(1));
    assert!(elsewhere.err.contains("no/such/folder/users.db"), "{}", elsewhere.err);
}

#[test]
fn postgresql_is_migrated_once() {
    let (folder, database) = (Folder::new(), empty_database());
    let vars = [("DATABASE_URL", database.as_str())];
    let (first, second) = (folder.run(&["migrate"], &vars), folder.run(&["migrate"], &vars));
    assert_eq!((first.status, first.err.as_str()), (Some(0), ""), "{}", first.out);
    assert!(!first.out.starts_with('0'), "{}", first.out);
    assert_eq!((second.status, second.out.as_str()), (Some(0), "0 migrations run\n"));
    assert!(!folder.run(&["migrate"], &[("DATABASE_URL", "postgres://u:hush@127.0.0.1:1/d")]).err.contains("hush"));
}

#[actix_web::test]
async fn ten_that_start_at_once_on_an_empty_database_all_get_ready() {
    let (folder, database) = (Folder::new(), empty_database());
    let keys = [folder.run(&["keygen"], &[]).out, folder.run(&["keygen", "--secret-key"], &[]).out];
    let vars = [
        ("DATABASE_URL", database.as_str()),
        ("MIGRATE_ON_START", "true"),
        ("JWT_KEYS", &keys[0]),
        ("SECRET_KEY", &keys[1]),
        ("WORKERS", "1"),
    ];
    let all: Vec<Doorstep> = (0..10).map(|_| folder.start(&vars)).collect();
    for doorstep in &all {
        Client::new(&doorstep.url()).wait_for_readiness(200).await;
    }
    let migrated = |doorstep: &&Doorstep| doorstep.output().iter().any(|line| line.contains("migration applied"));
    assert_eq!(all.iter().filter(migrated).count(), 1, "one works, the others wait");
}

#[actix_web::test]
async fn a_server_waits_for_the_migration_and_says_so() {
    let (folder, database) = (Folder::new(), empty_database());
    let vars = [("DATABASE_URL", database.as_str())];
    let doorstep = folder.start(&vars);
    let line = doorstep.line("database not migrated: run `doorstep migrate`");
    assert!(line.contains("ERROR"), "{line}");
    let client = Client::new(&doorstep.url());
    let answer = client.get("/readyz").await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("dependency_unavailable")), "{answer:?}");
    assert_eq!(client.get("/healthz").await.status, 200);
    assert_eq!(folder.run(&["migrate"], &vars).status, Some(0));
    client.wait_for_readiness(200).await;
}

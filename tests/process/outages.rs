//! Readiness while Redis and PostgreSQL are down, or accept no writes.

use crate::client::Client;
use crate::doorstep::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;

#[actix_web::test]
async fn a_server_listens_at_once_and_becomes_ready_when_its_stores_start() {
    let (folder, mut redis, postgres) = (Folder::new(), OwnRedis::new(), OwnPostgres::start_new());
    let (redis_url, database_url) = (redis.url(), postgres.url("postgres"));
    let vars = [("REDIS_URL", redis_url.as_str()), ("DATABASE_URL", &database_url)];
    assert_eq!(folder.run(&["migrate"], &vars).status, Some(0));
    redis.kill();
    postgres.kill();

    let doorstep = folder.start(&vars);
    let client = Client::new(&doorstep.url());
    doorstep.line("not ready");
    for _ in 0..2 {
        assert_eq!(client.get("/healthz").await.status, 200);
        let readiness = client.get("/readyz").await;
        assert_eq!((readiness.status, readiness.body["code"].as_str()), (503, Some("dependency_unavailable")));
        redis.start();
        assert_eq!(client.get("/readyz").await.status, 503, "the database is still down");
        redis.kill();
    }
    redis.start();
    postgres.start();
    client.wait_for_readiness("ready").await;
    assert!(client.sign_up(&folder, "+8613800138000").await.status == 201);
}

#[actix_web::test]
async fn a_database_without_writes_is_an_outage_at_the_start_and_afterwards() {
    let (folder, postgres) = (Folder::new(), OwnPostgres::start_new());
    let database_url = postgres.url("postgres");
    let vars = [("DATABASE_URL", database_url.as_str())];
    assert_eq!(folder.run(&["migrate"], &vars).status, Some(0));
    let set_read_only = |value: &str| {
        postgres.admin(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}"));
        postgres.admin("SELECT pg_reload_conf()");
    };
    set_read_only("on");
    let doorstep = folder.start(&vars);
    let client = Client::new(&doorstep.url());
    let line = doorstep.line("not ready");
    assert!(line.contains("the database is read-only"), "{line}");
    assert_eq!(client.get("/readyz").await.status, 503, "it has never been ready");
    set_read_only("off");
    client.wait_for_readiness("ready").await;
    set_read_only("on");
    let degraded = client.wait_for_readiness("degraded").await;
    assert_eq!(degraded.body["reason"], "The database is unavailable.");
    set_read_only("off");
    client.wait_for_readiness("ready").await;
    let lines = doorstep.complete_output();
    for text in ["dependency unavailable", "dependency available"] {
        assert_eq!(lines.iter().filter(|line| line.contains(text)).count(), 1, "{text}");
    }
}

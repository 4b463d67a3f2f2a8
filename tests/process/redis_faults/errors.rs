//! Errors of one server: 503 while they last, one line in the log that names the cause, and success after them.

use super::load::{Load, Server};
use crate::support::process::free_port;
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::{Connection, cmd};
use std::time::{Duration, Instant};

fn run(control: &mut Connection, command: &str) {
    let mut words = command.split(' ');
    cmd(words.next().unwrap()).arg(words.collect::<Vec<_>>()).exec(control).unwrap();
}

#[actix_web::test]
async fn every_error_of_a_server_is_503_until_it_ends() {
    let redis = OwnRedis::new();
    let server = Server::ready(&redis.url()).await;
    let mut control = redis::connection(&redis.url());
    let faults = [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "is full (OOM)"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "(NOREPLICAS)"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "is a replica, which accepts no writes (READONLY)"),
        ("ACL SETUSER default -eval -evalsha -set", "ACL SETUSER default +@all", "(NOPERM)"),
    ];
    for (n, (begin, end, line)) in faults.into_iter().enumerate() {
        run(&mut control, begin);
        let response = server.client.post("/v1/captchas", serde_json::json!({})).await;
        assert_eq!((response.status, response.body["code"].as_str()), (503, Some("dependency_unavailable")), "{line}");
        assert_eq!(server.client.get("/readyz").await.body["status"], "degraded", "{line}");
        for _ in 0..3 {
            assert_eq!(server.client.post("/v1/captchas", serde_json::json!({})).await.status, 503, "{line}");
        }
        server.wait_for_cause(line).await;
        run(&mut control, end);
        server.assert_recovers().await;
        assert_eq!(server.causes(line).await, 1, "{line}: {:?}", server.doorstep.output());
        let lines = |text: &str| server.doorstep.lines(text, n + 1).len();
        let outages = (lines("dependency unavailable"), lines("dependency available"));
        assert_eq!(outages, (n + 1, n + 1), "{line}: {:?}", server.doorstep.output());
    }
}

/// Redis refuses every command while a script of somebody else runs for too long.
#[actix_web::test]
async fn a_busy_server_is_unavailable() {
    let redis = OwnRedis::with("lua-time-limit 5\n");
    let server = Server::ready(&redis.url()).await;
    let url = redis.url();
    let script = std::thread::spawn(move || {
        let mut script = cmd("EVAL");
        script.arg("while true do end").arg(0);
        script.exec(&mut redis::connection(&url)).unwrap_err();
    });
    server.client.wait_for_readiness("degraded").await;
    server.wait_for_cause("(BUSY)").await;
    let mut kill = cmd("SCRIPT");
    kill.arg("KILL");
    kill.exec(&mut redis::connection(&redis.url())).unwrap();
    script.join().unwrap();
    server.assert_recovers().await;
}

/// Trial C2: a replica answers, but accepts no writes.
#[actix_web::test]
async fn a_program_is_not_ready_while_its_redis_is_a_replica() {
    let redis = OwnRedis::with(&format!("replicaof 127.0.0.1 {}\n", free_port()));
    let server = Server::start(&redis.url()).await;
    // Nobody requests anything: the program finds this out by itself.
    server.doorstep.line("is a replica, which accepts no writes (READONLY)");
    server.client.wait_for_readiness(503).await;
    run(&mut redis::connection(&redis.url()), "REPLICAOF NO ONE");
    server.assert_recovers().await;
}

/// The server cannot write its snapshot, and refuses writes until it can. Then it becomes a replica that refuses reads.
#[actix_web::test]
async fn a_server_that_cannot_save_or_has_no_primary_is_unavailable() {
    let redis = OwnRedis::with("save 3600 1000000\ndbfilename snapshot\nreplica-serve-stale-data no\n");
    let server = Server::ready(&redis.url()).await;
    let mut control = redis::connection(&redis.url());
    let (_, folder): (String, String) = cmd("CONFIG").arg("GET").arg("dir").query(&mut control).unwrap();
    // The snapshot cannot replace a folder.
    let blocked = std::path::Path::new(&folder).join("snapshot");
    std::fs::create_dir(&blocked).unwrap();
    run(&mut control, "BGSAVE");
    server.wait_for_cause("cannot save its data (MISCONF)").await;
    server.client.wait_for_readiness("degraded").await;
    std::fs::remove_dir(&blocked).unwrap();
    run(&mut control, "BGSAVE");
    server.assert_recovers().await;

    run(&mut control, "REPLICAOF 127.0.0.1 1");
    server.wait_for_cause("is a replica without its primary (MASTERDOWN)").await;
    server.client.wait_for_readiness("degraded").await;
    run(&mut control, "REPLICAOF NO ONE");
    server.assert_recovers().await;
    for cause in ["(MISCONF)", "(MASTERDOWN)"] {
        assert_eq!(server.causes(cause).await, 1, "{:?}", server.doorstep.output());
    }
}

/// The server loads its data for a second, with pauses in which it refuses requests.
#[actix_web::test]
async fn a_server_that_loads_its_data_is_unavailable() {
    let redis =
        OwnRedis::with("enable-debug-command yes\nkey-load-delay 5000\nloading-process-events-interval-bytes 1024\n");
    let server = Server::ready(&redis.url()).await;
    let mut control = redis::connection(&redis.url());
    run(&mut control, "DEBUG POPULATE 300");
    let reload = std::thread::spawn(move || run(&mut control, "DEBUG RELOAD"));
    server.wait_for_cause("is still loading its data (LOADING)").await;
    reload.join().unwrap();
    server.assert_recovers().await;
    assert_eq!(server.causes("(LOADING)").await, 1, "{:?}", server.doorstep.output());
}

#[actix_web::test]
async fn a_frozen_server_is_unavailable_until_it_continues() {
    let redis = OwnRedis::new();
    let server = Server::ready(&redis.url()).await;
    let load = Load::start(&server.client);
    load.wait_for("load", |counts| counts.served > 50).await;
    let frozen = redis::stop(&redis.url());
    load.wait_for("outage", |counts| counts.unavailable >= 8).await;
    drop(frozen);
    let counts = load.end_after(Instant::now()).await;
    assert_eq!(counts.accepted_twice, 0, "{counts:?}");
}

/// Redis forgets all scripts, again and again. No client notices.
#[actix_web::test]
async fn scripts_that_redis_forgot_are_sent_again() {
    let redis = OwnRedis::new();
    let server = Server::ready(&redis.url()).await;
    let mut control = redis::connection(&redis.url());
    let load = Load::start(&server.client);
    while load.counts().served < 300 {
        run(&mut control, "SCRIPT FLUSH");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let counts = load.end_after(Instant::now()).await;
    assert_eq!((counts.unavailable, counts.accepted_twice), (0, 0), "{counts:?}");
}

/// Redis needs most of the second that a request waits.
#[actix_web::test]
async fn a_slow_server_still_serves() {
    let redis = OwnRedis::new();
    let server = Server::ready(&redis.url()).await;
    run(&mut redis::connection(&redis.url()), "CLIENT PAUSE 600 ALL");
    assert_eq!(server.client.post("/v1/captchas", serde_json::json!({})).await.status, 201);
}

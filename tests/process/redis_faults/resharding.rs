//! A slot moves to another node under load. Nothing is lost: every count is exact.

use super::load::{BUDGET, Load, Server};
use crate::support::redis::cluster::OwnCluster;
use crate::support::redis::wait_until;
use deadpool_redis::redis::cmd;
use serde_json::json;
use std::time::Instant;
use tokio::task::spawn_blocking;

#[actix_web::test]
async fn the_slot_of_the_shared_counters_moves_under_load() {
    let cluster = OwnCluster::new(false);
    let server = Server::ready(&cluster.url()).await;
    let slot = cluster.slot("{shared}");
    let first = cluster.owner(slot);
    let load = Load::start(&server.client);
    load.wait_for("load", |counts| counts.served > 100).await;
    for to in [(first + 1) % 3, (first + 2) % 3, first] {
        let before = load.counts().served;
        cluster.move_slot(slot, to);
        load.wait_for("load after a move", |counts| counts.served > before + 30).await;
    }
    let counts = load.end_after(Instant::now()).await;
    assert_eq!(counts.accepted_twice, 0, "{counts:?}");
    assert!(counts.sent <= BUDGET, "{counts:?}");
}

fn errors(cluster: &OwnCluster, node: usize, name: &str) -> u32 {
    let (info, prefix) = (cluster.nodes[node].info("errorstats"), format!("errorstat_{name}:count="));
    info.lines().find_map(|line| line.strip_prefix(&prefix)).map_or(0, |count| count.trim().parse().unwrap())
}

/// Until the move ends, the node that gives a slot away answers ASK for keys that have moved.
#[actix_web::test]
async fn a_key_that_has_moved_before_its_slot_is_found() {
    let cluster = OwnCluster::new(false);
    let server = Server::ready(&cluster.url()).await;
    let ticket = server.client.send_code("+8613800138000").await.field("ticket");
    let keys = (0..3).flat_map(|node| {
        let keys: Vec<String> = cmd("KEYS").arg("flow:*").query(&mut cluster.connection(node)).unwrap();
        keys
    });
    let slot = cluster.slot(&keys.last().unwrap());
    let from = cluster.owner(slot);
    let mut begun = cluster.begin_move(slot, (from + 1) % 3);
    while begun.move_key() {}
    let status = server.client.post("/v1/register/status", json!({"ticket": ticket})).await;
    assert_eq!(status.status, 200, "{status:?}");
    assert_eq!(errors(&cluster, from, "ASK"), 1);
    begun.end();
}

/// While some keys of an operation have moved and others have not, both nodes answer TRYAGAIN.
#[actix_web::test]
async fn an_operation_waits_until_all_its_keys_have_moved() {
    let cluster = OwnCluster::new(false);
    let server = Server::ready(&cluster.url()).await;
    assert_eq!(server.client.send_code("+8613800138000").await.status, 200);
    let slot = cluster.slot("{shared}");
    let from = cluster.owner(slot);
    let mut begun = cluster.begin_move(slot, (from + 1) % 3);
    assert!(begun.move_key(), "no shared counter");
    let client = server.client.clone();
    let request = actix_web::rt::spawn(async move { client.send_code("+8613800138001").await });
    let cluster = spawn_blocking(move || {
        wait_until("TRYAGAIN", || errors(&cluster, from, "TRYAGAIN") > 0);
        while begun.move_key() {}
        begun.end();
        cluster
    });
    let (sent, cluster) = (request.await.unwrap(), cluster.await.unwrap());
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_ne!(cluster.owner(slot), from);
}

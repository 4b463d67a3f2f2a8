//! The primary dies under load. What it had not replicated yet is lost: a few milliseconds of the load, at most the
//! requests in flight.

use super::load::{BUDGET, Counts, IN_FLIGHT, Load, Server};
use crate::support::redis;
use crate::support::redis::cluster::OwnCluster;
use crate::support::redis::sentinel::OwnSentinels;
use deadpool_redis::redis::cmd;
use std::time::{Duration, Instant};

fn assert_nothing_spent_twice(counts: &Counts) {
    assert!(counts.unavailable > 0, "the fault was not visible: {counts:?}");
    assert!(counts.accepted_twice <= IN_FLIGHT, "{counts:?}");
    assert!(counts.sent <= BUDGET + IN_FLIGHT, "{counts:?}");
}

#[actix_web::test]
async fn requests_succeed_after_a_failover_of_sentinel() {
    let mut setup = OwnSentinels::new();
    let server = Server::ready(&setup.url(0)).await;
    let load = Load::start(&server.client);
    load.wait_for("load", |counts| counts.served > 100).await;
    setup.set_down_after(Duration::from_secs(1));
    setup.servers[0].kill();
    setup.wait_for_primary(setup.servers[1].port());
    assert_nothing_spent_twice(&load.end_after(Instant::now()).await);
    // One line for each cause: no answer, and perhaps a server that is no primary yet.
    assert!((1..=2).contains(&server.causes("").await), "{:?}", server.doorstep.output());
}

/// An operator moves the primary. The earlier one lives on, and accepts writes until Sentinel makes it a replica: the
/// program must find the new one by itself. What it sends to the earlier one until then is lost.
#[actix_web::test]
async fn requests_go_to_the_new_primary_soon_after_a_planned_failover() {
    let setup = OwnSentinels::new();
    let server = Server::ready(&setup.url(0)).await;
    let load = Load::start(&server.client);
    load.wait_for("load", |counts| counts.served > 100).await;
    let before = load.counts().sent;
    // A sentinel refuses while it has not heard of the replica for some seconds, on a busy machine.
    redis::wait_until("failover accepted", || {
        let mut sentinel = redis::connection(&setup.sentinels[0].address());
        cmd("SENTINEL").arg("FAILOVER").arg("main").exec(&mut sentinel).is_ok()
    });
    setup.wait_for_primary(setup.servers[1].port());
    let switched = Instant::now();
    redis::wait_until("requests", || setup.servers[1].info("commandstats").contains("cmdstat_evalsha"));
    let (took, lost) = (switched.elapsed(), load.counts().sent - before);
    assert!(took < Duration::from_secs(5), "{took:?}");
    let counts = load.end_after(switched).await;
    assert!(counts.accepted_twice <= IN_FLIGHT && counts.sent <= BUDGET + lost + IN_FLIGHT, "{lost}: {counts:?}");
}

#[actix_web::test]
async fn requests_succeed_after_a_failover_of_a_cluster() {
    let mut cluster = OwnCluster::new(true);
    let server = Server::ready(&cluster.url()).await;
    let shared = cluster.slot("{shared}");
    let primary = cluster.owner(shared);
    let load = Load::start(&server.client);
    load.wait_for("load", |counts| counts.served > 100).await;
    cluster.set_node_timeout(Duration::from_secs(2));
    cluster.nodes[primary].kill();
    redis::wait_until("failover", || cluster.owner(shared) != primary);
    cluster.wait_until_ok();
    assert_nothing_spent_twice(&load.end_after(Instant::now()).await);
}

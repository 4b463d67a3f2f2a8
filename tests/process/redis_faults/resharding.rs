//! A slot moves to another node under load. Nothing is lost: every count is exact.

use super::load::{BUDGET, Load, Server};
use crate::support::redis::cluster::OwnCluster;
use std::time::Instant;

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

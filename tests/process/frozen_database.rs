//! A database that accepts queries and never responds, like one on a frozen machine.

use crate::client::Client;
use crate::doorstep::{Doorstep, Folder};
use crate::support::postgres::OwnPostgres;
use crate::support::process::Stopped;
use std::time::{Duration, Instant};

#[track_caller]
fn assert_stops_soon(mut doorstep: Doorstep) {
    let started = Instant::now();
    doorstep.stop("TERM");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[actix_web::test]
async fn a_frozen_database_delays_neither_responses_nor_the_shutdown() {
    let (folder, postgres) = (Folder::new(), OwnPostgres::start_new());
    let vars = [("DATABASE_URL", &*postgres.url("postgres")), ("MIGRATE_ON_START", "true")];
    let (doorstep, client) = folder.serve(&vars).await;
    let _stopped = Stopped::new(postgres.processes());
    let started = Instant::now();
    assert_eq!(client.send_code("+8613800138000").await.body["code"], "dependency_unavailable");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_stops_soon(doorstep);
}

#[actix_web::test]
async fn a_frozen_database_does_not_delay_the_shutdown_of_a_server_that_is_not_ready() {
    let (folder, postgres) = (Folder::new(), OwnPostgres::start_new());
    let doorstep = folder.start(&[("DATABASE_URL", &postgres.url("postgres"))]);
    doorstep.line("database not migrated");
    let _stopped = Stopped::new(postgres.processes());
    doorstep.line("no answer within");
    assert_eq!(Client::new(&doorstep.url()).get("/healthz").await.status, 200);
    assert_stops_soon(doorstep);
}

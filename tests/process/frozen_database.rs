//! A database that accepts queries and never responds, like one on a frozen machine.

use crate::client::Client;
use crate::databases::empty_database;
use crate::doorstep::{Doorstep, Folder};
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, RunQueryDsl};
use std::process::Command;
use std::time::{Duration, Instant};

/// Stopped PostgreSQL processes, one per connection of the server. They continue when this is dropped.
struct Frozen(Vec<String>);

impl Frozen {
    /// Stops the process of every connection that the server has to this database. There is at least one.
    fn connections_to(database: &str) -> Self {
        let query = "SELECT pid::text FROM pg_stat_activity WHERE application_name = 'doorstep' \
            AND datname = current_database() AND pid <> pg_backend_pid()";
        let pids: Vec<String> = sql::<Text>(query).load(&mut PgConnection::establish(database).unwrap()).unwrap();
        assert!(!pids.is_empty());
        let frozen = Self(pids);
        frozen.signal("STOP");
        frozen
    }

    fn signal(&self, name: &str) {
        for pid in &self.0 {
            Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap();
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}

#[track_caller]
fn assert_stops_soon(mut doorstep: Doorstep) {
    let started = Instant::now();
    doorstep.stop("TERM");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[actix_web::test]
async fn a_frozen_database_delays_neither_responses_nor_the_shutdown() {
    let (folder, database) = (Folder::new(), empty_database());
    let vars = [("DATABASE_URL", database.as_str()), ("MIGRATE_ON_START", "true")];
    let (doorstep, client) = folder.serve(&vars).await;
    let _frozen = Frozen::connections_to(&database);
    let started = Instant::now();
    // On one of the frozen connections, or on a new one.
    let response = client.send_code("+8613800138000").await;
    assert!(response.status == 200 || response.body["code"] == "dependency_unavailable", "{response:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_stops_soon(doorstep);
}

#[actix_web::test]
async fn a_frozen_database_does_not_delay_the_shutdown_of_a_server_that_is_not_ready() {
    let (folder, database) = (Folder::new(), empty_database());
    let doorstep = folder.start(&[("DATABASE_URL", database.as_str())]);
    doorstep.line("database not migrated");
    let frozen = Frozen::connections_to(&database);
    doorstep.line("no answer within");
    assert_eq!(Client::new(&doorstep.url()).get("/healthz").await.status, 200);
    assert_stops_soon(doorstep);
    drop(frozen);
}

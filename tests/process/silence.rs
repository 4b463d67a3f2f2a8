//! A database that is there and says nothing, like one on a machine that was frozen.

use crate::client::Client;
use crate::doorstep::{Doorstep, Folder};
use crate::servers::empty_database;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, RunQueryDsl};
use std::process::Command;
use std::time::{Duration, Instant};

/// PostgreSQL's own processes behind a server's connections; they go on when this is dropped.
struct Frozen(Vec<String>);

impl Frozen {
    /// Every connection that the server has to this database, of which there is at least one.
    fn behind(database: &str) -> Self {
        let pids = "SELECT pid::text FROM pg_stat_activity WHERE application_name = 'doorstep' AND datname = current_database() AND pid <> pg_backend_pid()";
        let pids: Vec<String> = sql::<Text>(pids).load(&mut PgConnection::establish(database).unwrap()).unwrap();
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
fn assert_ends_soon(mut doorstep: Doorstep) {
    let asked = Instant::now();
    doorstep.stop("TERM");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[actix_web::test]
async fn it_holds_up_neither_the_answer_nor_the_end() {
    let (folder, database) = (Folder::new(), empty_database());
    let vars = [("DATABASE_URL", database.as_str()), ("MIGRATE_ON_START", "true")];
    let (doorstep, client) = folder.serve(&vars).await;
    let _frozen = Frozen::behind(&database);
    let asked = Instant::now();
    assert_eq!(client.send_code("+8613800138000").await.body["code"], "dependency_unavailable");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_ends_soon(doorstep);
}

#[actix_web::test]
async fn it_does_not_hold_up_the_end_before_the_server_is_ready() {
    let (folder, database) = (Folder::new(), empty_database());
    let doorstep = folder.start(&[("DATABASE_URL", database.as_str())]);
    doorstep.line("database not migrated");
    let frozen = Frozen::behind(&database);
    doorstep.line("no answer within");
    assert_eq!(Client::new(&doorstep.url()).get("/healthz").await.status, 200);
    assert_ends_soon(doorstep);
    drop(frozen);
}

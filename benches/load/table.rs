//! Size of the table of sessions, and cost of a refresh, with up to five million sessions. Takes minutes and 6 GB.

use crate::accounts;
use crate::back_ends::{BackEnds, Kind};
use crate::operations::{self, Cost};
use crate::report::Report;
use crate::requests::Prepared;
use crate::sessions;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel::{Connection, PgConnection, RunQueryDsl};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::slice;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Sessions, and accounts, at which the cost is measured.
const ROWS: [u32; 3] = [100_000, 1_000_000, 5_000_000];
/// An odd number, for the median.
const ROUNDS: u32 = 3;
/// Refreshes of a round, each of another session. No session is refreshed twice with one number of rows.
const REFRESHES: u32 = 10_000;

pub async fn measure(back_ends: &Arc<BackEnds>, report: &mut Report) {
    report.heading("Sessions in PostgreSQL, one for each account; microseconds of processor time for one refresh");
    // The first start creates the keys.
    back_ends.serve(Kind::Real).first_response("/readyz").await;
    let mut database = PgConnection::establish(&back_ends.database_url(Kind::Real)).unwrap();
    let (keys, mut rows) = (back_ends.keys(), 0);
    for target in ROWS {
        let numbers = accounts::numbers(target - rows);
        accounts::insert(back_ends, Kind::Real, numbers.clone(), 1).await;
        sessions::insert_for(back_ends, &numbers);
        rows = target;
        for statement in ["VACUUM ANALYZE users", "VACUUM ANALYZE sessions", "CHECKPOINT"] {
            database.batch_execute(statement).unwrap();
        }
        report.note(&format!("{rows} sessions, bytes for each"), &sizes(&mut database, rows));
        let step = numbers.len() as u32 / REFRESHES;
        for (phase, first) in [("new table", 0), ("after VACUUM", ROUNDS)] {
            let mut server = back_ends.serve(Kind::Real);
            server.first_response("/readyz").await;
            let before = updates(&mut database);
            let mut costs = Vec::new();
            for round in first..first + ROUNDS {
                let mut chosen: Vec<u32> = (0..REFRESHES).map(|n| numbers.start + n * step + round).collect();
                chosen.shuffle(&mut StdRng::seed_from_u64(1));
                let tokens = chosen.into_iter().map(|number| sessions::refresh_token(&keys, number));
                let requests = tokens.map(|token| Prepared::refresh(&token)).collect();
                costs.push(operations::round(back_ends, slice::from_ref(&server), None, requests).await);
            }
            report.note(&format!("{rows} sessions, refresh, {phase}"), &Cost::median(&costs).to_string());
            // PostgreSQL has all counts when the connections of the service are closed.
            drop(server);
            sleep(Duration::from_millis(500)).await;
            let after = updates(&mut database);
            let (all, hot) = (after.0 - before.0, after.1 - before.1);
            report.note("updates within a page (HOT)", &format!("{hot} of {all}"));
            database.batch_execute("VACUUM sessions").unwrap();
        }
    }
}

fn sizes(database: &mut PgConnection, rows: u32) -> String {
    let mut size = |relation: &str| {
        let bytes: i64 = sql::<BigInt>(&format!("SELECT {relation}")).get_result(database).unwrap();
        bytes / i64::from(rows)
    };
    format!(
        "sessions {}, its indexes {} and {}; users {}, its indexes {}",
        size("pg_table_size('sessions')"),
        size("pg_relation_size('sessions_pkey')"),
        size("pg_relation_size('sessions_user_id_idx')"),
        size("pg_table_size('users')"),
        size("pg_indexes_size('users')"),
    )
}

/// Updates of sessions so far, and those of them that changed no index.
fn updates(database: &mut PgConnection) -> (i64, i64) {
    let query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions'";
    sql::<(BigInt, BigInt)>(query).get_result(database).unwrap()
}

//! Plans of the statements: PostgreSQL plans each one once for a connection, not at each execution.

use super::store::{Store, authority, code_proof, device, now, postgres_store, refresh_with};
use chrono::TimeDelta;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::domain::user::ProfileChange;
use doorstep::ports::{Refreshed, Users};

/// Executions of each statement.
const ROUNDS: u8 = 60;

/// Store whose statements and plans are counted.
pub(super) fn counted() -> Store {
    let store = postgres_store();
    store.execute("CREATE EXTENSION pg_stat_statements");
    let name = store.text("SELECT current_database()::text AS value");
    store.execute(&format!("ALTER DATABASE {name} SET pg_stat_statements.track_planning = on"));
    store
}

/// Returns `value` of these statements of the store's database.
fn statements(store: &Store, value: &str, condition: &str) -> String {
    store.text(&format!(
        "SELECT {value} AS value FROM pg_stat_statements JOIN pg_database ON dbid = oid \
         WHERE datname = current_database() AND {condition}"
    ))
}

#[tokio::test]
async fn the_statement_of_reads_that_wait_together_is_not_planned_for_each_execution() {
    let store = counted();
    let (_, session) = store.signed_up("+8613800138000", 1).await;
    for _ in 0..20 {
        store.database.by_session(session.id, now()).await.unwrap().unwrap();
    }
    assert_eq!(statements(&store, "sum(calls) || ' ' || sum(plans)", "query LIKE '%= ANY(%'"), "20 1");
}

#[tokio::test]
async fn writes_are_not_planned_for_each_execution() {
    let (store, policy) = (counted(), SessionPolicy::default());
    for n in 1..=ROUNDS {
        let (user, session) = store.signed_up(&format!("+86138001380{n:02}"), n).await;
        assert!(store.database.sign_in(&device(&user, n + 100), &code_proof(&user), None, &policy).await.unwrap());
        let presented = Generation { session: session.id, number: 0 };
        let refreshed = store.database.refresh(&refresh_with(presented), now(), &policy).await.unwrap();
        assert!(matches!(refreshed, Refreshed::Yes { .. }));
        let change = ProfileChange::default();
        let changed = store.database.change_profile(&authority(&session), &change, now() + TimeDelta::seconds(1)).await;
        assert!(changed.unwrap().is_some());
        assert!(store.database.end_session(&authority(&session), session.id, now()).await.unwrap());
    }
    let executed = format!("calls >= {ROUNDS} AND query ~ '^(INSERT|UPDATE|DELETE)'");
    // Two inserts, an update for each of four calls, and the deletion of a sign-in.
    assert_eq!(statements(&store, "count(*)::text", &executed), "7");
    // One for each of the four connections, and again whenever the server has renewed its statistics.
    let planned = format!("{executed} AND plans > 20");
    assert_eq!(statements(&store, "coalesce(string_agg(plans || ' ' || query, '; '), '')", &planned), "");
}

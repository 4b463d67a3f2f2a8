//! Errors of the server by SQLSTATE. The messages of the server are Chinese.

use super::store::{Store, authority, new_user, now, open, postgres_store, sqlite_store};
use diesel::connection::SimpleConnection;
use doorstep::domain::user::ProfileChange;
use doorstep::ports::{Created, DependencyError, Users};

/// Has the first inserts of a session fail with an error. A sequence counts the attempts, because no rollback resets
/// it.
fn fail_inserts(store: &Store, sqlstate: &str, times: u32) {
    store.execute(&format!(
        "CREATE SEQUENCE attempts; \
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            IF nextval('attempts') <= {times} THEN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END IF; \
            RETURN NEW; END $$; \
        CREATE TRIGGER fail BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION fail()"
    ));
}

fn attempts(store: &Store) -> String {
    store.text("SELECT last_value::text AS value FROM attempts")
}

async fn create(store: &Store) -> Result<Created, DependencyError> {
    let (user, session) = new_user("+8613800138000", 1);
    store.database.create(&user, &session).await
}

#[tokio::test]
async fn a_conflict_with_other_transactions_is_retried_three_times() {
    for sqlstate in ["40001", "40P01"] {
        let store = postgres_store();
        fail_inserts(&store, sqlstate, 3);
        assert_eq!(create(&store).await.unwrap(), Created::Yes);
        assert_eq!((attempts(&store).as_str(), store.count("users")), ("4", 1));

        let store = postgres_store();
        fail_inserts(&store, sqlstate, 9);
        let error = create(&store).await.unwrap_err();
        assert!(matches!(error, DependencyError::Unavailable { .. }), "{error}");
        assert_eq!((attempts(&store).as_str(), store.count("users")), ("4", 0));
    }
}

/// Another process has the second row and waits for the first one, which the call has. The server ends one of them.
#[tokio::test]
async fn a_real_deadlock_fails_no_call() {
    let store = postgres_store();
    let name = store.text("SELECT current_database()::text AS value");
    store.execute(&format!("ALTER DATABASE {name} SET deadlock_timeout = '20ms'"));
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    let (other, _) = store.signed_up("+8613800138001", 2).await;
    // The profile of the first user changes the row of the second one, too.
    store.execute(&format!(
        "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            UPDATE users SET gender = NEW.gender WHERE id = '{}'; RETURN NEW; END $$; \
        CREATE TRIGGER follow AFTER UPDATE ON users FOR EACH ROW WHEN (NEW.id = '{}') EXECUTE FUNCTION follow()",
        other.id.0, user.id.0
    ));
    let mut rival = store.postgres();
    rival.batch_execute("SET deadlock_timeout = '60s'; BEGIN").unwrap();
    rival.batch_execute(&format!("UPDATE users SET gender = gender WHERE id = '{}'", other.id.0)).unwrap();
    let database = std::sync::Arc::clone(&store.database);
    let by = authority(&session);
    let call = tokio::spawn(async move { database.change_profile(&by, &ProfileChange::default(), now()).await });
    while store.count("pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 0 {
        tokio::task::yield_now().await;
    }
    let lock = format!("UPDATE users SET gender = gender WHERE id = '{}'; COMMIT", user.id.0);
    tokio::task::spawn_blocking(move || rival.batch_execute(&lock)).await.unwrap().unwrap();
    assert!(call.await.unwrap().unwrap().is_some());
}

#[tokio::test]
async fn a_connection_to_a_server_that_stops_or_is_read_only_is_replaced() {
    for sqlstate in ["25006", "57P01", "57P03", "26000"] {
        let store = postgres_store();
        store.database.ping().await.unwrap();
        let connection = "SELECT min(pid)::text AS value FROM pg_stat_activity \
            WHERE application_name = 'doorstep' AND datname = current_database()";
        let first = store.text(connection);
        fail_inserts(&store, sqlstate, 1);
        assert_eq!(create(&store).await.unwrap(), Created::Yes, "{sqlstate}");
        assert_eq!(attempts(&store), "2");
        assert_ne!(store.text(connection), first);
    }
}

#[tokio::test]
async fn the_end_of_read_only_is_seen_at_once() {
    let store = postgres_store();
    let name = store.text("SELECT current_database()::text AS value");
    store.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let error = create(&store).await.unwrap_err().to_string();
    assert!(error.contains("25006") && error.contains("standby"), "{error}");
    let mut operator = store.postgres();
    for statement in ["SET default_transaction_read_only = off", &format!("ALTER DATABASE {name} RESET ALL")] {
        operator.batch_execute(statement).unwrap();
    }
    assert_eq!(create(&store).await.unwrap(), Created::Yes);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_says_what_to_do() {
    let store = postgres_store();
    fail_inserts(&store, "53100", 1);
    let error = create(&store).await.unwrap_err();
    assert!(matches!(error, DependencyError::Unavailable { .. }), "{error}");
    assert!(error.to_string().ends_with("(SQLSTATE 53100: free disk space on the database server)"), "{error}");
    assert_eq!(create(&store).await.unwrap(), Created::Yes);

    for message in ["database or disk is full", "disk I/O error", "attempt to write a readonly database"] {
        let store = sqlite_store();
        store.execute(&format!(
            "CREATE TRIGGER fail BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ));
        let error = create(&store).await.unwrap_err();
        assert!(matches!(error, DependencyError::Unavailable { .. }), "{error}");
        store.execute("DROP TRIGGER fail");
        assert_eq!(create(&store).await.unwrap(), Created::Yes);
    }
}

#[tokio::test]
async fn an_invalid_value_is_a_defect() {
    for sqlstate in ["22021", "23514", "42883"] {
        let store = postgres_store();
        fail_inserts(&store, sqlstate, 1);
        let error = create(&store).await.unwrap_err();
        assert!(matches!(error, DependencyError::Broken { .. }), "{error}");
    }
}

/// A second process has the row for longer than the statement timeout.
#[tokio::test]
async fn a_locked_row_is_unavailable_in_the_language_of_the_server() {
    let store = postgres_store();
    let (_, session) = store.signed_up("+8613800138000", 1).await;
    let mut other = store.postgres();
    other.batch_execute("BEGIN; SELECT 1 FROM users FOR UPDATE").unwrap();
    let database = open(&store.url);
    let error = database.change_profile(&authority(&session), &ProfileChange::default(), now()).await.unwrap_err();
    assert!(matches!(error, DependencyError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("SQLSTATE 57014") && error.to_string().contains("语句"), "{error}");
}

//! How often the database is asked.

use super::store::{Store, now, on_postgres, person};
use doorstep::ports::{Created, Failure, Users};

/// Statements of this database so far, without the counting itself.
fn statements(store: &Store) -> i64 {
    store
        .text(
            "SELECT coalesce(sum(calls), 0)::text AS value FROM pg_stat_statements JOIN pg_database ON dbid = oid \
            WHERE datname = current_database() AND query NOT LIKE '%pg_stat%' AND query NOT LIKE 'SET %'",
        )
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_look_is_one_statement() {
    let store = on_postgres();
    store.execute("CREATE EXTENSION pg_stat_statements");
    let (user, session) = person("+8613800138000", 1);
    // Preparing a statement costs a round trip once for each connection.
    store.database.phone_is_taken(&user.phone).await.unwrap();
    store.database.by_session(session.id, now()).await.unwrap();

    let before = statements(&store);
    store.database.phone_is_taken(&user.phone).await.unwrap();
    assert_eq!(statements(&store) - before, 1);
    store.database.by_session(session.id, now()).await.unwrap();
    assert_eq!(statements(&store) - before, 2);
    store.database.ping().await.unwrap();
    assert_eq!(statements(&store) - before, 3);
}

/// Ends the server's side of the connection, with a count that no rollback takes back.
const DIE: &str = "CREATE SEQUENCE tries; \
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF nextval('tries') <= TG_ARGV[0]::int THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; \
        RETURN NEW; END $$;";

#[tokio::test]
async fn an_insert_whose_connection_dies_before_the_commit_is_tried_once_more() {
    let store = on_postgres();
    store.execute(DIE);
    store.execute("CREATE TRIGGER die BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION die(1)");
    let (user, session) = person("+8613800138000", 1);
    assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
    assert_eq!((store.count("users"), store.count("sessions")), (1, 1));
}

#[tokio::test]
async fn an_insert_is_not_tried_a_third_time() {
    let store = on_postgres();
    store.execute(DIE);
    store.execute("CREATE TRIGGER die BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION die(9)");
    let (user, session) = person("+8613800138000", 1);
    let failed = store.database.create(&user, &session).await;
    assert!(matches!(failed, Err(Failure::Unavailable { .. })), "{failed:?}");
    assert_eq!(store.text("SELECT last_value::text AS value FROM tries"), "2");
    assert_eq!(store.count("users"), 0);
}

#[tokio::test]
async fn an_insert_whose_connection_dies_at_the_commit_is_not_tried_again() {
    let store = on_postgres();
    store.execute(DIE);
    store.execute(
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON sessions DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION die(1)",
    );
    let (user, session) = person("+8613800138000", 1);
    let failed = store.database.create(&user, &session).await;
    assert!(matches!(failed, Err(Failure::Unavailable { .. })), "{failed:?}");
    assert_eq!(store.text("SELECT last_value::text AS value FROM tries"), "1");
}

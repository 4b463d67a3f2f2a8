//! How often the database is asked.

use super::store::{Store, another_hash, device, now, on_postgres, password_of, person, phone_of};
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::domain::user::ProfileChange;
use doorstep::ports::{Created, DependencyError, PhoneChange, Refreshed, Users};

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
    store.database.account_of(&user.phone).await.unwrap();
    store.database.by_session(session.id, now()).await.unwrap();

    let before = statements(&store);
    store.database.account_of(&user.phone).await.unwrap();
    assert_eq!(statements(&store) - before, 1);
    store.database.by_session(session.id, now()).await.unwrap();
    assert_eq!(statements(&store) - before, 2);
    store.database.ping().await.unwrap();
    assert_eq!(statements(&store) - before, 3);
}

#[tokio::test]
async fn a_refresh_and_what_needs_no_transaction_is_one_statement() {
    let store = on_postgres();
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    store.execute("CREATE EXTENSION pg_stat_statements");
    let (policy, change) = (SessionPolicy::default(), ProfileChange::default());
    let refresh = async |number| {
        let presented = Generation { session: session.id, number };
        store.database.refresh(presented, now(), &policy).await.unwrap()
    };
    let before = statements(&store);
    let asked = async |n: i64| assert_eq!(statements(&store) - before, n);
    assert!(matches!(refresh(0).await, Refreshed::Yes { again: false, .. }));
    asked(1).await;
    assert!(matches!(refresh(0).await, Refreshed::Yes { again: true, .. }));
    asked(2).await;
    assert!(matches!(refresh(1).await, Refreshed::Yes { again: false, .. }));
    asked(3).await;
    assert!(matches!(refresh(0).await, Refreshed::Reused { .. }));
    asked(4).await;
    assert!(matches!(refresh(2).await, Refreshed::Ended));
    asked(5).await;
    store.database.by_phone(&user.phone).await.unwrap();
    asked(6).await;
    store.database.password_hash(user.id).await.unwrap();
    asked(7).await;
    store.database.change_profile(user.id, &change, now()).await.unwrap();
    asked(8).await;
    store.database.sessions(user.id, now(), &policy).await.unwrap();
    asked(9).await;
    store.database.end_session(user.id, session.id, now()).await.unwrap();
    asked(10).await;
    store.database.end_sessions(user.id, now()).await.unwrap();
    asked(11).await;
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
    assert!(matches!(failed, Err(DependencyError::Unavailable { .. })), "{failed:?}");
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
    assert!(matches!(failed, Err(DependencyError::Unavailable { .. })), "{failed:?}");
    assert_eq!(store.text("SELECT last_value::text AS value FROM tries"), "1");
}

#[tokio::test]
async fn a_change_whose_connection_dies_before_the_commit_is_tried_once_more() {
    let store = on_postgres();
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    let later = Phone::from_stored("+8613800138009".to_owned()).unwrap();
    let (database, policy) = (&store.database, SessionPolicy::default());
    store.execute(DIE);
    let die = |when: &str| {
        store.execute(&format!(
            "ALTER SEQUENCE tries RESTART; CREATE TRIGGER die BEFORE {when} FOR EACH ROW EXECUTE FUNCTION die(1)"
        ));
    };
    let survived = |table: &str| {
        assert_eq!(store.text("SELECT last_value::text AS value FROM tries"), "2");
        store.execute(&format!("DROP TRIGGER die ON {table}"));
    };
    die("UPDATE ON sessions");
    let presented = Generation { session: session.id, number: 0 };
    let answer = database.refresh(presented, now(), &policy).await.unwrap();
    assert!(matches!(answer, Refreshed::Yes { number: 1, again: false, .. }), "{answer:?}");
    survived("sessions");

    die("UPDATE ON users");
    assert!(database.sign_in(&device(&user, 2), &password_of(&user), None, &policy).await.unwrap());
    survived("users");

    die("UPDATE ON users");
    assert!(database.set_password(user.id, &password_of(&user), &another_hash(), None, now()).await.unwrap());
    survived("users");

    die("UPDATE ON users");
    let answer = database.change_phone(user.id, &user.phone, &later, now()).await.unwrap();
    assert!(matches!(answer, PhoneChange::Done(_)), "{answer:?}");
    survived("users");
}

/// A second try would not find what the first one may have changed, and deny it.
#[tokio::test]
async fn a_change_whose_connection_dies_at_the_commit_is_not_tried_again() {
    let store = on_postgres();
    let (user, _) = store.signed_up("+8613800138000", 1).await;
    let later = Phone::from_stored("+8613800138009".to_owned()).unwrap();
    let (database, policy) = (&store.database, SessionPolicy::default());
    store.execute(DIE);
    store.execute(
        "CREATE CONSTRAINT TRIGGER die AFTER UPDATE OR DELETE ON users DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION die(9)",
    );
    let unknown = |failed: Option<DependencyError>, tries: &str| {
        assert!(matches!(failed, Some(DependencyError::Unavailable { .. })), "{failed:?}");
        assert_eq!(store.text("SELECT last_value::text AS value FROM tries"), tries);
    };
    let (session, proof) = (device(&user, 2), password_of(&user));
    unknown(database.sign_in(&session, &proof, None, &policy).await.err(), "1");
    unknown(database.set_password(user.id, &proof, &another_hash(), None, now()).await.err(), "2");
    unknown(database.change_phone(user.id, &user.phone, &later, now()).await.err(), "3");
    unknown(database.delete(user.id, &phone_of(&user)).await.err(), "4");
    assert_eq!((store.count("users WHERE updated_at = created_at"), store.count("sessions")), (1, 1));
}

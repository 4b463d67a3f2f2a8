//! Number of statements per call, and retries after a lost connection.

use super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, new_user, now, number_change, password_hash,
    password_proof, postgres_store, refresh_with,
};
use chrono::TimeDelta;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::domain::user::ProfileChange;
use doorstep::ports::{Created, DependencyError, PhoneChange, Proof, Refreshed, Users};

/// Returns the number of statements of this database so far, without the statements that count.
pub(super) fn statements(store: &Store) -> i64 {
    store
        .text(
            "SELECT coalesce(sum(calls), 0)::text AS value FROM pg_stat_statements JOIN pg_database ON dbid = oid \
            WHERE datname = current_database() AND query NOT LIKE '%pg_stat%' AND query NOT LIKE 'SET %'",
        )
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_read_is_one_statement() {
    let store = postgres_store();
    store.execute("CREATE EXTENSION pg_stat_statements");
    let (user, session) = new_user("+8613800138000", 1);
    // The preparation of a statement takes one more round trip per connection.
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
async fn a_call_without_a_transaction_is_one_statement() {
    let store = postgres_store();
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    let (policy, change) = (SessionPolicy::default(), ProfileChange::default());
    let (second, third) = (device(&user, 2), device(&user, 3));
    for session in [&second, &third] {
        assert!(store.database.sign_in(session, &code_proof(&user), None, &policy).await.unwrap());
    }
    store.execute("CREATE EXTENSION pg_stat_statements");
    let refresh = async |number| {
        let presented = Generation { session: session.id, number };
        store.database.refresh(&refresh_with(presented), now(), &policy).await.unwrap()
    };
    let before = statements(&store);
    let assert_statements = async |n: i64| assert_eq!(statements(&store) - before, n);
    assert!(matches!(refresh(0).await, Refreshed::Yes { again: false, .. }));
    assert_statements(1).await;
    assert!(matches!(refresh(0).await, Refreshed::Yes { again: true, .. }));
    assert_statements(2).await;
    assert!(matches!(refresh(1).await, Refreshed::Yes { again: false, .. }));
    assert_statements(3).await;
    assert!(matches!(refresh(0).await, Refreshed::Reused { .. }));
    assert_statements(4).await;
    assert!(matches!(refresh(2).await, Refreshed::Ended));
    assert_statements(5).await;
    store.database.by_phone(&user.phone).await.unwrap();
    assert_statements(6).await;
    store.database.password_hash(user.id).await.unwrap();
    assert_statements(7).await;
    assert!(store.database.change_profile(&authority(&second), &change, now()).await.unwrap().is_some());
    assert_statements(8).await;
    store.database.sessions(user.id, now(), &policy).await.unwrap();
    assert_statements(9).await;
    assert!(store.database.end_session(&authority(&second), third.id, now()).await.unwrap());
    assert_statements(10).await;
    assert!(store.database.end_session(&authority(&second), second.id, now()).await.unwrap());
    assert_statements(11).await;
    // An ended authority costs no more.
    assert!(store.database.change_profile(&authority(&second), &change, now()).await.unwrap().is_none());
    assert_statements(12).await;
    // One more looks whether an earlier attempt of the call has ended the session.
    let later = now() + TimeDelta::seconds(1);
    assert!(!store.database.end_session(&authority(&second), second.id, later).await.unwrap());
    assert_statements(14).await;
    store.database.is_unused(Generation { session: session.id, number: 0 }, now()).await.unwrap();
    assert_statements(15).await;
    assert!(store.database.confirm_phone(&authority(&second), &user.phone, now()).await.unwrap().is_none());
    assert_statements(16).await;
}

/// Ends the server side of the connection. A sequence counts the attempts, because no rollback resets it.
const DISCONNECT: &str = "CREATE SEQUENCE attempts; \
    CREATE FUNCTION disconnect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF nextval('attempts') <= TG_ARGV[0]::int THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; \
        RETURN NEW; END $$;";

#[tokio::test]
async fn an_insert_is_retried_once_if_the_connection_fails_before_the_commit() {
    let store = postgres_store();
    store.execute(DISCONNECT);
    store.execute("CREATE TRIGGER disconnect BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION disconnect(1)");
    let (user, session) = new_user("+8613800138000", 1);
    assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
    assert_eq!((store.count("users"), store.count("sessions")), (1, 1));
}

#[tokio::test]
async fn an_insert_has_at_most_two_attempts() {
    let store = postgres_store();
    store.execute(DISCONNECT);
    store.execute("CREATE TRIGGER disconnect BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION disconnect(9)");
    let (user, session) = new_user("+8613800138000", 1);
    let result = store.database.create(&user, &session).await;
    assert!(matches!(result, Err(DependencyError::Unavailable { .. })), "{result:?}");
    assert_eq!(store.text("SELECT last_value::text AS value FROM attempts"), "2");
    assert_eq!(store.count("users"), 0);
}

/// The other connection sees that the first attempt stored nothing.
#[tokio::test]
async fn an_insert_whose_connection_fails_at_the_commit_is_looked_up_and_done_again() {
    let store = postgres_store();
    store.execute(DISCONNECT);
    store.execute(
        "CREATE CONSTRAINT TRIGGER disconnect AFTER INSERT ON sessions DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION disconnect(1)",
    );
    let (user, session) = new_user("+8613800138000", 1);
    assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
    assert_eq!(store.text("SELECT last_value::text AS value FROM attempts"), "2");
    assert_eq!((store.count("users"), store.count("sessions")), (1, 1));
}

#[tokio::test]
async fn a_change_is_retried_once_if_the_connection_fails_before_the_commit() {
    let store = postgres_store();
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    let new_phone = Phone::from_stored("+8613800138009".to_owned()).unwrap();
    let (database, policy) = (&store.database, SessionPolicy::default());
    store.execute(DISCONNECT);
    let disconnect = |when: &str| {
        store.execute(&format!(
            "ALTER SEQUENCE attempts RESTART; \
            CREATE TRIGGER disconnect BEFORE {when} FOR EACH ROW EXECUTE FUNCTION disconnect(1)"
        ));
    };
    let assert_retried = |table: &str| {
        assert_eq!(store.text("SELECT last_value::text AS value FROM attempts"), "2");
        store.execute(&format!("DROP TRIGGER disconnect ON {table}"));
    };
    disconnect("UPDATE ON sessions");
    let presented = Generation { session: session.id, number: 0 };
    let result = database.refresh(&refresh_with(presented), now(), &policy).await.unwrap();
    assert!(matches!(result, Refreshed::Yes { number: 1, again: false, .. }), "{result:?}");
    assert_retried("sessions");

    disconnect("UPDATE ON users");
    assert!(database.sign_in(&device(&user, 2), &password_proof(&user), None, &policy).await.unwrap());
    assert_retried("users");

    disconnect("UPDATE ON sessions");
    assert!(database.end_session(&authority(&session), device(&user, 2).id, now()).await.unwrap());
    assert_retried("sessions");

    disconnect("UPDATE ON users");
    let change = ProfileChange::default();
    assert!(database.change_profile(&authority(&session), &change, now()).await.unwrap().is_some());
    assert_retried("users");

    disconnect("UPDATE ON users");
    let proof = password_proof(&user);
    let renewed = database.change_password(&authority(&session), &proof, &another_hash(), now()).await.unwrap();
    assert_eq!(renewed.map(|renewed| renewed.number), Some(1 + Generation::RENEWAL));
    assert_retried("users");

    disconnect("UPDATE ON users");
    let result = database
        .change_phone(&authority_at(&session, 1), &number_change(&user.phone, &new_phone), now())
        .await
        .unwrap();
    assert!(matches!(result, PhoneChange::Done(_)), "{result:?}");
    assert_retried("users");

    disconnect("UPDATE ON users");
    assert!(database.end_sessions(&authority_at(&session, 2), now()).await.unwrap());
    assert_retried("users");

    disconnect("UPDATE ON users");
    let proof = Proof::Code { phone: new_phone, credentials: 3, uses: None };
    assert!(database.reset_password(user.id, &proof, password_hash(&user), now()).await.unwrap());
    assert_retried("users");
    // No attempt counted twice.
    assert_eq!(store.credentials(&user), 4);
}

/// Every connection fails at its COMMIT, also the one that looks for the outcome: a look locks the user's row. A change
/// without a look has one attempt: a second one would not find the row that the first one may have changed.
#[tokio::test]
async fn a_change_whose_connections_fail_at_the_commit_is_unavailable() {
    let store = postgres_store();
    let (user, first) = store.signed_up("+8613800138000", 1).await;
    let new_phone = Phone::from_stored("+8613800138009".to_owned()).unwrap();
    let (database, policy) = (&store.database, SessionPolicy::default());
    store.execute(DISCONNECT);
    store.execute(
        "CREATE CONSTRAINT TRIGGER disconnect AFTER UPDATE OR DELETE ON users DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION disconnect(99)",
    );
    let assert_unavailable = |error: Option<DependencyError>, attempts: &str| {
        assert!(matches!(error, Some(DependencyError::Unavailable { .. })), "{error:?}");
        assert_eq!(store.text("SELECT last_value::text AS value FROM attempts"), attempts);
    };
    let (session, proof, by, hash) = (device(&user, 2), password_proof(&user), authority(&first), another_hash());
    assert_unavailable(database.sign_in(&session, &proof, None, &policy).await.err(), "2");
    assert_unavailable(database.change_password(&by, &proof, &hash, now()).await.err(), "4");
    assert_unavailable(database.reset_password(user.id, &proof, &hash, now()).await.err(), "6");
    assert_unavailable(database.change_phone(&by, &number_change(&user.phone, &new_phone), now()).await.err(), "8");
    assert_unavailable(database.end_sessions(&by, now()).await.err(), "9");
    assert_unavailable(database.delete(user.id, &code_proof(&user), None, now()).await.err(), "11");
    assert_unavailable(database.delete(user.id, &proof, Some(&by), now()).await.err(), "13");
    assert_eq!((store.count("users WHERE updated_at = created_at"), store.count("sessions")), (1, 1));
    assert_eq!(store.count("sessions WHERE revoked_at IS NULL AND generation = 0"), 1);
    assert_eq!(store.credentials(&user), 0);
}

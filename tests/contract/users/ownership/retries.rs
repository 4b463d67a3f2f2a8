//! Retries of the transactions of ownership after a lost connection, and the number of their statements.

use super::super::store::{Store, authority, device, new_user, now, postgres_store};
use super::{DAY, HOUR, detachment, later, new_act, phone, policy, version, version_at};
use doorstep::domain::pending::{ActKind, Decision, NewPending};
use doorstep::domain::session::NewSession;
use doorstep::domain::user::NewUser;
use doorstep::ports::{
    AccountOwnership, Created, DependencyError, Detach, NumberChange, PhoneChange, Reclaimed, Users,
};

/// Ends the server side of the connection. A sequence counts the attempts, because no rollback resets it.
const DISCONNECT: &str = "CREATE SEQUENCE attempts; \
    CREATE FUNCTION disconnect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF nextval('attempts') <= TG_ARGV[0]::int THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; \
        RETURN coalesce(NEW, OLD); END $$;";

fn attempts(store: &Store) -> String {
    store.text("SELECT last_value::text AS value FROM attempts")
}

/// User who signs up later with the number of the earlier account.
fn later_user(earlier: &NewUser, n: u8) -> (NewUser, NewSession) {
    let (user, session) = new_user(earlier.phone.e164(), n);
    (NewUser { created_at: later(), ..user }, NewSession { created_at: later(), expires_at: later() + DAY, ..session })
}

fn claim(user: &NewUser, other: &NewUser) -> NumberChange {
    let detach = Some(detachment(other));
    NumberChange { from: Some(user.phone.clone()), to: other.phone.clone(), uses: None, detach }
}

#[tokio::test]
async fn a_transaction_is_retried_once_if_the_connection_fails_before_the_commit() {
    let store = postgres_store();
    let database = &store.database;
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    let (other, _) = store.signed_up("+8613800138001", 2).await;
    store.execute(DISCONNECT);
    let disconnect = |when: &str| {
        store.execute(&format!(
            "ALTER SEQUENCE attempts RESTART; \
            CREATE TRIGGER disconnect BEFORE {when} FOR EACH ROW EXECUTE FUNCTION disconnect(1)"
        ));
    };
    let assert_retried = |table: &str| {
        assert_ne!(attempts(&store), "1");
        store.execute(&format!("DROP TRIGGER disconnect ON {table}"));
    };
    let act = NewPending { expires_at: later() + DAY, ..new_act(&user, ActKind::SignIn, 1) };
    disconnect("INSERT ON pending_acts");
    assert_eq!(database.hold(&act).await.unwrap().map(|held| held.id), Some(act.id));
    assert_retried("pending_acts");

    disconnect("UPDATE ON pending_acts");
    let by = authority(&session);
    assert!(database.resolve(&by, act.id, Decision::Approve, now(), later() + DAY).await.unwrap());
    assert_retried("pending_acts");

    disconnect("UPDATE ON users");
    let detach = Detach { uses: Some(act.id), ..detachment(&user) };
    assert!(database.detach(&detach, later()).await.unwrap());
    assert_retried("users");

    disconnect("INSERT ON sessions");
    let mut session = device(&user, 3);
    (session.created_at, session.expires_at) = (later() + HOUR, later() + DAY);
    let reclaimed =
        database.reclaim(version_at(&user, 1), &phone("+8613800138009"), &session, &policy()).await.unwrap();
    assert!(matches!(reclaimed, Reclaimed::Done(_)), "{reclaimed:?}");
    assert_retried("sessions");

    disconnect("INSERT ON sessions");
    let (new, first) = later_user(&other, 4);
    assert_eq!(database.create_anew(&new, &first, &detachment(&other)).await.unwrap(), Created::Yes);
    assert_retried("sessions");

    // No attempt counted twice.
    assert_eq!((store.credentials(&user), store.credentials(&other)), (2, 1));
    disconnect("DELETE ON users");
    assert_eq!(database.delete_expired(later() + DAY * 999, later() + DAY * 9_999).await.unwrap(), 1);
    assert_retried("users");
}

/// Every connection fails at its COMMIT. A sign-up and a change of number look for the outcome and try again. Others
/// have one attempt: a second one would not find the row that the first one may have changed.
#[tokio::test]
async fn a_transaction_whose_connections_fail_at_the_commit_is_unavailable() {
    let store = postgres_store();
    let database = &store.database;
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    let (other, theirs) = store.signed_up("+8613800138001", 2).await;
    let (former, _) = store.signed_up("+8613800138002", 3).await;
    let act = new_act(&user, ActKind::SignIn, 1);
    store.hold_new(&act).await;
    store.detached(&detachment(&former), later()).await;
    let before = store.everything();
    store.execute(DISCONNECT);
    for table in ["users", "pending_acts"] {
        store.execute(&format!(
            "CREATE CONSTRAINT TRIGGER disconnect AFTER INSERT OR UPDATE OR DELETE ON {table} DEFERRABLE \
            INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disconnect(99)"
        ));
    }
    let mut expected = 0;
    let mut assert_unavailable = |attempts_of_call: u32, error: Option<DependencyError>| {
        assert!(matches!(error, Some(DependencyError::Unavailable { .. })), "{error:?}");
        expected += attempts_of_call;
        assert_eq!(attempts(&store), expected.to_string());
    };
    let (by, expires_at) = (authority(&session), now() + DAY);
    assert_unavailable(1, database.hold(&new_act(&user, ActKind::Deletion, 2)).await.err());
    assert_unavailable(1, database.resolve(&by, act.id, Decision::Refuse, now(), expires_at).await.err());
    assert_unavailable(1, database.detach(&detachment(&other), later()).await.err());
    let (new, first) = later_user(&other, 5);
    assert_unavailable(2, database.create_anew(&new, &first, &detachment(&other)).await.err());
    assert_unavailable(2, database.change_phone(&by, &claim(&user, &other), now()).await.err());
    let session = NewSession { created_at: later(), expires_at: later() + DAY, ..device(&former, 6) };
    let to = phone("+8613800138009");
    assert_unavailable(1, database.reclaim(version_at(&former, 1), &to, &session, &policy()).await.err());
    assert_eq!(store.everything(), before);
    assert!(store.is_active_at(&theirs, now()).await);
}

/// Without a held act, a change of number that takes nothing from another account costs no further statement.
#[tokio::test]
async fn reads_of_ownership_have_a_fixed_number_of_statements() {
    let store = postgres_store();
    let (user, _) = store.signed_up("+8613800138000", 1).await;
    for n in 2..9 {
        store.signed_in(&user, n).await;
    }
    store.hold_new(&new_act(&user, ActKind::SignIn, 1)).await;
    store.execute("CREATE EXTENSION pg_stat_statements");
    let before = super::super::retries::statements(&store);
    store.evidence_of(&user, now()).await;
    assert_eq!(super::super::retries::statements(&store) - before, 3);
    store.listed(version(&user), now()).await;
    assert_eq!(super::super::retries::statements(&store) - before, 5);
}

#[tokio::test]
async fn a_change_that_takes_a_number_is_retried_as_a_whole() {
    let store = postgres_store();
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    let (other, _) = store.signed_up("+8613800138001", 2).await;
    store.execute(DISCONNECT);
    // The connection fails at the last statement: the number was taken from the other account before.
    store.execute(&format!(
        "CREATE TRIGGER disconnect BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.id = '{}' AND NEW.phone <> OLD.phone) \
        EXECUTE FUNCTION disconnect(1)",
        user.id.0
    ));
    let changed = store.database.change_phone(&authority(&session), &claim(&user, &other), now()).await.unwrap();
    assert!(matches!(changed, PhoneChange::Done(_)), "{changed:?}");
    assert_eq!(attempts(&store), "2");
    assert_eq!((store.credentials(&user), store.credentials(&other)), (1, 1));
}

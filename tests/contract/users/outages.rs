//! What becomes of a call when the database is down, slow or silent: an answer in bounded time, and service again
//! as soon as the database is back.

use super::store::{another_hash, now, on_postgres, open, password_of, person, sqlite};
use crate::support::postgres::OwnPostgres;
use crate::support::process::free_port;
use diesel::connection::SimpleConnection;
use doorstep::adapters::database::{Database, migrate};
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::domain::user::ProfileChange;
use doorstep::ports::{Created, DependencyError, Users};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn phone() -> Phone {
    Phone::from_stored("+8613800138000".to_owned()).unwrap()
}

/// The reason why it is unavailable; within 3 s and without a secret.
async fn unavailable<T>(call: impl Future<Output = Result<T, DependencyError>>) -> String {
    let start = Instant::now();
    let failure = call.await.err().expect("the database is not there");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(matches!(failure, DependencyError::Unavailable { .. }), "{failure}");
    let said = failure.to_string();
    assert!(!said.contains("sesame") && !said.contains("138001"), "{said}");
    said
}

/// As many calls at once as there are connections, so that each has been used.
async fn use_every_connection(database: &Arc<Database>) {
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let database = Arc::clone(database);
            tokio::spawn(async move { database.account_of(&phone()).await.unwrap().is_some() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test]
async fn starts_while_postgres_is_down() {
    let start = Instant::now();
    let database = open(&format!("postgres://u:open-sesame@127.0.0.1:{}/d", free_port()));
    assert!(start.elapsed() < Duration::from_millis(200));
    let said = unavailable(database.ping()).await;
    assert!(said.contains("Connection refused"), "{said}");
}

#[tokio::test]
async fn no_call_hangs_or_tells_a_secret_while_postgres_is_down() {
    let database = open(&format!("postgres://u:open-sesame@127.0.0.1:{}/d", free_port()));
    let (user, session) = person("+8613800138000", 1);
    let (proof, policy, hash) = (password_of(&user), SessionPolicy::default(), another_hash());
    let (presented, change) = (Generation { session: session.id, number: 0 }, ProfileChange::default());
    let later = phone();
    tokio::join!(
        unavailable(database.by_phone(&user.phone)),
        unavailable(database.by_session(session.id, now())),
        unavailable(database.password_hash(user.id)),
        unavailable(database.sign_in(&session, &proof, Some(&hash), &policy)),
        unavailable(database.refresh(presented, now(), &policy)),
        unavailable(database.sessions(user.id, now(), &policy)),
        unavailable(database.end_session(user.id, session.id, now())),
        unavailable(database.end_sessions(user.id, now())),
        unavailable(database.change_profile(user.id, &change, now())),
        unavailable(database.set_password(user.id, &proof, &hash, None, now())),
        unavailable(database.change_phone(user.id, &user.phone, &later, now())),
        unavailable(database.delete(user.id, &proof)),
    );
}

#[tokio::test]
async fn a_restart_of_postgres_is_survived() {
    let server = OwnPostgres::start_new();
    let url = server.url("postgres");
    migrate::run(&url).unwrap();
    let database = open(&url);
    let (user, session) = person("+8613800138000", 1);
    use_every_connection(&database).await;

    server.kill();
    unavailable(database.account_of(&phone())).await;
    unavailable(database.create(&user, &session)).await;
    unavailable(database.ping()).await;
    server.start();
    assert_eq!(database.create(&user, &session).await.unwrap(), Created::Yes);
    assert!(database.account_of(&phone()).await.unwrap().is_some());

    // Nobody called while it was away: every idle connection is dead, and no caller notices.
    for n in 2..4 {
        use_every_connection(&database).await;
        server.kill();
        server.start();
        if n == 2 {
            assert!(database.account_of(&phone()).await.unwrap().is_some());
        }
        let (user, session) = person(&format!("+861380013800{n}"), n);
        assert_eq!(database.create(&user, &session).await.unwrap(), Created::Yes);
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let database = open(&format!("postgres://u:open-sesame@127.0.0.1:{port}/d"));
    unavailable(database.ping()).await;
}

/// A process that is stopped until this is dropped, also by a test that fails.
struct Frozen(String);

impl Frozen {
    fn new(pid: String) -> Self {
        assert!(Command::new("kill").args(["-STOP", &pid]).status().unwrap().success());
        Self(pid)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        assert!(Command::new("kill").args(["-CONT", &self.0]).status().unwrap().success());
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_and_found_again() {
    let store = on_postgres();
    store.database.ping().await.unwrap();
    let server_process =
        store.text("SELECT pid::text AS value FROM pg_stat_activity WHERE application_name = 'doorstep' AND datname = current_database()");
    let frozen = Frozen::new(server_process);
    let said = unavailable(store.database.account_of(&phone())).await;
    assert!(said.contains("no answer within"), "{said}");
    // The other connections serve on.
    assert!(store.database.account_of(&phone()).await.unwrap().is_none());
    drop(frozen);
    use_every_connection(&store.database).await;
}

#[tokio::test]
async fn a_statement_that_waits_too_long_ends_at_the_server() {
    let store = on_postgres();
    store.database.ping().await.unwrap();
    let mut other = store.postgres();
    other.batch_execute("BEGIN; LOCK TABLE users").unwrap();
    let said = unavailable(store.database.account_of(&phone())).await;
    assert!(said.contains("statement timeout"), "{said}");
    other.batch_execute("ROLLBACK").unwrap();
    assert!(store.database.account_of(&phone()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_locked_sqlite_file_is_still_read() {
    let store = sqlite();
    let mut other = store.sqlite();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let writes: Vec<_> = (0..8)
        .map(|n| {
            let database = Arc::clone(&store.database);
            let (user, session) = person("+8613800138000", n);
            tokio::spawn(async move { unavailable(database.create(&user, &session)).await })
        })
        .collect();
    // All of them are under way before the read begins.
    tokio::task::yield_now().await;
    let start = Instant::now();
    assert!(store.database.account_of(&phone()).await.unwrap().is_none());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    for write in writes {
        write.await.unwrap();
    }
    // And what was given up does not happen after all.
    other.batch_execute("ROLLBACK").unwrap();
    let (user, session) = person("+8613800138000", 1);
    assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
}

//! A database that is down, slow or does not respond: each call ends in bounded time, and succeeds again as soon as the
//! database is back.

use super::store::{
    another_hash, authority, new_user, now, number_change, open, password_proof, postgres_store, refresh_with,
    sqlite_store,
};
use crate::support::postgres::OwnPostgres;
use crate::support::process::{Stopped, free_port};
use crate::support::tcp_proxy::TcpProxy;
use diesel::connection::SimpleConnection;
use doorstep::adapters::database::{Database, migrate};
use doorstep::domain::pending::{ActKind, Decision, NewPending, PendingId};
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::domain::user::ProfileChange;
use doorstep::ports::{AccountOwnership, Created, DependencyError, Detach, EvidenceQuery, NumberChange, Users, Whose};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

fn phone() -> Phone {
    Phone::from_stored("+8613800138000".to_owned()).unwrap()
}

/// Asserts that a call fails with `Unavailable`, within 3 s and without a secret. Returns the reason.
async fn assert_unavailable<T>(call: impl Future<Output = Result<T, DependencyError>>) -> String {
    let start = Instant::now();
    let error = call.await.err().expect("a call to an unavailable database fails");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(matches!(error, DependencyError::Unavailable { .. }), "{error}");
    let reason = error.to_string();
    assert!(!reason.contains("sesame") && !reason.contains("138001"), "{reason}");
    reason
}

/// Sends more concurrent calls than there are connections, so that each connection is used.
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
async fn the_adapter_starts_while_postgres_is_down() {
    let start = Instant::now();
    let database = open(&format!("postgres://u:open-sesame@127.0.0.1:{}/d", free_port()));
    assert!(start.elapsed() < Duration::from_millis(200));
    let reason = assert_unavailable(database.ping()).await;
    assert!(reason.contains("Connection refused"), "{reason}");
}

#[tokio::test]
async fn every_call_fails_in_time_and_without_a_secret_while_postgres_is_down() {
    let database = open(&format!("postgres://u:open-sesame@127.0.0.1:{}/d", free_port()));
    let (user, session) = new_user("+8613800138000", 1);
    let (proof, policy, hash) = (password_proof(&user), SessionPolicy::default(), another_hash());
    let (first, change) = (Generation { session: session.id, number: 0 }, ProfileChange::default());
    let (refresh, new_phone, by) = (refresh_with(first), phone(), authority(&session));
    let number = number_change(&user.phone, &new_phone);
    tokio::join!(
        assert_unavailable(database.by_phone(&user.phone)),
        assert_unavailable(database.by_session(session.id, now())),
        assert_unavailable(database.password_hash(user.id)),
        assert_unavailable(database.sign_in(&session, &proof, Some(&hash), &policy)),
        assert_unavailable(database.refresh(&refresh, now(), &policy)),
        assert_unavailable(database.is_unused(first, now())),
        assert_unavailable(database.sessions(user.id, now(), &policy)),
        assert_unavailable(database.end_session(&by, session.id, now())),
        assert_unavailable(database.end_sessions(&by, now())),
        assert_unavailable(database.change_profile(&by, &change, now())),
        assert_unavailable(database.change_password(&by, &proof, &hash, now())),
        assert_unavailable(database.reset_password(user.id, &proof, &hash, now())),
        assert_unavailable(database.change_phone(&by, &number, now())),
        assert_unavailable(database.delete(user.id, &proof, None, now())),
        assert_unavailable(database.delete(user.id, &proof, Some(&by), now())),
    );
}

#[tokio::test]
async fn every_call_of_ownership_fails_in_time_and_without_a_secret_while_postgres_is_down() {
    let database = open(&format!("postgres://u:open-sesame@127.0.0.1:{}/d", free_port()));
    let (user, session) = new_user("+8613800138000", 1);
    let (by, policy) = (authority(&session), SessionPolicy::default());
    let (account, act, expires_at) = (by.account, PendingId(session.id.0), session.expires_at);
    let whose = Whose::Phone(user.phone.clone());
    let query = EvidenceQuery { whose, act: ActKind::SignIn, now: now() };
    let new = NewPending {
        id: act,
        account,
        kind: ActKind::PhoneChange,
        target: Some(user.phone.e164().to_owned()),
        session: Some(session.id),
        device_name: None,
        asked_at: now(),
        ready_at: now(),
        expires_at,
    };
    let phone = user.phone.clone();
    let detach = Detach { account, phone, as_of: now(), in_use_since: now(), deletes_at: expires_at, uses: Some(act) };
    let change = NumberChange { detach: Some(detach.clone()), ..number_change(&user.phone, &user.phone) };
    tokio::join!(
        assert_unavailable(database.evidence(&query)),
        assert_unavailable(database.hold(&new)),
        assert_unavailable(AccountOwnership::pending(&*database, account, now())),
        assert_unavailable(database.resolve(&by, act, Decision::Approve, now(), expires_at)),
        assert_unavailable(database.detach(&detach, now())),
        assert_unavailable(database.reclaim(account, &user.phone, &session, &policy)),
        assert_unavailable(database.delete_expired(now(), now())),
        assert_unavailable(database.create_anew(&user, &session, &detach)),
        assert_unavailable(database.change_phone(&by, &change, now())),
    );
}

#[tokio::test]
async fn calls_succeed_after_a_restart_of_postgres() {
    let server = OwnPostgres::start_new();
    let url = server.url("postgres");
    migrate::run(&url).unwrap();
    let database = open(&url);
    let (user, session) = new_user("+8613800138000", 1);
    use_every_connection(&database).await;

    server.kill();
    assert_unavailable(database.account_of(&phone())).await;
    assert_unavailable(database.create(&user, &session)).await;
    assert_unavailable(database.ping()).await;
    server.start();
    assert_eq!(database.create(&user, &session).await.unwrap(), Created::Yes);
    assert!(database.account_of(&phone()).await.unwrap().is_some());

    // Without calls during the restart, every idle connection is dead; the next calls succeed all the same.
    for n in 2..4 {
        use_every_connection(&database).await;
        server.kill();
        server.start();
        if n == 2 {
            assert!(database.account_of(&phone()).await.unwrap().is_some());
        }
        let (user, session) = new_user(&format!("+861380013800{n}"), n);
        assert_eq!(database.create(&user, &session).await.unwrap(), Created::Yes);
    }
}

#[tokio::test]
async fn a_server_that_accepts_connections_and_never_responds_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let database = open(&format!("postgres://u:open-sesame@127.0.0.1:{port}/d"));
    assert_unavailable(database.ping()).await;
}

#[tokio::test]
async fn a_server_that_freezes_times_out_and_is_used_again_later() {
    let store = postgres_store();
    store.database.ping().await.unwrap();
    let server_process = store.text(
        "SELECT pid::text AS value FROM pg_stat_activity \
        WHERE application_name = 'doorstep' AND datname = current_database()",
    );
    let frozen = Stopped::new(vec![server_process]);
    let reason = assert_unavailable(store.database.account_of(&phone())).await;
    assert!(reason.contains("no answer within"), "{reason}");
    // The other connections still work.
    assert!(store.database.account_of(&phone()).await.unwrap().is_none());
    drop(frozen);
    use_every_connection(&store.database).await;
}

/// Something in between, such as a firewall or a pooler, has forgotten the connections and accepts their data: no
/// timeout of TCP ends them. New connections work.
#[tokio::test]
async fn half_open_connections_are_replaced_within_ten_seconds() {
    let store = postgres_store();
    let mut url = Url::parse(&store.url).unwrap();
    let proxy = TcpProxy::start(url.port().unwrap());
    url.set_port(Some(proxy.port())).unwrap();
    let database = open(url.as_str());
    use_every_connection(&database).await;
    proxy.lose_connections();
    let start = Instant::now();
    while database.ping().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
    use_every_connection(&database).await;
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_statement_that_waits_too_long_is_ended_by_the_server() {
    let store = postgres_store();
    store.database.ping().await.unwrap();
    let mut other = store.postgres();
    other.batch_execute("BEGIN; LOCK TABLE users").unwrap();
    let reason = assert_unavailable(store.database.account_of(&phone())).await;
    assert!(reason.contains("SQLSTATE 57014"), "{reason}");
    other.batch_execute("ROLLBACK").unwrap();
    assert!(store.database.account_of(&phone()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_locked_sqlite_file_is_readable() {
    let store = sqlite_store();
    let mut other = store.sqlite();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let writes: Vec<_> = (0..8)
        .map(|n| {
            let database = Arc::clone(&store.database);
            let (user, session) = new_user("+8613800138000", n);
            tokio::spawn(async move { assert_unavailable(database.create(&user, &session)).await })
        })
        .collect();
    // All writes begin before the read.
    tokio::task::yield_now().await;
    let start = Instant::now();
    assert!(store.database.account_of(&phone()).await.unwrap().is_none());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    for write in writes {
        write.await.unwrap();
    }
    // A write that timed out is not executed later.
    other.batch_execute("ROLLBACK").unwrap();
    let (user, session) = new_user("+8613800138000", 1);
    assert_eq!(store.database.create(&user, &session).await.unwrap(), Created::Yes);
}

//! Redis outages: every call returns an error in bounded time, and calls succeed again as soon as Redis is back.

use super::{MINUTE, OWNER, allowed, at_once, code_attempt, key, new_flow, open, unlimited, verify};
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::cmd;
use doorstep::adapters::staging::redis::RedisStaging;
use doorstep::ports::{CodeCheck, Dependency, DependencyError, IdempotencyStore, RequestClaim, Staging};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Request that is claimed.
const REQUEST: RequestClaim = RequestClaim { name: "name", fingerprint: "print", owner: OWNER };
/// Longest time until a caller learns that Redis is down.
const QUERY_TIMEOUT: Duration = Duration::from_secs(3);

async fn assert_unavailable<T: std::fmt::Debug>(call: impl Future<Output = Result<T, DependencyError>>) {
    let result = tokio::time::timeout(QUERY_TIMEOUT, call).await.expect("no result in time");
    let error = result.unwrap_err();
    assert!(matches!(error, DependencyError::Unavailable { dependency: Dependency::Staging, .. }), "{error:?}");
}

#[tokio::test]
async fn a_killed_redis_is_unavailable_until_it_restarts() {
    let mut server = OwnRedis::new();
    let (store, flow, limits) = (RedisStaging::connect(&server.url(), 1).unwrap(), key(1, 1), unlimited());
    for _ in 0..3 {
        open(&store, &flow, 1, &limits).await;
        server.kill();
        for _ in 0..3 {
            assert_unavailable(store.ping()).await;
            assert_unavailable(store.open_flow(&flow, &new_flow(1), &limits.phone(flow.phone_hash))).await;
            assert_unavailable(store.verify_code(&flow, &code_attempt(&flow, true, &limits))).await;
            assert_unavailable(store.delete_flow(&flow)).await;
            assert_unavailable(store.begin(REQUEST, MINUTE)).await;
            assert_unavailable(store.complete(REQUEST, "response", MINUTE)).await;
            assert_unavailable(store.release(REQUEST)).await;
        }
        server.start();
        assert_eq!(verify(&store, &flow, true, &limits).await, CodeCheck::Gone);
    }
}

#[tokio::test]
async fn redis_may_start_after_the_service() {
    let mut server = OwnRedis::new();
    server.kill();
    let store = RedisStaging::connect(&server.url(), 1).unwrap();
    assert_unavailable(store.ping()).await;
    server.start();
    store.ping().await.unwrap();
}

/// The connection died while it was idle. The store knows that the command was not sent, and sends it again.
#[tokio::test]
async fn a_restart_between_two_requests_fails_no_request() {
    let mut server = OwnRedis::new();
    let store = RedisStaging::connect(&server.url(), 1).unwrap();
    store.ping().await.unwrap();
    server.kill();
    server.start();
    // The runtime polls its sockets every 61 turns.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    allowed(open(&store, &key(1, 1), 1, &unlimited()).await);
}

/// Each thread has its own connection. All die at once, and each thread loses one request at most.
#[test]
fn every_thread_reconnects_after_a_restart() {
    let mut server = OwnRedis::new();
    let store = RedisStaging::connect(&server.url(), 4).unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (killed, back) = (std::sync::Barrier::new(5), std::sync::Barrier::new(5));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let runtime = runtime();
                runtime.block_on(store.ping()).unwrap();
                killed.wait();
                back.wait();
                let _ = runtime.block_on(store.ping());
                runtime.block_on(store.ping()).unwrap();
            });
        }
        killed.wait();
        server.kill();
        server.start();
        back.wait();
    });
}

/// The driver of a connection ends with its thread. The next thread in its place detects that without an error.
#[test]
fn a_new_thread_replaces_the_connection_of_an_ended_one() {
    let server = OwnRedis::new();
    let store = RedisStaging::connect(&server.url(), 1).unwrap();
    for _ in 0..20 {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(store.ping()).unwrap();
            });
        });
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_unavailable() {
    let mut server = OwnRedis::new();
    let store = Arc::new(RedisStaging::connect(&server.url(), 1).unwrap());
    store.ping().await.unwrap();
    cmd("CLIENT").arg("PAUSE").arg(600_000).exec(&mut redis::connection(&server.url())).unwrap();
    let results = at_once(50, |_| {
        let store = store.clone();
        async move { tokio::time::timeout(QUERY_TIMEOUT, store.ping()).await.expect("no result in time") }
    });
    assert!(results.await.iter().all(|result| matches!(result, Err(DependencyError::Unavailable { .. }))));
    // The connection is closed. The handshake of the next one hangs, too.
    assert_unavailable(store.ping()).await;
    server.kill();
    server.start();
    store.ping().await.unwrap();
}

/// Callers queue behind one connection attempt at a time, and still none of them waits for long.
#[tokio::test]
async fn a_host_that_never_answers_is_unavailable_to_every_caller() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let store = Arc::new(RedisStaging::connect(&url, 1).unwrap());
    let results = at_once(200, |_| {
        let store = store.clone();
        async move { tokio::time::timeout(QUERY_TIMEOUT, store.ping()).await.expect("no result in time") }
    });
    assert!(results.await.iter().all(|result| matches!(result, Err(DependencyError::Unavailable { .. }))));
}

#[tokio::test]
async fn a_server_that_became_a_replica_is_unavailable() {
    let server = OwnRedis::new();
    let (store, mut control) = (RedisStaging::connect(&server.url(), 1).unwrap(), redis::connection(&server.url()));
    let (flow, limits) = (key(1, 1), unlimited());
    store.ping().await.unwrap();
    cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec(&mut control).unwrap();
    assert_unavailable(store.open_flow(&flow, &new_flow(1), &limits.phone(flow.phone_hash))).await;
    cmd("REPLICAOF").arg("NO").arg("ONE").exec(&mut control).unwrap();
    allowed(open(&store, &flow, 1, &limits).await);
}

/// A caller refunds what may be counted. It must not refund what certainly was not.
#[tokio::test]
async fn an_error_says_whether_the_call_may_be_done() {
    let mut server = OwnRedis::new();
    let (store, mut control) = (RedisStaging::connect(&server.url(), 1).unwrap(), redis::connection(&server.url()));
    let may_be_done = async || match store.ping().await {
        Err(DependencyError::Unavailable { may_be_done, .. }) => may_be_done,
        other => panic!("{other:?}"),
    };
    store.ping().await.unwrap();
    cmd("CONFIG").arg("SET").arg("min-replicas-to-write").arg(1).exec(&mut control).unwrap();
    assert!(!may_be_done().await, "the server refused it");
    cmd("CONFIG").arg("SET").arg("min-replicas-to-write").arg(0).exec(&mut control).unwrap();
    store.ping().await.unwrap();
    let stopped = redis::stop(&server.url());
    assert!(may_be_done().await, "the server executes it when it continues");
    drop(stopped);
    server.kill();
    assert!(!may_be_done().await, "no connection was possible");
}

#[tokio::test]
async fn no_error_contains_the_password() {
    let server = OwnRedis::new();
    let address = server.url().replace("redis://", "");
    let mut texts = Vec::new();
    for url in [format!("redis://:hush@{address}"), "redis://user:hush@127.0.0.1:1/0".to_owned()] {
        let error = RedisStaging::connect(&url, 1).unwrap().ping().await.unwrap_err();
        texts.push(format!("{error} {error:?}"));
    }
    for url in
        ["hush", "http://:hush@127.0.0.1/", "redis://:hush@/", "redis://:hush@127.0.0.1/hush", "redis://:hush@:x"]
    {
        let Err(error) = RedisStaging::connect(url, 1) else { panic!("accepted") };
        texts.push(format!("{error} {error:?}"));
    }
    assert!(texts.iter().all(|text| !text.contains("hush")), "{texts:?}");
}

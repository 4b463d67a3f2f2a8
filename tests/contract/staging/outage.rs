//! When Redis goes away: a clear answer in bounded time, and business as usual once it is back.

use super::{MINUTE, PURPOSE, at_once, check, key, new_flow, no_limits, open, policy};
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::cmd;
use doorstep::adapters::staging::redis::RedisStaging;
use doorstep::ports::{CodeCheck, Dependency, DependencyError, IdempotencyStore, Reserved, Staging};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// What a client may have to wait for the answer that something is down.
const QUERY_TIMEOUT: Duration = Duration::from_secs(3);

async fn assert_unavailable<T: std::fmt::Debug>(ask: impl Future<Output = Result<T, DependencyError>>) {
    let answer = tokio::time::timeout(QUERY_TIMEOUT, ask).await.expect("no answer in time");
    let failure = answer.unwrap_err();
    assert!(matches!(failure, DependencyError::Unavailable { dependency: Dependency::Staging, .. }), "{failure:?}");
}

#[tokio::test]
async fn a_killed_redis_is_unavailable_until_it_is_back() {
    let mut server = OwnRedis::new();
    let (store, flow, limits) = (RedisStaging::connect(&server.url(), 1).unwrap(), key(1, 1), no_limits());
    for _ in 0..3 {
        open(&store, &flow, 1, &limits).await;
        server.kill();
        for _ in 0..3 {
            assert_unavailable(store.ping()).await;
            assert_unavailable(store.open_flow(&flow, &new_flow(1), &policy(), &limits)).await;
            assert_unavailable(store.check_code(&flow, PURPOSE, true, &policy(), &limits)).await;
            assert_unavailable(store.end_flow(&flow)).await;
            assert_unavailable(store.begin("name", "print", MINUTE)).await;
            assert_unavailable(store.complete("name", "print", "answer", MINUTE)).await;
            assert_unavailable(store.release("name", "print")).await;
        }
        server.start();
        assert_eq!(check(&store, &flow, true, &limits).await, CodeCheck::Gone);
    }
}

#[tokio::test]
async fn it_may_start_after_this_service() {
    let mut server = OwnRedis::new();
    server.kill();
    let store = RedisStaging::connect(&server.url(), 1).unwrap();
    assert_unavailable(store.ping()).await;
    server.start();
    store.ping().await.unwrap();
}

/// A connection that died while nobody asked costs nobody a request: the command is known not to have gone out.
#[tokio::test]
async fn a_restart_between_two_requests_goes_unnoticed() {
    let mut server = OwnRedis::new();
    let store = RedisStaging::connect(&server.url(), 1).unwrap();
    store.ping().await.unwrap();
    server.kill();
    server.start();
    // The runtime looks at its sockets every 61 turns.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let limits = no_limits();
    assert!(matches!(open(&store, &key(1, 1), 1, &limits).await, Reserved::Yes { .. }));
}

/// Each thread has its own connection; all die at once, and each thread loses one request at most.
#[test]
fn every_thread_recovers() {
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

/// A thread that ended took its connection's driver along; the next thread in its place finds that out by itself.
#[test]
fn threads_come_and_go() {
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
    let answers = at_once(50, |_| {
        let store = store.clone();
        async move { tokio::time::timeout(QUERY_TIMEOUT, store.ping()).await.expect("no answer in time") }
    });
    assert!(answers.await.iter().all(|answer| matches!(answer, Err(DependencyError::Unavailable { .. }))));
    // The connection is given up; making the next one hangs as well.
    assert_unavailable(store.ping()).await;
    server.kill();
    server.start();
    store.ping().await.unwrap();
}

/// The line forms behind one attempt at a time, and still nobody waits for long.
#[tokio::test]
async fn a_host_that_never_answers_is_unavailable_to_all() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let store = Arc::new(RedisStaging::connect(&url, 1).unwrap());
    let answers = at_once(200, |_| {
        let store = store.clone();
        async move { tokio::time::timeout(QUERY_TIMEOUT, store.ping()).await.expect("no answer in time") }
    });
    assert!(answers.await.iter().all(|answer| matches!(answer, Err(DependencyError::Unavailable { .. }))));
}

#[tokio::test]
async fn a_server_that_became_a_replica_is_unavailable() {
    let server = OwnRedis::new();
    let (store, mut control) = (RedisStaging::connect(&server.url(), 1).unwrap(), redis::connection(&server.url()));
    store.ping().await.unwrap();
    cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec(&mut control).unwrap();
    assert_unavailable(store.open_flow(&key(1, 1), &new_flow(1), &policy(), &no_limits())).await;
    cmd("REPLICAOF").arg("NO").arg("ONE").exec(&mut control).unwrap();
    assert!(matches!(open(&store, &key(1, 1), 1, &no_limits()).await, Reserved::Yes { .. }));
}

#[tokio::test]
async fn no_failure_tells_the_password() {
    let server = OwnRedis::new();
    let address = server.url().replace("redis://", "");
    let mut texts = Vec::new();
    for url in [format!("redis://:hush@{address}"), "redis://user:hush@127.0.0.1:1/0".to_owned()] {
        let failure = RedisStaging::connect(&url, 1).unwrap().ping().await.unwrap_err();
        texts.push(format!("{failure} {failure:?}"));
    }
    for url in
        ["hush", "http://:hush@127.0.0.1/", "redis://:hush@/", "redis://:hush@127.0.0.1/hush", "redis://:hush@:x"]
    {
        let Err(failure) = RedisStaging::connect(url, 1) else { panic!("accepted") };
        texts.push(format!("{failure} {failure:?}"));
    }
    assert!(texts.iter().all(|text| !text.contains("hush")), "{texts:?}");
}

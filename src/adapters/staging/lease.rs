//! Connections to Redis: one for each thread, shared by all requests of that thread.
//!
//! deadpool tests a connection with a PING whenever it is taken out of the pool, which triples what a request costs.
//! So each thread takes one out, keeps it, and hands out clones: a [`MultiplexedConnection`] pipelines concurrent
//! requests. It is driven by a task of the runtime that made it, hence one for each thread and not for the process.

use crate::ports::{Dependency, DependencyError};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::io::tcp::TcpSettings;
use deadpool_redis::redis::{AsyncConnectionConfig, IntoConnectionInfo, RedisError, RedisResult};
use deadpool_redis::{Connection, Manager, Pool, PoolError};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use thread_local::ThreadLocal;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// For a connection, from waiting in line to the end of the handshakes (name, TCP, TLS, password). Inside a data
/// centre that takes milliseconds; a client on a phone should hear "try again" before it gives up by itself.
const CONNECT: Duration = Duration::from_secs(1);
/// For the answer to one command. Scripts take microseconds; whatever lasts a second is an outage.
const RESPONSE: Duration = Duration::from_secs(1);
/// Connections beyond one for each worker: for the threads that ask now and then, such as a check at the start.
const SPARE: usize = 4;

pub(super) struct Leases {
    pool: Pool,
    slots: ThreadLocal<Mutex<Option<Lease>>>,
}

/// A connection on loan to one thread.
struct Lease {
    connection: Connection,
    /// Set by the first request that the connection fails.
    dead: Arc<AtomicBool>,
}

/// What a request gets.
struct Leased {
    connection: MultiplexedConnection,
    dead: Arc<AtomicBool>,
}

struct Failed {
    error: DependencyError,
    /// The connection had died earlier, and the command is known not to have left this process.
    unsent: bool,
}

impl Leases {
    /// Parses the URL and connects to nothing yet.
    pub(super) fn new(url: &str, threads: usize) -> Result<Self, DependencyError> {
        // The parser's own words are left out: the URL holds a password.
        let unusable = || DependencyError::Broken {
            dependency: Dependency::Staging,
            reason: "the URL is none of redis:// or rediss://".to_owned(),
        };
        // Without TCP_NODELAY a second command waits until the first is acknowledged.
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = url.into_connection_info().map_err(|_| unusable())?.set_tcp_settings(tcp);
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(RESPONSE));
        let manager = Manager::new_with_config(info, config).map_err(|_| unusable())?;
        let pool = Pool::builder(manager).max_size(threads + SPARE).build().map_err(|_| unusable())?;
        Ok(Self { pool, slots: ThreadLocal::new() })
    }

    /// Asks Redis. A request that finds its connection dead, so that nothing went out, is asked once more on a new
    /// one; every other failure may come after the command was carried out, and is never repeated.
    pub(super) async fn run<T, F>(&self, ask: impl Fn(MultiplexedConnection) -> F + Sync) -> Result<T, DependencyError>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        match self.attempt(&ask).await {
            Err(Failed { unsent: true, .. }) => self.attempt(&ask).await.map_err(|failed| failed.error),
            answer => answer.map_err(|failed| failed.error),
        }
    }

    async fn attempt<T, F>(&self, ask: &(impl Fn(MultiplexedConnection) -> F + Sync)) -> Result<T, Failed>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let leased =
            self.lease().await.map_err(|dependency_error| Failed { error: dependency_error, unsent: false })?;
        // The driver of the connection ends with it and closes its queue. So a command that fails at the very first
        // look was not even queued; one that was queued cannot fail before the driver, a task of this thread, has run.
        let mut looks = 0;
        let mut call = pin!(ask(leased.connection));
        let answer = poll_fn(|context| {
            looks += 1;
            call.as_mut().poll(context)
        });
        answer.await.map_err(|error| {
            let dependency_error = translate(&error);
            if is_the_connections(&error) {
                leased.dead.store(true, Ordering::Relaxed);
            }
            Failed { error: dependency_error, unsent: looks == 1 && error.is_connection_dropped() }
        })
    }

    /// A clone of this thread's connection; the first request, or the first after a failure, makes it while the others
    /// wait.
    async fn lease(&self) -> Result<Leased, DependencyError> {
        let slot = self.slots.get_or_default();
        let lease = async {
            let mut slot = slot.lock().await;
            if let Some(lease) = slot.take_if(|lease| lease.dead.load(Ordering::Relaxed)) {
                // Taken for good: a dead connection must not go back to the pool.
                drop(Connection::take(lease.connection));
            }
            let lease = match &mut *slot {
                Some(lease) => lease,
                empty => empty.insert(Lease { connection: self.pool.get().await?, dead: Arc::default() }),
            };
            Ok(Leased { connection: lease.connection.clone(), dead: Arc::clone(&lease.dead) })
        };
        match timeout(CONNECT, lease).await {
            Ok(leased) => leased.map_err(|error| match error {
                PoolError::Backend(error) => unavailable(format!("cannot connect: {}", describe(&error))),
                _ => unavailable("no connection to be had".to_owned()),
            }),
            Err(_) => Err(unavailable(format!("no connection within {CONNECT:?}"))),
        }
    }
}

fn unavailable(reason: String) -> DependencyError {
    DependencyError::Unavailable { dependency: Dependency::Staging, reason }
}

fn translate(error: &RedisError) -> DependencyError {
    if error.is_io_error() || error.code().is_some_and(passes) {
        unavailable(describe(error))
    } else {
        DependencyError::Broken { dependency: Dependency::Staging, reason: describe(error) }
    }
}

/// Whether another connection may do better: this one is broken, or leads to a server that is not the one it was. A server that is
/// full or busy is not helped by handshakes.
fn is_the_connections(error: &RedisError) -> bool {
    let moved = ["LOADING", "READONLY", "MASTERDOWN"];
    error.is_io_error() || error.is_unrecoverable_error() || error.code().is_some_and(|code| moved.contains(&code))
}

/// Error codes of a server that starts, fails over, is full or is otherwise busy.
fn passes(code: &str) -> bool {
    matches!(
        code,
        "LOADING"
            | "READONLY"
            | "MASTERDOWN"
            | "CLUSTERDOWN"
            | "TRYAGAIN"
            | "NOREPLICAS"
            | "NOSCRIPT"
            | "BUSY"
            | "OOM"
            | "MISCONF"
    )
}

/// What the log may know. Only the operating system is quoted: Redis repeats arguments in its sentences.
fn describe(error: &RedisError) -> String {
    match error.code() {
        _ if error.is_io_error() => error.to_string(),
        Some(code) => format!("{} ({code})", error.category()),
        None => error.category().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadpool_redis::redis::{Value, parse_redis_value};

    fn answered(line: &str) -> DependencyError {
        let answer = parse_redis_value(format!("-{line}\r\n").as_bytes());
        translate(&answer.and_then(Value::extract_error).unwrap_err())
    }

    #[test]
    fn what_redis_repeats_is_not_repeated() {
        let dependency_error = answered("ERR unknown command 'EVALSHA', with args beginning with: 'hush'");
        assert!(
            matches!(&dependency_error, DependencyError::Broken { .. })
                && !dependency_error.to_string().contains("hush"),
            "{dependency_error}"
        );
    }

    #[test]
    fn what_passes_is_no_defect() {
        for line in ["LOADING Redis is loading", "READONLY no", "OOM command not allowed", "BUSY a script", "MISCONF x"]
        {
            assert!(matches!(answered(line), DependencyError::Unavailable { .. }), "{line}");
        }
        for line in ["WRONGTYPE Operation", "NOPERM no", "ERR Error running script", "CROSSSLOT Keys"] {
            assert!(matches!(answered(line), DependencyError::Broken { .. }), "{line}");
        }
    }
}

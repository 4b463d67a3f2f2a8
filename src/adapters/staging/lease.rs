//! Connections to Redis: one per thread, shared by all requests of that thread.
//!
//! deadpool tests a connection with a PING each time it is taken from the pool, which triples the cost of a request.
//! Each thread therefore takes one connection, keeps it, and hands out clones: a [`MultiplexedConnection`] pipelines
//! concurrent requests. A task of the runtime that created the connection drives it, and each HTTP thread has its own
//! runtime: therefore one connection per thread and not per process.

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

/// Timeout of a connection, from the queue to the end of the handshakes (name, TCP, TLS, password). In a data centre
/// they take milliseconds; a client on a phone should get "try again" before its own timeout.
const CONNECT: Duration = Duration::from_secs(1);
/// Timeout of one command. Scripts take microseconds; a second is an outage.
const RESPONSE: Duration = Duration::from_secs(1);
/// Connections beyond one per worker, for threads that rarely use the store, such as a check at the start.
const SPARE: usize = 4;

pub(super) struct Leases {
    pool: Pool,
    slots: ThreadLocal<Mutex<Option<Lease>>>,
}

/// Connection that one thread keeps.
struct Lease {
    connection: Connection,
    /// Set by the first request that fails because of the connection.
    dead: Arc<AtomicBool>,
}

/// Clone of the connection, for one request.
struct Leased {
    connection: MultiplexedConnection,
    dead: Arc<AtomicBool>,
}

struct Failed {
    error: DependencyError,
    /// The connection was dead before the call: the command was certainly not sent.
    unsent: bool,
}

impl Leases {
    /// Parses the URL and connects to nothing yet.
    pub(super) fn new(url: &str, threads: usize) -> Result<Self, DependencyError> {
        // The text of the parser is left out: the URL contains a password.
        let unusable = || DependencyError::Broken {
            dependency: Dependency::Staging,
            reason: "expected a redis:// or rediss:// URL".to_owned(),
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

    /// Runs a command. If the connection was dead before the call, so that nothing was sent, the command runs once more
    /// on a new connection. After every other error Redis may have run the command. The command is then never repeated.
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
        // The driver task of the connection ends with it and closes its queue. A command that fails at its first poll
        // was not even queued; a queued command cannot fail before the driver, a task of this thread, has run.
        let mut polls = 0;
        let mut call = pin!(ask(leased.connection));
        let answer = poll_fn(|context| {
            polls += 1;
            call.as_mut().poll(context)
        });
        answer.await.map_err(|error| {
            let dependency_error = translate(&error);
            if is_connection_error(&error) {
                leased.dead.store(true, Ordering::Relaxed);
            }
            Failed { error: dependency_error, unsent: polls == 1 && error.is_connection_dropped() }
        })
    }

    /// Returns a clone of this thread's connection. The first request, or the first one after an error, opens the
    /// connection while the others wait.
    async fn lease(&self) -> Result<Leased, DependencyError> {
        let slot = self.slots.get_or_default();
        let lease = async {
            let mut slot = slot.lock().await;
            if let Some(lease) = slot.take_if(|lease| lease.dead.load(Ordering::Relaxed)) {
                // Removed from the pool: a dead connection must not return to it.
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
                _ => unavailable("no connection available".to_owned()),
            }),
            Err(_) => Err(unavailable(format!("no connection within {CONNECT:?}"))),
        }
    }
}

fn unavailable(reason: String) -> DependencyError {
    DependencyError::Unavailable { dependency: Dependency::Staging, reason }
}

fn translate(error: &RedisError) -> DependencyError {
    if error.is_io_error() || error.code().is_some_and(is_transient) {
        unavailable(describe(error))
    } else {
        DependencyError::Broken { dependency: Dependency::Staging, reason: describe(error) }
    }
}

/// Whether another connection may help: this one is broken, or its server has changed its role. New handshakes do not
/// help a server that is full or busy.
fn is_connection_error(error: &RedisError) -> bool {
    let role_changes = ["LOADING", "READONLY", "MASTERDOWN"];
    error.is_io_error()
        || error.is_unrecoverable_error()
        || error.code().is_some_and(|code| role_changes.contains(&code))
}

/// Error codes of a server that is starting, failing over, full or busy.
fn is_transient(code: &str) -> bool {
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

/// Error text for the log. It contains the message of an I/O error, and never a message of Redis, which may repeat
/// arguments.
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

    fn error_of(line: &str) -> DependencyError {
        let answer = parse_redis_value(format!("-{line}\r\n").as_bytes());
        translate(&answer.and_then(Value::extract_error).unwrap_err())
    }

    #[test]
    fn arguments_in_a_message_of_redis_are_not_repeated() {
        let error = error_of("ERR unknown command 'EVALSHA', with args beginning with: 'hush'");
        assert!(matches!(&error, DependencyError::Broken { .. }) && !error.to_string().contains("hush"), "{error}");
    }

    #[test]
    fn a_transient_error_is_unavailable_and_a_defect_is_broken() {
        for line in ["LOADING Redis is loading", "READONLY no", "OOM command not allowed", "BUSY a script", "MISCONF x"]
        {
            assert!(matches!(error_of(line), DependencyError::Unavailable { .. }), "{line}");
        }
        for line in ["WRONGTYPE Operation", "NOPERM no", "ERR Error running script", "CROSSSLOT Keys"] {
            assert!(matches!(error_of(line), DependencyError::Broken { .. }), "{line}");
        }
    }
}

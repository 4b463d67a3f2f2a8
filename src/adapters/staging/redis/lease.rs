//! Connections to one server: one per thread, shared by all requests of that thread.
//!
//! deadpool tests a connection with a PING each time it is taken from the pool, which triples the cost of a request.
//! Each thread therefore takes one connection, keeps it, and hands out clones: a [`MultiplexedConnection`] pipelines
//! concurrent requests. A task of the runtime that created the connection drives it, and each HTTP thread has its own
//! runtime: therefore one connection per thread and not per process.

use super::error::{CallError, NoConnection};
use super::request::Request;
use crate::config::{RedisAddress, RedisLogin};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::io::tcp::TcpSettings;
use deadpool_redis::redis::{
    AsyncConnectionConfig, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisResult, Value, cmd,
    from_redis_value,
};
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

/// Handshakes of a connection, and number of threads that open one.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) login: RedisLogin,
    pub(super) database: u16,
    pub(super) tls: bool,
    pub(super) threads: usize,
    /// Tells whether a connection is used only if the server says that it is a primary.
    pub(super) primary_only: bool,
}

pub(super) struct Leases {
    address: RedisAddress,
    pool: Pool,
    primary_only: bool,
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
    error: CallError,
    /// The connection was dead before the call: the command was certainly not sent.
    unsent: bool,
}

impl Leases {
    /// Connects to nothing yet. Returns `None` if the host cannot be one.
    pub(super) fn new(address: RedisAddress, access: &Access) -> Option<Self> {
        let RedisAddress { host, port } = address.clone();
        let server = match access.tls {
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        };
        let mut login = RedisConnectionInfo::default().set_db(access.database.into());
        if let Some(user) = &access.login.user {
            login = login.set_username(user);
        }
        if let Some(password) = access.login.password() {
            login = login.set_password(password);
        }
        // Without TCP_NODELAY a second command waits until the first is acknowledged.
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = server.into_connection_info().ok()?.set_redis_settings(login).set_tcp_settings(tcp);
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(RESPONSE));
        let manager = Manager::new_with_config(info, config).ok()?;
        let pool = Pool::builder(manager).max_size(access.threads + SPARE).build().ok()?;
        Some(Self { address, pool, primary_only: access.primary_only, slots: ThreadLocal::new() })
    }

    pub(super) const fn address(&self) -> &RedisAddress {
        &self.address
    }

    /// Runs a request. If the connection was dead before the call, so that nothing was sent, the request runs once more
    /// on a new connection. After every other error Redis may have run the request. It is then never repeated.
    pub(super) async fn run(&self, request: &Request<'_>, asking: bool) -> Result<Value, CallError> {
        match self.attempt(request, asking).await {
            Err(Failed { unsent: true, .. }) => self.attempt(request, asking).await.map_err(|failed| failed.error),
            answer => answer.map_err(|failed| failed.error),
        }
    }

    async fn attempt(&self, request: &Request<'_>, asking: bool) -> Result<Value, Failed> {
        let leased = self.lease().await.map_err(|error| Failed { error, unsent: false })?;
        // The driver task of the connection ends with it and closes its queue. A command that fails at its first poll
        // was not even queued; a queued command cannot fail before the driver, a task of this thread, has run.
        let mut polls = 0;
        let mut call = pin!(request.send(leased.connection, asking));
        let answer = poll_fn(|context| {
            polls += 1;
            call.as_mut().poll(context)
        });
        answer.await.map_err(|error| {
            let unsent = polls == 1 && error.is_connection_dropped();
            let error = CallError::Answer(error);
            if error.spoils_connection() {
                leased.dead.store(true, Ordering::Relaxed);
            }
            Failed { error, unsent }
        })
    }

    /// Returns a clone of this thread's connection. The first request, or the first one after an error, opens the
    /// connection while the others wait.
    async fn lease(&self) -> Result<Leased, CallError> {
        let slot = self.slots.get_or_default();
        let lease = async {
            let mut slot = slot.lock().await;
            if let Some(lease) = slot.take_if(|lease| lease.dead.load(Ordering::Relaxed)) {
                // Removed from the pool: a dead connection must not return to it.
                drop(Connection::take(lease.connection));
            }
            let lease = match &mut *slot {
                Some(lease) => lease,
                empty => empty.insert(Lease { connection: self.open().await?, dead: Arc::default() }),
            };
            Ok(Leased { connection: lease.connection.clone(), dead: Arc::clone(&lease.dead) })
        };
        match timeout(CONNECT, lease).await {
            Ok(leased) => leased.map_err(CallError::NoConnection),
            Err(_) => Err(CallError::NoConnection(NoConnection::new(format!("no connection within {CONNECT:?}")))),
        }
    }

    async fn open(&self) -> Result<Connection, NoConnection> {
        let connection = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => NoConnection::from_error("cannot connect", &error),
            _ => NoConnection::new("no connection available".to_owned()),
        })?;
        let refusal = match self.primary_only {
            false => return Ok(connection),
            true => match role(connection.clone()).await {
                Ok(role) if role == "master" => return Ok(connection),
                Ok(role) => NoConnection::new(format!("is no primary, its role is {role}")),
                Err(error) => NoConnection::from_error("cannot read the role", &error),
            },
        };
        drop(Connection::take(connection));
        Err(refusal)
    }
}

async fn role(mut connection: MultiplexedConnection) -> RedisResult<String> {
    let reply: Vec<Value> = cmd("ROLE").query_async(&mut connection).await?;
    from_redis_value(reply.into_iter().next().unwrap_or(Value::Nil)).map_err(Into::into)
}

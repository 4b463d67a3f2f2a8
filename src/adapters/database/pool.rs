//! Connection pool: a bounded number of threads, one connection for each, and a timeout for every wait.

use super::address::Address;
use super::connection::Manager;
use super::engine::AnyConnection;
use super::fault::{Fault, unavailable};
use crate::adapters::bulkhead::Bulkhead;
use crate::ports::{Dependency, DependencyError};
use diesel::r2d2::R2D2Connection;
use r2d2::{NopErrorHandler, Pool, PooledConnection};
use scheduled_thread_pool::ScheduledThreadPool;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Timeout from the call to the result, including the queue and a retry.
const QUERY_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Timeout for getting a connection. A new connection takes one round trip, unless the database is down.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of waiting jobs. One connection inserts about 4,000 rows a second, so a full queue takes much less
/// time than [`QUERY_TIMEOUT`].
const QUEUE: usize = 256;

/// Runs jobs on a pool of connections. Clones share the pool.
#[derive(Clone)]
pub(super) struct BlockingPool {
    pool: Pool<Manager>,
    bulkhead: Arc<Bulkhead>,
}

impl BlockingPool {
    /// Creates the pool. It connects at the first job, so that the process can start while the database is down.
    pub fn new(address: Address, connections: u32, background: Arc<ScheduledThreadPool>) -> Self {
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(0))
            // A test would cost one round trip per job. A job on a dead connection is retried instead.
            .test_on_check_out(false)
            .connection_timeout(CONNECTION_TIMEOUT)
            // The job that waits for the connection gets the error, so r2d2 does not need to log it.
            .error_handler(Box::new(NopErrorHandler))
            .thread_pool(background)
            .build_unchecked(Manager(address));
        let width = usize::try_from(connections).unwrap_or(usize::MAX);
        Self { pool, bulkhead: Arc::new(Bulkhead::new(Dependency::Database, width, QUEUE)) }
    }

    /// Runs `work`, and retries it on a second connection if the first is dead.
    ///
    /// Returns within [`QUERY_TIMEOUT`], even when the server accepts data and never responds. The thread is then
    /// blocked until the TCP timeout and keeps its permits in the bulkhead. `work` gets the deadline after which the
    /// caller no longer waits.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, DependencyError> {
        let deadline = Instant::now() + QUERY_TIMEOUT;
        let pool = self.pool.clone();
        let job = self.bulkhead.run(move || attempt(&pool, deadline, work));
        match tokio::time::timeout_at(deadline.into(), job).await {
            Ok(result) => result?,
            Err(_) => Err(unavailable(format!("no answer within {QUERY_TIMEOUT:?}"))),
        }
    }
}

fn attempt<T>(
    pool: &Pool<Manager>,
    deadline: Instant,
    mut work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault>,
) -> Result<T, DependencyError> {
    match work(&mut *check_out(pool, deadline)?, deadline) {
        // The cause, for example a restart of the server, has closed the idle connections, too.
        Err(Fault::Lost(_)) => Ok(work(&mut *check_out_tested(pool, deadline)?, deadline)?),
        result => Ok(result?),
    }
}

/// Takes a connection from the pool. Fails after the deadline: the caller no longer waits, so the job must not start.
fn check_out(pool: &Pool<Manager>, deadline: Instant) -> Result<PooledConnection<Manager>, DependencyError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(unavailable("no connection in time"));
    }
    pool.get_timeout(left.min(CONNECTION_TIMEOUT)).map_err(|error| unavailable(error.to_string()))
}

/// Takes a connection that responds to a ping. Dead connections are removed from the pool.
fn check_out_tested(pool: &Pool<Manager>, deadline: Instant) -> Result<PooledConnection<Manager>, DependencyError> {
    loop {
        let mut connection = check_out(pool, deadline)?;
        if connection.ping().is_ok() {
            return Ok(connection);
        }
    }
}

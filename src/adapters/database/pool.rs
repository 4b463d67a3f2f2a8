//! The way to the database: a bounded number of threads, a connection for each, and an end to every wait.

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

/// From the call to the answer, queue and second try included.
const QUERY_TIMEOUT: Duration = Duration::from_millis(2_500);
/// For a connection out of the pool. It is a round trip away, or the database is down.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Jobs that may wait. One connection inserts about 4,000 rows a second, so a full queue is far from [`QUERY_TIMEOUT`].
const QUEUE: usize = 256;

/// Runs jobs on a pool of connections; clones share it.
#[derive(Clone)]
pub(super) struct BlockingPool {
    pool: Pool<Manager>,
    bulkhead: Arc<Bulkhead>,
}

impl BlockingPool {
    /// Connects when the first job comes, so that the process starts while the database is down.
    pub fn new(address: Address, connections: u32, background: Arc<ScheduledThreadPool>) -> Self {
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(0))
            // It would cost a round trip for every job; a dead connection is met with a second try instead.
            .test_on_check_out(false)
            .connection_timeout(CONNECTION_TIMEOUT)
            // The job that waits for the connection gets the reason; r2d2 need not log it too.
            .error_handler(Box::new(NopErrorHandler))
            .thread_pool(background)
            .build_unchecked(Manager(address));
        let width = usize::try_from(connections).unwrap_or(usize::MAX);
        Self { pool, bulkhead: Arc::new(Bulkhead::new(Dependency::Database, width, QUEUE)) }
    }

    /// Runs `work`, on a second connection if the first turns out to be dead.
    ///
    /// Answers within [`QUERY_TIMEOUT`] even when the server accepts everything and says nothing: the thread then stays
    /// behind until TCP gives up, and keeps its place in the bulkhead. `work` is told the moment after which nobody waits.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, DependencyError> {
        let deadline = Instant::now() + QUERY_TIMEOUT;
        let pool = self.pool.clone();
        let job = self.bulkhead.run(move || attempt(&pool, deadline, work));
        match tokio::time::timeout_at(deadline.into(), job).await {
            Ok(done) => done?,
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
        // What killed this connection, a restart say, has killed the idle ones too.
        Err(Fault::Lost(_)) => Ok(work(&mut *check_out_living(pool, deadline)?, deadline)?),
        done => Ok(done?),
    }
}

/// A job whose caller has given up is not begun: it could only do something that nobody is told of.
fn check_out(pool: &Pool<Manager>, deadline: Instant) -> Result<PooledConnection<Manager>, DependencyError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(unavailable("no connection in time"));
    }
    pool.get_timeout(left.min(CONNECTION_TIMEOUT)).map_err(|error| unavailable(error.to_string()))
}

/// A connection that has just answered. The dead ones on the way to it leave the pool.
fn check_out_living(pool: &Pool<Manager>, deadline: Instant) -> Result<PooledConnection<Manager>, DependencyError> {
    loop {
        let mut connection = check_out(pool, deadline)?;
        if connection.ping().is_ok() {
            return Ok(connection);
        }
    }
}

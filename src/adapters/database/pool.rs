//! Connection pool: a bounded number of threads, one connection for each, and a timeout for every wait.

use super::engine::AnyConnection;
use super::fault::{Fault, unavailable};
use super::lane::Lane;
use super::manager::{Manager, Session};
use super::watchdog::Watchdog;
use crate::adapters::bulkhead::Bulkhead;
use crate::ports::{Dependency, DependencyError};
use diesel::r2d2::R2D2Connection;
use doorstep_libpq::SqlState;
use r2d2::{NopErrorHandler, Pool, PooledConnection};
use scheduled_thread_pool::ScheduledThreadPool;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Timeout from the call to the result, including the queue and a retry.
pub(super) const QUERY_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Timeout for getting a connection. A new connection takes one round trip, unless the database is down.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of waiting jobs. One connection inserts about 4,000 rows a second, so a full queue takes much less
/// time than [`QUERY_TIMEOUT`].
pub(super) const QUEUE: usize = 256;

/// Time after the deadline of a job until its connection is shut down. The server ends a statement after 2 s, so a job
/// that takes longer hangs.
const GRACE: Duration = Duration::from_secs(2);
/// Maximum number of retries of a job that other transactions were in the way of.
const CONFLICTS: u32 = 3;

/// Runs jobs on a pool of connections. Clones share the pool.
#[derive(Clone)]
pub(super) struct BlockingPool {
    connections: Connections,
    bulkhead: Arc<Bulkhead>,
}

/// Connections of a pool, for work on the calling thread. Clones share them.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool<Manager>,
    manager: Manager,
    watchdog: Arc<Watchdog>,
    lane: Arc<Lane>,
}

impl BlockingPool {
    /// Creates the pool with at most `threads` jobs at the same time. It connects at the first job, so that the process
    /// can start while the database is down.
    pub fn new(
        manager: Manager,
        connections: u32,
        threads: u32,
        background: Arc<ScheduledThreadPool>,
        watchdog: Arc<Watchdog>,
    ) -> Self {
        let pool = Pool::builder()
            .max_size(connections)
            .min_idle(Some(0))
            // A test would cost one round trip per job. A job on a dead connection is retried instead.
            .test_on_check_out(false)
            .connection_timeout(CONNECTION_TIMEOUT)
            // The job that waits for the connection gets the error, so r2d2 does not need to log it.
            .error_handler(Box::new(NopErrorHandler))
            .thread_pool(background)
            .build_unchecked(manager.clone());
        let width = usize::try_from(threads).unwrap_or(usize::MAX);
        let bulkhead = Arc::new(Bulkhead::new(Dependency::Database, width, QUEUE));
        Self { connections: Connections { pool, manager, watchdog, lane: Arc::default() }, bulkhead }
    }

    /// Runs `work`. Retries it on another connection if the first is dead, and after a conflict with other
    /// transactions.
    ///
    /// Returns within [`QUERY_TIMEOUT`], even when the server accepts data and never responds. The thread is then
    /// blocked until the watchdog shuts down the connection. `work` gets the deadline after which the caller no longer
    /// waits.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, DependencyError> {
        self.run_with_look(work, no_look).await
    }

    /// Does the same. If the connection is lost at COMMIT, `look` finds out on another one whether the changes were
    /// made, and returns the result then. Otherwise the work is done again.
    pub async fn run_with_look<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault> + Send + 'static,
        look: impl FnMut(&mut AnyConnection) -> Result<Option<T>, Fault> + Send + 'static,
    ) -> Result<T, DependencyError> {
        let deadline = Instant::now() + QUERY_TIMEOUT;
        let connections = self.connections.clone();
        in_time(deadline, self.bulkhead.run(move || connections.attempt(deadline, work, look))).await?
    }

    pub fn connections(&self) -> Connections {
        self.connections.clone()
    }
}

/// Waits for a result until the deadline.
pub(super) async fn in_time<T>(
    deadline: Instant,
    result: impl Future<Output = Result<T, DependencyError>>,
) -> Result<T, DependencyError> {
    let late = |_| unavailable(format!("no answer within {QUERY_TIMEOUT:?}"));
    tokio::time::timeout_at(deadline.into(), result).await.map_err(late).flatten()
}

/// Finds out nothing about a lost COMMIT.
fn no_look<T>(_: &mut AnyConnection) -> Result<Option<T>, Fault> {
    Err(unavailable("the outcome is unknown").into())
}

impl Connections {
    /// Does the same as [`BlockingPool::run`], on the calling thread.
    pub fn run<T>(
        &self,
        deadline: Instant,
        work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault>,
    ) -> Result<T, DependencyError> {
        self.attempt(deadline, work, no_look)
    }

    fn attempt<T>(
        &self,
        deadline: Instant,
        mut work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault>,
        look: impl FnMut(&mut AnyConnection) -> Result<Option<T>, Fault>,
    ) -> Result<T, DependencyError> {
        let (mut conflicts, mut was_lost) = (0, false);
        loop {
            let turn = if conflicts == 0 { self.lane.outside() } else { self.lane.inside() };
            // What closed the first connection, for example a restart of the server, has closed the idle ones, too.
            let session = if was_lost { self.check_out_tested(deadline) } else { self.check_out(deadline) };
            let result = self.execute(session?, deadline, &mut work);
            drop(turn);
            match result {
                Err(Fault::Lost(_)) if !was_lost => was_lost = true,
                Err(Fault::Conflict(_)) if conflicts < CONFLICTS && Instant::now() < deadline => conflicts += 1,
                Err(Fault::InDoubt(reason)) => return self.complete(deadline, reason, work, look),
                result => return Ok(result?),
            }
        }
    }

    /// Completes a job whose COMMIT had no answer. Looks again after the second attempt: the first COMMIT may have been
    /// executed in between.
    fn complete<T>(
        &self,
        deadline: Instant,
        reason: String,
        mut work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault>,
        mut look: impl FnMut(&mut AnyConnection) -> Result<Option<T>, Fault>,
    ) -> Result<T, DependencyError> {
        let mut look = || self.execute(self.check_out_tested(deadline)?, deadline, |connection, _| look(connection));
        match look() {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => {}
            Err(_) => return Err(unavailable(reason)),
        }
        let again = self.execute(self.check_out_tested(deadline)?, deadline, &mut work);
        match look() {
            Ok(Some(done)) => Ok(done),
            _ => Ok(again?),
        }
    }

    /// Runs the work on a connection. The connection is closed afterwards if it is of no use.
    fn execute<T>(
        &self,
        mut session: PooledConnection<Manager>,
        deadline: Instant,
        mut work: impl FnMut(&mut AnyConnection, Instant) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let _watched = self.watchdog.watch(&session.socket, deadline + GRACE);
        // An error of an earlier job says nothing about this one.
        let _ = SqlState::take_last();
        let result = work(&mut session.connection, deadline);
        if matches!(result, Err(Fault::Lost(_) | Fault::InDoubt(_))) {
            self.manager.discard(&mut session);
        }
        result
    }

    /// Takes a connection from the pool. Fails after the deadline: the caller no longer waits, so the job must not
    /// start.
    fn check_out(&self, deadline: Instant) -> Result<PooledConnection<Manager>, DependencyError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(unavailable("no connection in time"));
            }
            let session = self.pool.get_timeout(left.min(CONNECTION_TIMEOUT));
            let session = session.map_err(|error| unavailable(error.to_string()))?;
            // The pool closes an outdated connection when it is dropped.
            if !self.manager.is_outdated(&session) {
                return Ok(session);
            }
        }
    }

    /// Takes a connection that responds to a ping. Dead connections are removed from the pool.
    fn check_out_tested(&self, deadline: Instant) -> Result<PooledConnection<Manager>, DependencyError> {
        loop {
            let mut session = self.check_out(deadline)?;
            if self.is_alive(&mut session, deadline) {
                return Ok(session);
            }
        }
    }

    fn is_alive(&self, session: &mut Session, deadline: Instant) -> bool {
        let _watched = self.watchdog.watch(&session.socket, deadline + GRACE);
        session.connection.ping().is_ok()
    }
}

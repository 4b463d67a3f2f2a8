//! Connections of the pool, and their replacement.

use super::address::Address;
use super::connection::{ConnectError, Connector};
use super::engine::AnyConnection;
use super::fault::reason;
use super::watchdog::Watchdog;
use diesel::r2d2::R2D2Connection;
use doorstep_libpq::Socket;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Maximum time for a connection and its first statements. Before them, `connect_timeout` of libpq is the limit.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Connection of the pool.
pub(super) struct Session {
    pub connection: AnyConnection,
    pub socket: Socket,
    /// Epoch in which it was opened.
    epoch: u64,
    /// Set when a job has found it useless.
    is_useless: bool,
}

/// Opens connections for r2d2, and knows which ones are outdated.
#[derive(Clone)]
pub(super) struct Manager {
    connector: Arc<Connector>,
    watchdog: Arc<Watchdog>,
    epoch: Arc<Mutex<Epoch>>,
}

/// Number of the time between two faults, and its beginning.
struct Epoch {
    number: u64,
    since: Option<Instant>,
}

/// Shortest epoch: a server that stays read-only must not cause new connections for each request.
const SHORTEST_EPOCH: Duration = Duration::from_secs(1);

impl Manager {
    pub fn new(address: Address, watchdog: Arc<Watchdog>) -> Self {
        let epoch = Epoch { number: 0, since: None };
        Self { connector: Arc::new(Connector::new(address)), watchdog, epoch: Arc::new(Mutex::new(epoch)) }
    }

    /// Has a useless connection closed, and soon all others that are as old. Whatever happened, such as a failover, has
    /// happened to all of them: an earlier primary would go on to answer reads with old data.
    pub fn discard(&self, session: &mut Session) {
        session.is_useless = true;
        let mut epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if session.epoch == epoch.number && epoch.since.is_none_or(|since| since.elapsed() > SHORTEST_EPOCH) {
            *epoch = Epoch { number: epoch.number + 1, since: Some(Instant::now()) };
        }
    }

    pub fn is_outdated(&self, session: &Session) -> bool {
        session.is_useless || session.epoch != self.epoch()
    }

    fn epoch(&self) -> u64 {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner).number
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Session;
    type Error = ConnectError;

    fn connect(&self) -> Result<Session, ConnectError> {
        let (socket, epoch) = (Socket::default(), self.epoch());
        let _watched = self.watchdog.watch(&socket, Instant::now() + CONNECT_LIMIT);
        let connection = self.connector.connect(&socket)?;
        Ok(Session { connection, socket, epoch, is_useless: false })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), ConnectError> {
        session.connection.ping().map_err(|error| ConnectError::new(reason(&error)))
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        std::thread::panicking() || self.is_outdated(session) || session.connection.is_broken()
    }
}

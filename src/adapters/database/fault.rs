//! What diesel, libpq and SQLite say, in the words of the ports and without anybody's data.

use super::engine::AnyConnection;
use crate::ports::{Dependency, DependencyError};
use diesel::ConnectionError;
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorKind, Error};

/// Why work on a connection failed.
pub(super) enum Fault {
    /// The connection is gone, and the work may be tried on another: nothing of it has been committed, or to do it twice
    /// changes nothing.
    Lost(String),
    Failed(DependencyError),
}

/// Primary messages of conditions that pass by themselves; diesel keeps no SQLSTATE to tell them by.
const PASSING: [&str; 4] = ["statement timeout", "lock timeout", "deadlock detected", "database is locked"];

impl Fault {
    pub fn new(connection: &mut AnyConnection, error: &Error) -> Self {
        let reason = reason(error);
        // libpq knows that the other side is gone whatever kind of error the statement ended with.
        if connection.is_broken() || is_closed(error) {
            return Self::Lost(reason);
        }
        Self::Failed(if is_passing(error) { unavailable(reason) } else { broken(reason) })
    }
}

impl From<DependencyError> for Fault {
    fn from(error: DependencyError) -> Self {
        Self::Failed(error)
    }
}

impl From<Fault> for DependencyError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(reason) => unavailable(reason),
            Fault::Failed(error) => error,
        }
    }
}

pub(super) fn unavailable(reason: impl Into<String>) -> DependencyError {
    DependencyError::Unavailable { dependency: Dependency::Database, reason: reason.into() }
}

pub(super) fn broken(reason: impl Into<String>) -> DependencyError {
    DependencyError::Broken { dependency: Dependency::Database, reason: reason.into() }
}

fn is_closed(error: &Error) -> bool {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    matches!(error, Error::BrokenTransactionManager | Error::DatabaseError(ClosedConnection | UnableToSendCommand, _))
}

fn is_passing(error: &Error) -> bool {
    match error {
        // A standby that has not been promoted yet, or a primary that no longer is one.
        Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction | DatabaseErrorKind::SerializationFailure, _) => {
            true
        }
        Error::DatabaseError(DatabaseErrorKind::Unknown, about) => {
            PASSING.iter().any(|passing| about.message().contains(passing))
        }
        _ => false,
    }
}

/// The primary message only: PostgreSQL's details quote the row. diesel's own conversion errors quote the value.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::DatabaseError(_, about) => about.message().lines().next().unwrap_or_default().to_owned(),
        Error::SerializationError(_) => "a value cannot be written as its column's type".to_owned(),
        Error::DeserializationError(_) => "a value cannot be read as its column's type".to_owned(),
        Error::RollbackErrorOnCommit { commit_error, .. } => reason(commit_error),
        other => other.to_string(),
    }
}

/// Why no connection could be made.
///
/// libpq quotes pieces of a URL that it cannot read, and with an unescaped `@` or `/` such a piece is part of the
/// password. So only what it says about a server that it reached, or tried to reach at an address, is passed on.
pub(super) fn connect_error(error: &ConnectionError) -> String {
    match error {
        ConnectionError::CouldntSetupConfiguration(error) => reason(error),
        ConnectionError::BadConnection(text) => {
            let lines: Vec<_> = text.lines().filter(|line| line.starts_with("connection to server ")).collect();
            if lines.is_empty() { UNREADABLE.to_owned() } else { lines.join("; ") }
        }
        _ => UNREADABLE.to_owned(),
    }
}

const UNREADABLE: &str = "the host name is unknown or the URL is not one that libpq accepts (in user name and password, \
    write special characters as %40 and the like; TLS needs a build with the system's libpq)";

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::{Connection as _, PgConnection};

    #[test]
    fn no_piece_of_a_password_is_repeated() {
        for url in [
            "postgres://u:fox/hound@127.0.0.1/db",
            "postgres://u:fox@hound@127.0.0.1:1/db",
            "postgres://u:fox%zzhound@127.0.0.1/db",
            "postgres://u:foxhound@127.0.0.1:1/db",
            "postgres://u:foxhound@127.0.0.1:port/db",
            "postgres://127.0.0.1:1/db?password=foxhound",
            "postgres://127.0.0.1:1/db?passw=foxhound",
        ] {
            let said = connect_error(&PgConnection::establish(url).err().unwrap());
            assert!(!said.contains("fox") && !said.contains("hound"), "{said}");
        }
    }

    #[test]
    fn an_operator_reads_what_the_server_or_the_network_said() {
        let said = connect_error(&PgConnection::establish("postgres://u:foxhound@127.0.0.1:1/db").err().unwrap());
        assert_eq!(said, "connection to server at \"127.0.0.1\", port 1 failed: Connection refused");
    }
}

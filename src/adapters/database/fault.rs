//! Translates errors of diesel, libpq and SQLite into errors of the ports, without personal data.

use super::engine::AnyConnection;
use crate::ports::{Dependency, DependencyError};
use diesel::ConnectionError;
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorKind, Error};

/// Why a job on a connection failed.
pub(super) enum Fault {
    /// The connection is lost. The job may be retried on another connection: it has committed nothing, or it is
    /// idempotent.
    Lost(String),
    Failed(DependencyError),
}

/// Primary messages of transient errors. diesel does not keep the SQLSTATE, which would identify them.
const TRANSIENT_MESSAGES: [&str; 4] = ["statement timeout", "lock timeout", "deadlock detected", "database is locked"];

impl Fault {
    pub fn new(connection: &mut AnyConnection, error: &Error) -> Self {
        let reason = reason(error);
        // libpq knows that the server closed the connection, for every kind of error of the statement.
        if connection.is_broken() || is_closed(error) {
            return Self::Lost(reason);
        }
        Self::Failed(if is_transient(error) { unavailable(reason) } else { broken(reason) })
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
    DependencyError::Unavailable { dependency: Dependency::Database, reason: reason.into(), may_be_done: true }
}

pub(super) fn broken(reason: impl Into<String>) -> DependencyError {
    DependencyError::Broken { dependency: Dependency::Database, reason: reason.into() }
}

fn is_closed(error: &Error) -> bool {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    matches!(error, Error::BrokenTransactionManager | Error::DatabaseError(ClosedConnection | UnableToSendCommand, _))
}

fn is_transient(error: &Error) -> bool {
    match error {
        // The server is a standby that is not promoted yet, or it is no longer the primary.
        Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction | DatabaseErrorKind::SerializationFailure, _) => {
            true
        }
        Error::DatabaseError(DatabaseErrorKind::Unknown, about) => {
            TRANSIENT_MESSAGES.iter().any(|part| about.message().contains(part))
        }
        _ => false,
    }
}

/// Returns the primary message only, because PostgreSQL's details quote the row. The texts of diesel's conversion
/// errors are replaced, because they quote the value.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::DatabaseError(_, about) => about.message().lines().next().unwrap_or_default().to_owned(),
        Error::SerializationError(_) => "a value cannot be converted to the type of its column".to_owned(),
        Error::DeserializationError(_) => "a value of a column cannot be converted to the expected type".to_owned(),
        Error::RollbackErrorOnCommit { commit_error, .. } => reason(commit_error),
        other => other.to_string(),
    }
}

/// Returns why no connection was created.
///
/// libpq quotes parts of a URL that it cannot parse. With an unescaped `@` or `/`, such a part belongs to the password.
/// The function therefore returns only messages about a connection to a server.
pub(super) fn connect_error(error: &ConnectionError) -> String {
    match error {
        ConnectionError::CouldntSetupConfiguration(error) => reason(error),
        ConnectionError::BadConnection(text) => {
            let lines: Vec<_> = text.lines().filter(|line| line.starts_with("connection to server ")).collect();
            if lines.is_empty() { INVALID_URL.to_owned() } else { lines.join("; ") }
        }
        _ => INVALID_URL.to_owned(),
    }
}

const INVALID_URL: &str = "the host name is unknown, or libpq does not accept the URL (percent-encode special \
    characters in user name and password, for example @ as %40; TLS needs a build with the system's libpq)";

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::{Connection as _, PgConnection};

    #[test]
    fn the_reason_contains_no_part_of_the_password() {
        for url in [
            "postgres://u:fox/hound@127.0.0.1/db",
            "postgres://u:fox@hound@127.0.0.1:1/db",
            "postgres://u:fox%zzhound@127.0.0.1/db",
            "postgres://u:foxhound@127.0.0.1:1/db",
            "postgres://u:foxhound@127.0.0.1:port/db",
            "postgres://127.0.0.1:1/db?password=foxhound",
            "postgres://127.0.0.1:1/db?passw=foxhound",
        ] {
            let reason = connect_error(&PgConnection::establish(url).err().unwrap());
            assert!(!reason.contains("fox") && !reason.contains("hound"), "{reason}");
        }
    }

    #[test]
    fn the_reason_is_the_message_of_the_server_or_the_network() {
        let reason = connect_error(&PgConnection::establish("postgres://u:foxhound@127.0.0.1:1/db").err().unwrap());
        assert_eq!(reason, "connection to server at \"127.0.0.1\", port 1 failed: Connection refused");
    }
}

//! Translates errors of diesel, libpq and SQLite into errors of the ports, without personal data.

use super::engine::AnyConnection;
use super::sqlite_error;
use super::sqlstate::{self, Condition, condition};
use crate::ports::{Dependency, DependencyError};
use diesel::ConnectionError;
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use doorstep_libpq::SqlState;

/// Reason why a job on a connection failed.
pub(super) enum Fault {
    /// The connection is lost, or useless and must be closed. The job may be retried on another connection: it has
    /// committed nothing, or it is idempotent.
    Lost(String),
    /// Another transaction was in the way. The job was rolled back, and may be retried.
    Conflict(String),
    /// The connection was lost at COMMIT: the changes of the job are made or not.
    InDoubt(String),
    Failed(DependencyError),
}

impl Fault {
    pub fn new(connection: &mut AnyConnection, error: &Error) -> Self {
        let state = SqlState::take_last();
        // libpq knows that the server closed the connection, for every kind of error of the statement.
        if connection.is_broken() || matches!(error, Error::BrokenTransactionManager) {
            return Self::Lost(reason(error));
        }
        let Some((kind, about)) = database_error(error) else { return broken(reason(error)).into() };
        match connection {
            AnyConnection::Sqlite(_) => match sqlite_error::remedy(about.message()) {
                Some(remedy) => unavailable(format!("{} ({remedy})", reason(error))).into(),
                None => broken(reason(error)).into(),
            },
            AnyConnection::Postgres(_) => Self::postgres(condition(state, kind), with_state(reason(error), state)),
        }
    }

    fn postgres(condition: Condition, reason: String) -> Self {
        match condition {
            Condition::Conflict => Self::Conflict(reason),
            Condition::UselessConnection => Self::Lost(reason),
            Condition::Passing => unavailable(reason).into(),
            Condition::Defect => broken(reason).into(),
        }
    }
}

/// Returns the error of the database, also inside the error of a COMMIT whose rollback failed.
fn database_error(error: &Error) -> Option<(&DatabaseErrorKind, &dyn DatabaseErrorInformation)> {
    match error {
        Error::DatabaseError(kind, about) => Some((kind, &**about)),
        Error::RollbackErrorOnCommit { commit_error, .. } => database_error(commit_error),
        _ => None,
    }
}

/// Adds the SQLSTATE and the remedy: the message of the server may be in any language.
fn with_state(reason: String, state: Option<SqlState>) -> String {
    let Some(state) = state else { return reason };
    match sqlstate::remedy(state.as_str()) {
        Some(remedy) => format!("{reason} (SQLSTATE {}: {remedy})", state.as_str()),
        None => format!("{reason} (SQLSTATE {})", state.as_str()),
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
            Fault::Lost(reason) | Fault::Conflict(reason) | Fault::InDoubt(reason) => unavailable(reason),
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

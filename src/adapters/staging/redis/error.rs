//! Errors of Redis: whether another connection, another node or a later request can help.

use crate::config::RedisAddress;
use crate::ports::{Dependency, DependencyError};
use deadpool_redis::redis::RedisError;

/// Error of a request at one server.
#[derive(Debug)]
pub(super) enum CallError {
    /// Without a connection nothing was sent.
    NoConnection(NoConnection),
    /// The server answered with an error; or did not answer, and may have executed the request.
    Answer(RedisError),
}

/// Reason why there is no connection, and its kind.
#[derive(Debug)]
pub(super) struct NoConnection {
    pub(super) reason: String,
    pub(super) cause: String,
}

/// Another node has the slot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    /// From now on.
    Moved(RedisAddress),
    /// Only for the keys of this request: the slot is being moved.
    Ask(RedisAddress),
    /// Some keys of the request are at the new node, and some are not.
    TryAgain,
}

/// Codes with which a server refuses a request that it may accept later: it starts, fails over, is full, is busy, or
/// got another password or other permissions.
const TRANSIENT: [&str; 19] = [
    "ASK",
    "BUSY",
    "CLUSTERDOWN",
    "CROSSSLOT",
    "DENIED",
    "EXECABORT",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "MOVED",
    "NOAUTH",
    "NOPERM",
    "NOREPLICAS",
    "NOSCRIPT",
    "OOM",
    "READONLY",
    "TRYAGAIN",
    "UNKILLABLE",
    "WRONGPASS",
];

impl CallError {
    /// Code of the server's error. Redis 6 puts the code of a command in a script into the text of an error `ERR`. A
    /// server that requires a password refuses a long command of a new client before it reads it, also with `ERR`.
    pub(super) fn code(&self) -> Option<&str> {
        let Self::Answer(error) = self else { return None };
        let code = error.code()?;
        let detail = error.detail().filter(|_| code == "ERR").unwrap_or_default();
        if detail.starts_with("Protocol error: unauthenticated") {
            return Some("NOAUTH");
        }
        let inner = |known: &&&str| detail.contains(&format!(": -{known} "));
        TRANSIENT.iter().find(inner).copied().or(Some(code))
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::NoConnection(_) => true,
            Self::Answer(_) => self.may_be_done() || self.code().is_some_and(|code| TRANSIENT.contains(&code)),
        }
    }

    /// Tells whether the server may have executed the request: it received it, and its answer was lost.
    fn may_be_done(&self) -> bool {
        matches!(self, Self::Answer(error) if error.is_io_error() || error.is_unrecoverable_error())
    }

    /// Tells whether another connection may help: this one is broken, or its server has changed its role or its users.
    /// New handshakes do not help a server that is full or busy.
    pub(super) fn spoils_connection(&self) -> bool {
        let codes = ["LOADING", "READONLY", "MASTERDOWN", "NOAUTH", "WRONGPASS", "NOPERM"];
        match self {
            Self::NoConnection(_) => false,
            Self::Answer(_) => self.may_be_done() || self.code().is_some_and(|code| codes.contains(&code)),
        }
    }

    /// Tells whether the data may be at another server now: this one does not answer, or is no primary that accepts
    /// writes.
    pub(super) fn hints_at_failover(&self) -> bool {
        let codes = ["CLUSTERDOWN", "LOADING", "MASTERDOWN", "NOREPLICAS", "READONLY"];
        match self {
            Self::NoConnection(_) => true,
            Self::Answer(error) => error.is_io_error() || self.code().is_some_and(|code| codes.contains(&code)),
        }
    }

    pub(super) fn redirect(&self) -> Option<Redirect> {
        let Self::Answer(error) = self else { return None };
        let target = || RedisAddress::parse(error.redirect_node()?.0, 0);
        match self.code()? {
            "MOVED" => target().map(Redirect::Moved),
            "ASK" => target().map(Redirect::Ask),
            "TRYAGAIN" => Some(Redirect::TryAgain),
            _ => None,
        }
    }

    /// Kind of the cause: the code of the server, or a text for all connections without an answer.
    pub(super) fn cause(&self) -> &str {
        match self {
            Self::NoConnection(NoConnection { cause, .. }) => cause,
            Self::Answer(_) => self.code().unwrap_or(NO_ANSWER),
        }
    }

    /// Error of the port, which names the server.
    pub(super) fn at(&self, server: &str) -> DependencyError {
        let (dependency, reason) = (Dependency::Staging, format!("{server}: {}", self.describe()));
        match self.is_transient() {
            true => DependencyError::Unavailable { dependency, reason, may_be_done: self.may_be_done() },
            false => DependencyError::Broken { dependency, reason },
        }
    }

    fn describe(&self) -> String {
        match (self, self.code()) {
            (Self::NoConnection(NoConnection { reason, .. }), _) => reason.clone(),
            (Self::Answer(error), code) => describe(error, code),
        }
    }
}

impl NoConnection {
    pub(super) fn new(reason: String) -> Self {
        Self { reason, cause: NO_ANSWER.to_owned() }
    }

    pub(super) fn from_error(what: &str, error: &RedisError) -> Self {
        let cause = if error.is_io_error() { NO_ANSWER } else { error.code().unwrap_or_else(|| error.category()) };
        Self { reason: format!("{what}: {}", describe(error, error.code())), cause: cause.to_owned() }
    }
}

/// Kind of every error of the network.
const NO_ANSWER: &str = "no answer";

/// Error text for the log. It contains the message of an I/O error, and never a message of Redis, which may repeat
/// arguments.
fn describe(error: &RedisError, code: Option<&str>) -> String {
    if error.is_io_error() {
        return error.to_string();
    }
    let text = match code {
        Some("ASK" | "MOVED") => "does not have the key: a cluster needs redis+cluster://",
        Some("CLUSTERDOWN") => "the cluster is not complete",
        Some("LOADING") => "is still loading its data",
        Some("MASTERDOWN") => "is a replica without its primary",
        Some("MISCONF") => "cannot save its data",
        Some("NOAUTH") => "requires a password in REDIS_URL",
        Some("NOPERM") => "the user of REDIS_URL lacks permissions",
        Some("NOREPLICAS") => "has fewer replicas than min-replicas-to-write",
        Some("OOM") => "is full",
        Some("READONLY") => "is a replica, which accepts no writes",
        Some("WRONGPASS") => "refuses the user or the password of REDIS_URL",
        _ => error.category(),
    };
    code.map_or_else(|| text.to_owned(), |code| format!("{text} ({code})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadpool_redis::redis::{Value, parse_redis_value};

    fn error(line: &str) -> CallError {
        let answer = parse_redis_value(format!("-{line}\r\n").as_bytes());
        CallError::Answer(answer.and_then(Value::extract_error).unwrap_err())
    }

    #[test]
    fn arguments_in_a_message_of_redis_are_not_repeated() {
        let error = error("ERR unknown command 'EVALSHA', with args beginning with: 'hush'").at("h:1");
        assert!(matches!(&error, DependencyError::Broken { .. }) && !error.to_string().contains("hush"), "{error}");
    }

    /// Texts of networking.c of Redis 7.0.
    #[test]
    fn a_long_command_without_a_password_is_unavailable() {
        for text in ["unauthenticated multibulk length", "unauthenticated bulk length"] {
            let error = error(&format!("ERR Protocol error: {text}"));
            assert!(error.spoils_connection());
            let error = error.at("h:1");
            assert!(matches!(error, DependencyError::Unavailable { .. }), "{error}");
        }
    }

    #[test]
    fn a_transient_error_is_unavailable_and_a_defect_is_broken() {
        for code in TRANSIENT {
            let error = error(&format!("{code} text")).at("h:1");
            assert!(matches!(&error, DependencyError::Unavailable { may_be_done: false, .. }), "{code}");
            assert!(error.to_string().contains(code), "{error} does not name the cause");
        }
        for line in ["WRONGTYPE Operation", "ERR Error running script", "ERR wrong number of arguments: OOM "] {
            assert!(matches!(error(line).at("h:1"), DependencyError::Broken { .. }), "{line}");
        }
    }

    /// Redis 6 wraps the error of a command in a script.
    #[test]
    fn an_error_in_a_script_has_the_code_of_its_command() {
        let line = "ERR Error running script (call to f_0): @user_script:9: @user_script: 9: -OOM command not allowed";
        assert_eq!(error(line).code(), Some("OOM"));
    }

    #[test]
    fn a_redirect_names_the_node() {
        let node = || RedisAddress::parse("127.0.0.1:7001", 0).unwrap();
        assert_eq!(error("MOVED 3999 127.0.0.1:7001").redirect(), Some(Redirect::Moved(node())));
        assert_eq!(error("ASK 3999 127.0.0.1:7001").redirect(), Some(Redirect::Ask(node())));
        assert_eq!(error("TRYAGAIN Multiple keys").redirect(), Some(Redirect::TryAgain));
        for line in ["MOVED 3999 127.0.0.1", "MOVED", "OOM full"] {
            assert_eq!(error(line).redirect(), None, "{line}");
        }
    }

    #[test]
    fn a_connection_is_closed_if_its_server_changed_its_role_or_users() {
        for line in ["READONLY x", "NOAUTH x", "LOADING x", "WRONGPASS x", "NOPERM x"] {
            assert!(error(line).spoils_connection(), "{line}");
        }
        for line in ["OOM x", "BUSY x", "MOVED 1 h:1", "TRYAGAIN x", "CLUSTERDOWN x", "ERR x"] {
            assert!(!error(line).spoils_connection(), "{line}");
        }
        let garbage = parse_redis_value(b"?").unwrap_err();
        assert!(CallError::Answer(garbage).spoils_connection());
    }
}

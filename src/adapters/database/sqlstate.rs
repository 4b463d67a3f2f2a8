//! Conditions of PostgreSQL by SQLSTATE: what the adapter does about an error, in whatever language its message is.

use diesel::result::DatabaseErrorKind;
use doorstep_libpq::SqlState;

/// Meaning of an error of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Concurrent transactions: rolled back, and may succeed if it runs again.
    Conflict,
    /// The connection cannot be used further, although it may be open: the server stops, or is no longer the primary.
    UselessConnection,
    /// Passes, or an operator can make it pass.
    Passing,
    /// A defect of this program.
    Defect,
}

/// Returns the condition of an error. Without a SQLSTATE the kind decides, which diesel derives from a few of them: an
/// unknown error then counts as passing.
pub(super) fn condition(state: Option<SqlState>, kind: &DatabaseErrorKind) -> Condition {
    use DatabaseErrorKind::{
        ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
    };
    match (state, kind) {
        (Some(state), _) => of_state(state.as_str()),
        (None, SerializationFailure) => Condition::Conflict,
        (None, ReadOnlyTransaction | ClosedConnection | UnableToSendCommand) => Condition::UselessConnection,
        (None, Unknown) => Condition::Passing,
        (None, _) => Condition::Defect,
    }
}

fn of_state(state: &str) -> Condition {
    match state {
        // Serialization failure, deadlock.
        "40001" | "40P01" => Condition::Conflict,
        // The server is read-only. It stops, has crashed, starts, or has closed an idle session. A prepared statement
        // is unknown, exists twice, or has another result since a migration.
        "25006" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "26000" | "42P05" | "0A000" => {
            Condition::UselessConnection
        }
        // No privilege; a table, a column or a schema is missing: grants, or a migration.
        "42501" | "42P01" | "42703" | "3F000" => Condition::Passing,
        _ => match &state[..2] {
            "08" => Condition::UselessConnection,
            // Cardinality, data, constraint, syntax or access rule.
            "21" | "22" | "23" | "42" => Condition::Defect,
            _ => Condition::Passing,
        },
    }
}

/// Returns what the operator can do about a condition.
pub(super) fn remedy(state: &str) -> Option<&'static str> {
    Some(match state {
        "25006" => "the server is a standby, or default_transaction_read_only is on",
        "42501" => "the role needs the grants of docs/operations.md",
        "42P01" | "42703" => "run `doorstep migrate`",
        "53100" => "free disk space on the database server",
        "53300" => "raise max_connections, or lower DATABASE_CONNECTIONS",
        "57014" => "the statement waited for a lock or for the server until statement_timeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_has_one_action() {
        let cases = [
            (Condition::Conflict, &["40001", "40P01"][..]),
            (Condition::UselessConnection, &["08006", "08P01", "25006", "57P01", "57P02", "57P03", "26000", "0A000"]),
            (Condition::Passing, &["57014", "55P03", "53100", "53200", "53300", "58030", "42501", "42P01", "XX000"]),
            (Condition::Defect, &["22021", "22P05", "23505", "23514", "42601", "42883"]),
        ];
        for (expected, states) in cases {
            for state in states {
                let state = SqlState::parse(state.as_bytes());
                assert_eq!(condition(state, &DatabaseErrorKind::Unknown), expected);
            }
        }
    }

    #[test]
    fn without_a_sqlstate_the_kind_decides() {
        use DatabaseErrorKind::{CheckViolation, ReadOnlyTransaction, SerializationFailure, UniqueViolation, Unknown};
        assert_eq!(condition(None, &SerializationFailure), Condition::Conflict);
        assert_eq!(condition(None, &ReadOnlyTransaction), Condition::UselessConnection);
        assert_eq!(condition(None, &Unknown), Condition::Passing);
        assert_eq!(condition(None, &UniqueViolation), Condition::Defect);
        assert_eq!(condition(None, &CheckViolation), Condition::Defect);
    }

    #[test]
    fn a_sqlstate_is_five_digits_and_capital_letters() {
        assert_eq!(SqlState::parse(b"40P01").map(|state| state.as_str().to_owned()).as_deref(), Some("40P01"));
        for text in ["", "4000", "400010", "40p01", "40 01"] {
            assert!(SqlState::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}

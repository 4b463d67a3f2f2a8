//! Transactions with a deadline.

use super::engine::AnyConnection;
use super::fault::{Fault, unavailable};
use diesel::Connection as _;
use diesel::result::Error;
use std::time::Instant;

/// Reason why a transaction is rolled back.
pub(super) enum Rollback {
    /// A precondition is not met.
    Rejected,
    Error(Error),
}

impl From<Error> for Rollback {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Runs `work` in a transaction. Returns its result, or `None` and no change if `work` rejects it. Rolls back after
/// `deadline`, because the caller has already returned an error.
///
/// A connection that is lost before COMMIT is sent makes the server roll back, so a retry is safe. If it is lost at
/// COMMIT, the outcome is unknown ([`Fault::InDoubt`]). A retry could then see the changes of the first attempt: it
/// would return "taken" to the user who just signed up, or "wrong" to the user who just changed the password. The pool
/// therefore looks first (`BlockingPool::run_with_look`), or does not retry.
pub(super) fn transaction<T>(
    connection: &mut AnyConnection,
    deadline: Instant,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, Rollback>,
) -> Result<Option<T>, Fault> {
    let mut committing = false;
    let result = connection.transaction(|connection| {
        let output = work(connection)?;
        committing = Instant::now() < deadline;
        if committing { Ok(output) } else { Err(Rollback::Error(Error::RollbackTransaction)) }
    });
    match result {
        Ok(output) => Ok(Some(output)),
        Err(Rollback::Rejected) => Ok(None),
        Err(Rollback::Error(Error::RollbackTransaction)) => Err(unavailable("rolled back after the deadline").into()),
        Err(Rollback::Error(error)) => Err(match Fault::new(connection, &error) {
            Fault::Lost(reason) if committing => Fault::InDoubt(format!("connection lost at COMMIT: {reason}")),
            fault => fault,
        }),
    }
}

//! Several statements as one, for a caller who does not wait for ever.

use super::engine::AnyConnection;
use super::fault::{Fault, unavailable};
use diesel::Connection as _;
use diesel::result::Error;
use std::time::Instant;

/// Why the statements of a transaction are taken back.
pub(super) enum Undo {
    /// What they rely on does not hold.
    Refused,
    Error(Error),
}

impl From<Error> for Undo {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// All that `work` does or, when it is refused, nothing and `None`. Nothing either once `deadline` has passed: whoever
/// called has been told that it failed.
///
/// Until COMMIT is sent a lost connection means that the server rolls back: trying again is safe. When it is lost
/// at COMMIT nobody knows, and a second try would meet what the first has done: it would answer "taken" to the very
/// person who was just signed up, or "wrong" to her whose password was just changed.
pub(super) fn transaction<T>(
    connection: &mut AnyConnection,
    deadline: Instant,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, Undo>,
) -> Result<Option<T>, Fault> {
    let mut committing = false;
    let done = connection.transaction(|connection| {
        let answer = work(connection)?;
        committing = Instant::now() < deadline;
        if committing { Ok(answer) } else { Err(Undo::Error(Error::RollbackTransaction)) }
    });
    match done {
        Ok(answer) => Ok(Some(answer)),
        Err(Undo::Refused) => Ok(None),
        Err(Undo::Error(Error::RollbackTransaction)) => Err(unavailable("too late").into()),
        Err(Undo::Error(error)) => Err(match Fault::new(connection, &error) {
            Fault::Lost(reason) if committing => unavailable(format!("at COMMIT: {reason}")).into(),
            fault => fault,
        }),
    }
}

//! Insert of a new account.

use super::conditions::reject_if_taken;
use super::consents;
use super::detachment::detach_in;
use super::engine::AnyConnection;
use super::fault::Fault;
use super::rows::{ConsentRow, NewSessionRow, NewUserRow};
use super::schema::{sessions, users};
use super::transaction::transaction;
use crate::ports::{Created, Detach};
use diesel::RunQueryDsl;
use std::time::Instant;

/// Detaches the earlier account, if there is one, and inserts all rows; or does nothing.
pub(super) fn create(
    connection: &mut AnyConnection,
    user: &NewUserRow,
    session: &NewSessionRow,
    accepted: &[ConsentRow],
    earlier: Option<&Detach>,
    deadline: Instant,
) -> Result<Created, Fault> {
    let mut is_detached = earlier.is_none();
    let created = transaction(connection, deadline, |connection| {
        if let Some(earlier) = earlier {
            detach_in(connection, earlier, session.created_at)?;
            is_detached = true;
        }
        diesel::insert_into(users::table).values(user).execute(connection).map_err(reject_if_taken)?;
        diesel::insert_into(sessions::table).values(session).execute(connection)?;
        consents::insert(connection, accepted)?;
        Ok(())
    })?;
    Ok(match created {
        Some(()) => Created::Yes,
        None if is_detached => Created::PhoneTaken,
        None => Created::Changed,
    })
}

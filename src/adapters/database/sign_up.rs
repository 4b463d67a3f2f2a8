//! Insert of a new account.

use super::consents;
use super::engine::AnyConnection;
use super::fault::Fault;
use super::rows::{ConsentRow, NewSessionRow, NewUserRow};
use super::schema::{sessions, users};
use super::transaction::transaction;
use super::users::reject_if_taken;
use crate::ports::Created;
use diesel::RunQueryDsl;
use std::time::Instant;

/// Inserts all rows or none.
pub(super) fn create(
    connection: &mut AnyConnection,
    user: &NewUserRow,
    session: &NewSessionRow,
    accepted: &[ConsentRow],
    deadline: Instant,
) -> Result<Created, Fault> {
    let created = transaction(connection, deadline, |connection| {
        diesel::insert_into(users::table).values(user).execute(connection).map_err(reject_if_taken)?;
        diesel::insert_into(sessions::table).values(session).execute(connection)?;
        consents::insert(connection, accepted)?;
        Ok(())
    })?;
    Ok(if created.is_some() { Created::Yes } else { Created::PhoneTaken })
}

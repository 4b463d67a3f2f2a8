//! The queries.

use super::connection::AnyConnection;
use super::fault::{Fault, broken, unavailable};
use super::rows::{NewSessionRow, NewUserRow, UserRow};
use super::schema::{sessions, users};
use crate::domain::user::User;
use crate::ports::Created;
use chrono::NaiveDateTime;
use diesel::dsl::exists;
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{Connection as _, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper, select};
use std::time::Instant;

pub(super) fn ping(connection: &mut AnyConnection) -> Result<(), Fault> {
    connection.ping().map_err(|error| Fault::new(connection, &error))
}

pub(super) fn phone_is_taken(connection: &mut AnyConnection, phone: &str) -> Result<bool, Fault> {
    select(exists(users::table.filter(users::phone.eq(phone))))
        .get_result(connection)
        .map_err(|error| Fault::new(connection, &error))
}

pub(super) fn by_session(
    connection: &mut AnyConnection,
    session: &str,
    now: NaiveDateTime,
) -> Result<Option<User>, Fault> {
    let row = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?;
    row.map(User::try_from).transpose().map_err(|column| broken(format!("{column} has an impossible value")).into())
}

/// Both rows or neither, and neither once `deadline` has passed: whoever called has been told that it failed.
///
/// Until COMMIT is sent a lost connection means that the server rolls back: trying again is safe. When it is lost
/// at COMMIT nobody knows, and a second try would answer "taken" to the very person who was just signed up.
pub(super) fn create(
    connection: &mut AnyConnection,
    user: &NewUserRow,
    session: &NewSessionRow,
    deadline: Instant,
) -> Result<Created, Fault> {
    let mut committing = false;
    let done = connection.transaction(|connection| {
        diesel::insert_into(users::table).values(user).execute(connection)?;
        diesel::insert_into(sessions::table).values(session).execute(connection)?;
        committing = Instant::now() < deadline;
        if committing { Ok(()) } else { Err(Error::RollbackTransaction) }
    });
    match done {
        Ok(()) => Ok(Created::Yes),
        Err(error) if is_phone_taken(&error) => Ok(Created::PhoneTaken),
        Err(Error::RollbackTransaction) => Err(unavailable("too late").into()),
        Err(error) => Err(match Fault::new(connection, &error) {
            Fault::Lost(reason) if committing => unavailable(format!("at COMMIT: {reason}")).into(),
            fault => fault,
        }),
    }
}

/// PostgreSQL names the constraint; SQLite says `UNIQUE constraint failed: users.phone`.
fn is_phone_taken(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, about) => match about.constraint_name() {
            Some(constraint) => constraint == "users_phone_key",
            None => about.message().ends_with(": users.phone"),
        },
        _ => false,
    }
}

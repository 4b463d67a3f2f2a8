//! Outcome of a change whose COMMIT had no answer, seen on another connection. Every function returns the result of the
//! change if it was made, and `None` if not.
//!
//! Where the user has a row, it is locked first: an earlier COMMIT that the server is still executing ends before that.

use super::conditions::{invalid_value, lock, user};
use super::engine::AnyConnection;
use super::fault::Fault;
use super::rows::{AuthorityRow, UserRow, client_id};
use super::schema::{sessions, users};
use crate::ports::{Created, PhoneChange, Renewed};
use chrono::NaiveDateTime;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    RunQueryDsl, SelectableHelper,
};

/// An earlier attempt may have stored the same ids, so the time decides.
pub(super) fn sign_up(
    connection: &mut AnyConnection,
    user: &str,
    session: &str,
    at: NaiveDateTime,
) -> Result<Option<Created>, Fault> {
    let found = lock(connection, Box::new(users::id.eq(user))).and_then(|_| {
        let session = sessions::table.filter(sessions::id.eq(session)).filter(sessions::created_at.eq(at));
        session.count().get_result::<i64>(connection)
    });
    found.map(|found| (found > 0).then_some(Created::Yes)).map_err(|error| Fault::new(connection, &error))
}

pub(super) fn sign_in(connection: &mut AnyConnection, id: &str, session: &str) -> Result<Option<bool>, Fault> {
    let found = lock(connection, Box::new(users::id.eq(id))).and_then(|_| {
        sessions::table.filter(sessions::id.eq(session)).count().get_result::<i64>(connection).map(|found| found > 0)
    });
    found.map(|found| found.then_some(true)).map_err(|error| Fault::new(connection, &error))
}

/// The change renews the credentials version, so the phone alone could be from another one.
pub(super) fn phone_change(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    to: &str,
) -> Result<Option<PhoneChange>, Fault> {
    let found = changed_user(connection, by, to).map_err(|error| Fault::new(connection, &error))?;
    found.map(|row| user(row).map(PhoneChange::Done)).transpose()
}

fn changed_user(connection: &mut AnyConnection, by: &AuthorityRow, to: &str) -> QueryResult<Option<UserRow>> {
    lock(connection, Box::new(users::id.eq(&by.user)))?;
    users::table
        .filter(users::id.eq(&by.user))
        .filter(users::credentials_version.eq(by.credentials + 1))
        .filter(users::phone.assume_not_null().eq(to))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()
}

pub(super) fn deletion(connection: &mut AnyConnection, id: &str) -> Result<Option<bool>, Fault> {
    let exists = lock(connection, Box::new(users::id.eq(id)));
    exists.map(|exists| (!exists).then_some(true)).map_err(|error| Fault::new(connection, &error))
}

pub(super) fn password_reset(connection: &mut AnyConnection, id: &str, hash: &str) -> Result<Option<bool>, Fault> {
    let is_new = has_password(connection, id, hash).map_err(|error| Fault::new(connection, &error))?;
    Ok(is_new.then_some(true))
}

/// Returns whether the user has this hash. Hashes have a random salt, so no two are equal.
fn has_password(connection: &mut AnyConnection, id: &str, hash: &str) -> QueryResult<bool> {
    let is_new = users::id.eq(id.to_owned()).and(users::password_hash.assume_not_null().eq(hash.to_owned()));
    lock(connection, Box::new(is_new))
}

pub(super) fn password_change(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    hash: &str,
) -> Result<Option<Option<Renewed>>, Fault> {
    let row = renewed_session(connection, by, hash).map_err(|error| Fault::new(connection, &error))?;
    row.map(|row| renewed(row).map(Some)).transpose()
}

fn renewed_session(connection: &mut AnyConnection, by: &AuthorityRow, hash: &str) -> QueryResult<Option<RenewedRow>> {
    if !has_password(connection, &by.user, hash)? {
        return Ok(None);
    }
    sessions::table
        .filter(sessions::id.eq(&by.session))
        .select((sessions::generation, sessions::expires_at, sessions::jkt.is_not_null(), sessions::client_id))
        .get_result(connection)
        .optional()
}

/// Columns of a session that a change of the password has renewed.
pub(super) type RenewedRow = (i64, NaiveDateTime, bool, Option<String>);

pub(super) fn renewed((generation, expires_at, bound, client): RenewedRow) -> Result<Renewed, Fault> {
    let number = u32::try_from(generation).map_err(|_| invalid_value("sessions.generation"))?;
    let client_id = client_id(client.as_deref()).map_err(invalid_value)?;
    Ok(Renewed { number, expires_at: expires_at.and_utc(), bound, client_id })
}

//! Queries for accounts.

use super::engine::{AnyConnection, Backend};
use super::fault::{Fault, broken};
use super::rows::{NewSessionRow, NewUserRow, ProfileRow, UserRow, id, stored};
use super::schema::{sessions, users};
use super::transaction::{Rollback, transaction};
use crate::domain::password::PasswordHash;
use crate::domain::user::{AccountVersion, User, UserId};
use crate::ports::{Account, Created, PhoneChange, Proof};
use chrono::NaiveDateTime;
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods, BoxableExpression, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, Selectable,
    SelectableHelper,
};
use std::time::Instant;

pub(super) fn ping(connection: &mut AnyConnection) -> Result<(), Fault> {
    connection.ping().map_err(|error| Fault::new(connection, &error))
}

pub(super) fn account_of(connection: &mut AnyConnection, phone: &str) -> Result<Option<AccountVersion>, Fault> {
    let found: Option<(String, NaiveDateTime)> = users::table
        .filter(users::phone.eq(phone))
        .select((users::id, users::password_changed_at))
        .get_result(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?;
    let Some((user, password_changed_at)) = found else { return Ok(None) };
    let user = UserId(id(&user, "users.id").map_err(invalid_value)?);
    Ok(Some(AccountVersion { user, password_changed_at: password_changed_at.and_utc() }))
}

pub(super) fn by_phone(connection: &mut AnyConnection, phone: &str) -> Result<Option<Account>, Fault> {
    let found = users::table
        .filter(users::phone.eq(phone))
        .select((UserRow::as_select(), users::password_hash))
        .get_result(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?;
    let Some((row, hash)) = found else { return Ok(None) };
    Ok(Some(Account { user: user(row)?, password_hash: PasswordHash::new(hash) }))
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
    row.map(user).transpose()
}

pub(super) fn password_hash(connection: &mut AnyConnection, user: &str) -> Result<Option<PasswordHash>, Fault> {
    let hash = users::table
        .filter(users::id.eq(user))
        .select(users::password_hash)
        .get_result(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?;
    Ok(hash.map(PasswordHash::new))
}

/// Inserts both rows or neither.
pub(super) fn create(
    connection: &mut AnyConnection,
    user: &NewUserRow,
    session: &NewSessionRow,
    deadline: Instant,
) -> Result<Created, Fault> {
    let created = transaction(connection, deadline, |connection| {
        diesel::insert_into(users::table).values(user).execute(connection).map_err(reject_if_taken)?;
        diesel::insert_into(sessions::table).values(session).execute(connection)?;
        Ok(())
    })?;
    Ok(if created.is_some() { Created::Yes } else { Created::PhoneTaken })
}

/// Updates the profile. A retry is idempotent.
pub(super) fn change_profile(
    connection: &mut AnyConnection,
    id: &str,
    change: &ProfileRow,
) -> Result<Option<User>, Fault> {
    let row = diesel::update(users::table.filter(users::id.eq(id)))
        .set(change)
        .returning(<UserRow as Selectable<Backend>>::construct_selection())
        .get_result::<UserRow>(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?;
    row.map(user).transpose()
}

/// Updates the user's row first, then revokes the sessions. A concurrent sign-in has either stored its session before,
/// which the second statement revokes, or it waits for the row and then finds another hash.
pub(super) fn set_password(
    connection: &mut AnyConnection,
    id: &str,
    proof: &Proof,
    hash: &str,
    keep: Option<&str>,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<bool, Fault> {
    let changed = transaction(connection, deadline, |connection| {
        let updated = diesel::update(users::table.filter(users::id.eq(id)).filter(is_valid(proof)))
            .set((users::password_hash.eq(hash), users::password_changed_at.eq(now), users::updated_at.eq(now)))
            .execute(connection)?;
        if updated == 0 {
            return Err(Rollback::Rejected);
        }
        let others = sessions::table
            .filter(sessions::user_id.eq(id))
            .filter(sessions::revoked_at.is_null())
            // Without `keep`, the condition is true for every session: no id is empty.
            .filter(sessions::id.ne(keep.unwrap_or_default()));
        diesel::update(others).set(sessions::revoked_at.eq(now)).execute(connection)?;
        Ok(())
    })?;
    Ok(changed.is_some())
}

/// Updates the phone in a transaction, although it is one statement: if the connection is lost at COMMIT, a retry would
/// no longer find the old phone.
pub(super) fn change_phone(
    connection: &mut AnyConnection,
    id: &str,
    from: &str,
    to: &str,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<PhoneChange, Fault> {
    let changed = transaction(connection, deadline, |connection| {
        diesel::update(users::table.filter(users::id.eq(id)).filter(users::phone.eq(from)))
            .set((users::phone.eq(to), users::updated_at.eq(now)))
            .returning(<UserRow as Selectable<Backend>>::construct_selection())
            .get_result::<UserRow>(connection)
            .optional()
            .map_err(reject_if_taken)
    })?;
    match changed {
        Some(Some(row)) => user(row).map(PhoneChange::Done),
        Some(None) => Ok(PhoneChange::Gone),
        None => Ok(PhoneChange::Taken),
    }
}

/// Deletes the user, and their sessions by `ON DELETE CASCADE`.
pub(super) fn delete(
    connection: &mut AnyConnection,
    id: &str,
    proof: &Proof,
    deadline: Instant,
) -> Result<bool, Fault> {
    let deleted = transaction(connection, deadline, |connection| {
        let user = users::table.filter(users::id.eq(id)).filter(is_valid(proof));
        Ok(diesel::delete(user).execute(connection)?)
    })?;
    Ok(deleted.is_some_and(|users| users > 0))
}

type Condition<'a> = Box<dyn BoxableExpression<users::table, Backend, SqlType = Bool> + 'a>;

/// Returns the SQL condition that the proof is still valid for the user's row.
pub(super) fn is_valid(proof: &Proof) -> Condition<'_> {
    match proof {
        Proof::Password(hash) => Box::new(users::password_hash.eq(hash.expose())),
        Proof::Code { phone, password_changed_at } => {
            let unchanged = users::password_changed_at.eq(stored(*password_changed_at));
            Box::new(users::phone.eq(phone.e164()).and(unchanged))
        }
    }
}

fn user(row: UserRow) -> Result<User, Fault> {
    User::try_from(row).map_err(invalid_value)
}

/// Returns the error for a column with a value that this program never writes.
pub(super) fn invalid_value(column: &'static str) -> Fault {
    broken(format!("{column} has an invalid value")).into()
}

fn reject_if_taken(error: Error) -> Rollback {
    if is_phone_taken(&error) { Rollback::Rejected } else { Rollback::Error(error) }
}

/// Returns whether the error is the unique constraint on the phone. PostgreSQL returns the name of the constraint,
/// SQLite the text `UNIQUE constraint failed: users.phone`.
fn is_phone_taken(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, about) => match about.constraint_name() {
            Some(constraint) => constraint == "users_phone_key",
            None => about.message().ends_with(": users.phone"),
        },
        _ => false,
    }
}

//! Conditions of statements on accounts, and conversions of their results.

use super::engine::{AnyConnection, Backend};
use super::fault::{Fault, broken};
use super::prepared::Prepare as _;
use super::rows::{AuthorityRow, UserRow};
use super::schema::{sessions, users};
use super::transaction::Rollback;
use crate::domain::user::User;
use crate::ports::Proof;
use chrono::NaiveDateTime;
use diesel::dsl::exists;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods, BoxableExpression, ExpressionMethods, NullableExpressionMethods, QueryDsl, QueryResult,
    Selectable,
};

/// Returns the column of a proven phone, if the proof is a code.
pub(super) fn proven(proof: &Proof, now: NaiveDateTime) -> Option<ProvenAt> {
    matches!(proof, Proof::Code { .. }).then(|| users::phone_proven_at.eq(now))
}

pub(super) type ProvenAt = diesel::dsl::Eq<users::phone_proven_at, NaiveDateTime>;

pub(super) fn revoke_all(
    connection: &mut AnyConnection,
    user: &str,
    except: Option<&str>,
    now: NaiveDateTime,
) -> QueryResult<usize> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        // Without `except`, the condition is true for every session: no id is empty.
        .filter(sessions::id.ne(except.unwrap_or_default()));
    diesel::update(others).set(sessions::revoked_at.eq(now)).returning(sessions::id).prepared().count(connection)
}

pub(super) type Condition<'a> = Box<dyn BoxableExpression<users::table, Backend, SqlType = Bool> + 'a>;

/// Returns the SQL condition that the proof is still valid for the user's row.
pub(super) fn is_valid(proof: &Proof) -> Condition<'_> {
    match proof {
        // NULL is equal to nothing.
        Proof::Password(hash) => Box::new(users::password_hash.assume_not_null().eq(hash.expose())),
        Proof::Code { phone, credentials, .. } => {
            let phone = users::phone.assume_not_null().eq(phone.e164());
            Box::new(phone.and(users::credentials_version.eq(*credentials)))
        }
    }
}

/// Returns the SQL condition that the account has this phone, or none.
pub(super) fn has_phone(phone: Option<&str>) -> Condition<'_> {
    match phone {
        Some(phone) => Box::new(users::phone.assume_not_null().eq(phone)),
        None => Box::new(users::phone.is_null()),
    }
}

/// Returns the SQL condition that the row is the user of the authority, and that the authority has not ended.
pub(super) fn holds(by: &AuthorityRow, now: NaiveDateTime) -> Condition<'_> {
    let session = sessions::table
        .filter(sessions::id.eq(&by.session))
        .filter(sessions::user_id.eq(&by.user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let user = users::id.eq(&by.user).and(users::credentials_version.eq(by.credentials));
    Box::new(user.and(exists(session)))
}

/// Locks the row of a user that meets the condition, by an update that changes nothing. The row of a user is locked
/// before their sessions and pending acts, everywhere. Returns whether there is one.
pub(super) fn lock(connection: &mut AnyConnection, user: Condition<'_>) -> QueryResult<bool> {
    let same = users::credentials_version.eq(users::credentials_version);
    diesel::update(users::table.filter(user))
        .set(same)
        .returning(users::id)
        .prepared()
        .count(connection)
        .map(|rows| rows > 0)
}

/// Returns the columns of [`UserRow`], for the `RETURNING` of a statement.
pub(super) fn user_columns() -> <UserRow as Selectable<Backend>>::SelectExpression {
    <UserRow as Selectable<Backend>>::construct_selection()
}

/// Returns the row of a statement with `RETURNING` that changes one row at most, outside a transaction. The caller
/// loads all rows: SQLite commits after the last one, and diesel ignores the error if nobody reads further than the
/// first.
pub(super) fn returned<T>(mut rows: Vec<T>) -> Option<T> {
    rows.pop()
}

pub(super) fn user(row: UserRow) -> Result<User, Fault> {
    User::try_from(row).map_err(invalid_value)
}

/// Returns the error for a column with a value that this program never writes.
pub(super) fn invalid_value(column: &'static str) -> Fault {
    broken(format!("{column} has an invalid value")).into()
}

/// Rejects a user whose phone or id is stored already. The same id is that of an earlier attempt.
pub(super) fn reject_if_taken(error: Error) -> Rollback {
    let is_taken = violates(&error, "users_phone_key", "users.phone") || violates(&error, "users_pkey", "users.id");
    if is_taken { Rollback::Rejected } else { Rollback::Error(error) }
}

/// Returns whether the error is the unique constraint on the phone.
pub(super) fn is_phone_taken(error: &Error) -> bool {
    violates(error, "users_phone_key", "users.phone")
}

/// Returns whether the error is this unique constraint. PostgreSQL returns the name of the constraint, SQLite the text
/// `UNIQUE constraint failed: users.phone`.
fn violates(error: &Error, constraint: &str, column: &str) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, about) => match about.constraint_name() {
            Some(name) => name == constraint,
            None => about.message().strip_suffix(column).is_some_and(|text| text.ends_with(": ")),
        },
        _ => false,
    }
}

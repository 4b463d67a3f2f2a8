//! Insert of a new account.

use super::conditions::{Condition, reject_if_taken};
use super::consents;
use super::detachment::detach_in;
use super::engine::{AnyConnection, on_engine};
use super::fault::Fault;
use super::prepared::Prepare as _;
use super::rows::{ConsentRow, NewSessionRow, NewUserRow};
use super::schema::{sessions, users};
use super::transaction::{Rollback, transaction};
use crate::ports::{Created, Detach};
use diesel::{BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, RunQueryDsl};
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
        let (user, session) =
            (diesel::insert_into(users::table).values(user), diesel::insert_into(sessions::table).values(session));
        on_engine!(connection, engine => user.execute(engine)).map_err(reject_if_taken)?;
        on_engine!(connection, engine => session.execute(engine))?;
        consents::insert(connection, accepted)?;
        Ok(())
    })?;
    Ok(match created {
        Some(()) => Created::Yes,
        None if create_again(connection, user, session, deadline)? => Created::Yes,
        None if is_detached => Created::PhoneTaken,
        None => Created::Changed,
    })
}

/// Replaces the account and the session that an earlier attempt of the same sign-up has stored. Returns `false` if
/// there are none, or if their owner has used them.
fn create_again(
    connection: &mut AnyConnection,
    user: &NewUserRow,
    session: &NewSessionRow,
    deadline: Instant,
) -> Result<bool, Fault> {
    let done = transaction(connection, deadline, |connection| {
        let earlier = diesel::update(users::table.filter(is_untouched(user)));
        if earlier.set(user).returning(users::id).prepared().count(connection)? == 0 {
            return Err(Rollback::Rejected);
        }
        let unused = sessions::table
            .filter(sessions::id.eq(&session.id))
            .filter(sessions::generation.eq(0))
            .filter(sessions::rotated_at.is_null())
            .filter(sessions::revoked_at.is_null());
        match diesel::update(unused).set(session).returning(sessions::id).prepared().count(connection)? {
            0 => Err(Rollback::Rejected),
            _ => Ok(()),
        }
    })?;
    Ok(done.is_some())
}

/// Returns the SQL condition that the row is the account of this sign-up, as an earlier attempt has left it.
fn is_untouched(user: &NewUserRow) -> Condition<'_> {
    let same = users::id.eq(&user.id).and(users::phone.assume_not_null().eq(&user.phone));
    let signed_in = users::last_login_at.assume_not_null().eq(users::created_at);
    Box::new(same.and(users::credentials_version.eq(0)).and(users::updated_at.eq(users::created_at)).and(signed_in))
}

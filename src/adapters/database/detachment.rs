//! Queries for detached accounts: accounts whose number another person has now.

use super::conditions::{Condition, is_phone_taken, revoke_all, user, user_columns};
use super::engine::AnyConnection;
use super::fault::Fault;
use super::pending;
use super::prepared::Prepare as _;
use super::rows::{NewSessionRow, UserRow, before, stored, text};
use super::schema::{sessions, users};
use super::sessions::{delete_excess, is_active};
use super::transaction::{Rollback, transaction};
use crate::domain::policy::SessionPolicy;
use crate::domain::user::AccountVersion;
use crate::ports::{Detach, Reclaimed};
use chrono::NaiveDateTime;
use diesel::dsl::{exists, not};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    RunQueryDsl,
};
use std::time::Instant;

/// Returns the SQL condition that the time of a detached account is not over, and that it has no active session that
/// was used after `since`: with one, its owner sets a number in the app, by the rules of a change of number.
pub(super) fn can_be_reclaimed(now: NaiveDateTime, since: NaiveDateTime) -> Condition<'static> {
    let active = sessions::table.filter(sessions::user_id.eq(users::id)).filter(is_active(now, since));
    let lives = users::deletes_at.is_null().or(users::deletes_at.assume_not_null().gt(now));
    Box::new(lives.and(not(exists(active))))
}

/// Returns the SQL condition that this device has signed in to the account.
pub(super) fn has_device(device: String) -> Condition<'static> {
    let of_device = sessions::table.filter(sessions::user_id.eq(users::id)).filter(sessions::device_id.eq(device));
    Box::new(exists(of_device))
}

pub(super) fn detach(
    connection: &mut AnyConnection,
    detach: &Detach,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<bool, Fault> {
    let detached = transaction(connection, deadline, |connection| detach_in(connection, detach, now))?;
    Ok(detached.is_some())
}

/// Detaches the account in the transaction of the caller. Updates the user's row first: a concurrent sign-in has stored
/// its session before, or waits for the row and then finds another version of the account.
pub(super) fn detach_in(connection: &mut AnyConnection, detach: &Detach, now: NaiveDateTime) -> Result<(), Rollback> {
    let (id, as_of) = (text(detach.account.user.0), stored(detach.as_of));
    let row = users::table
        .filter(users::id.eq(&id))
        .filter(users::credentials_version.eq(detach.account.credentials))
        .filter(users::phone.eq(detach.phone.e164()))
        .filter(users::phone_proven_at.le(as_of))
        .filter(users::last_login_at.is_null().or(users::last_login_at.assume_not_null().le(as_of)));
    let changed = diesel::update(row)
        .set((
            users::phone.eq(None::<String>),
            users::former_phone.eq(detach.phone.e164()),
            users::detached_at.eq(now),
            users::credentials_version.eq(users::credentials_version + 1),
            users::updated_at.eq(now),
        ))
        .returning(users::id)
        .prepared()
        .count(connection)?;
    if changed == 0 {
        return Err(Rollback::Rejected);
    }
    pending::use_up(connection, &id, detach.uses)?;
    if !is_in_use(connection, &id, now, stored(detach.in_use_since))? {
        revoke_all(connection, &id, None, now)?;
        let deletes_at = users::deletes_at.eq(stored(detach.deletes_at));
        diesel::update(users::table.filter(users::id.eq(&id)))
            .set(deletes_at)
            .returning(users::id)
            .prepared()
            .count(connection)?;
    }
    Ok(())
}

fn is_in_use(
    connection: &mut AnyConnection,
    user: &str,
    now: NaiveDateTime,
    since: NaiveDateTime,
) -> QueryResult<bool> {
    let used = sessions::table.filter(sessions::user_id.eq(user)).filter(is_active(now, since));
    used.count().get_result::<i64>(connection).map(|found| found > 0)
}

/// Gives a detached account a number, and stores a session.
pub(super) fn reclaim(
    connection: &mut AnyConnection,
    account: AccountVersion,
    phone: &str,
    session: &NewSessionRow,
    policy: &SessionPolicy,
    deadline: Instant,
) -> Result<Reclaimed, Fault> {
    let now = session.created_at;
    let reclaimed = transaction(connection, deadline, |connection| {
        let row = users::table
            .filter(users::id.eq(text(account.user.0)))
            .filter(users::credentials_version.eq(account.credentials))
            .filter(users::phone.is_null())
            .filter(can_be_reclaimed(now, before(now, policy.idle)));
        let updated = diesel::update(row)
            .set((
                users::phone.eq(phone),
                users::phone_proven_at.eq(now),
                users::former_phone.eq(None::<String>),
                users::detached_at.eq(None::<NaiveDateTime>),
                users::deletes_at.eq(None::<NaiveDateTime>),
                users::last_login_at.eq(now),
                users::credentials_version.eq(users::credentials_version + 1),
                users::updated_at.eq(now),
            ))
            .returning(user_columns())
            .prepared()
            .get_result::<UserRow>(connection)
            .optional();
        match updated {
            Err(error) if is_phone_taken(&error) => Err(Rollback::Rejected),
            Err(error) => Err(error.into()),
            Ok(None) => Ok(None),
            Ok(Some(row)) => {
                diesel::insert_into(sessions::table).values(session).execute(connection)?;
                delete_excess(connection, session, policy)?;
                Ok(Some(row))
            }
        }
    })?;
    match reclaimed {
        Some(Some(row)) => user(row).map(Reclaimed::Done),
        Some(None) => Ok(Reclaimed::Gone),
        None => Ok(Reclaimed::PhoneTaken),
    }
}

/// Deletes the detached accounts whose time is over, and expired pending acts. A detached account that was in use gets
/// its time when its last session has ended. A retry is idempotent.
pub(super) fn delete_expired(
    connection: &mut AnyConnection,
    now: NaiveDateTime,
    deletes_at: NaiveDateTime,
) -> Result<usize, Fault> {
    let alive = sessions::table
        .filter(sessions::user_id.eq(users::id))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let detached = users::table.filter(users::phone.is_null()).filter(users::detached_at.is_not_null());
    let abandoned = detached.filter(users::deletes_at.is_null()).filter(not(exists(alive)));
    let marked = diesel::update(abandoned).set(users::deletes_at.eq(deletes_at)).execute(connection);
    let over = users::table
        .filter(users::phone.is_null())
        .filter(users::deletes_at.is_not_null())
        .filter(users::deletes_at.assume_not_null().le(now));
    let deleted = marked.and_then(|_| diesel::delete(over).execute(connection));
    let deleted = deleted.and_then(|users| pending::delete_expired(connection, now).map(|_| users));
    deleted.map_err(|error| Fault::new(connection, &error))
}

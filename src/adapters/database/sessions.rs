//! Queries for sessions.

use super::engine::AnyConnection;
use super::fault::Fault;
use super::rows::{AuthorityRow, NewSessionRow, SessionRow, before, id};
use super::schema::{sessions, users};
use super::transaction::{Rollback, transaction};
use super::users::{invalid_value, is_valid};
use crate::domain::policy::SessionPolicy;
use crate::domain::session::Session;
use crate::domain::user::UserId;
use crate::ports::{Proof, Refreshed, Renewed};
use chrono::NaiveDateTime;
use diesel::dsl::{auto_type, case_when, exists};
use diesel::sql_types::{BigInt, Integer, Timestamp};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods, OptionalExtension, QueryDsl,
    QueryResult, RunQueryDsl, SelectableHelper,
};
use std::time::Instant;

diesel::infix_operator!(BitAnd, " & ", Integer);
diesel::infix_operator!(BitOr, " | ", Integer);

/// Updates the user's row first, then changes the sessions. The reason is in `users::change_password`.
pub(super) fn sign_in(
    connection: &mut AnyConnection,
    session: &NewSessionRow,
    proof: &Proof,
    rehashed: Option<&str>,
    policy: &SessionPolicy,
    deadline: Instant,
) -> Result<bool, Fault> {
    // A proof by code contains no hash that could be replaced.
    let rehashed = rehashed.filter(|_| matches!(proof, Proof::Password(_)));
    let stored = transaction(connection, deadline, |connection| {
        let updated = diesel::update(users::table.filter(users::id.eq(&session.user_id)).filter(is_valid(proof)))
            .set((users::last_login_at.eq(session.created_at), rehashed.map(|hash| users::password_hash.eq(hash))))
            .execute(connection)?;
        if updated == 0 {
            return Err(Rollback::Rejected);
        }
        diesel::insert_into(sessions::table).values(session).execute(connection)?;
        delete_excess(connection, session, policy)?;
        Ok(())
    })?;
    Ok(stored.is_some())
}

diesel::alias!(
    const BESIDE: Alias<Beside> = sessions as beside;
);

/// Deletes the user's inactive sessions, and the least recently used active sessions beyond the maximum. The new
/// session stays. The conditions of [`is_active`] are repeated here, because that function does not accept the table's
/// alias.
fn delete_excess(connection: &mut AnyConnection, new: &NewSessionRow, policy: &SessionPolicy) -> QueryResult<usize> {
    let max_others = i64::from(policy.per_user) - 1;
    let last_used_at = BESIDE.field(sessions::last_used_at);
    let kept = BESIDE
        .filter(BESIDE.field(sessions::user_id).eq(&new.user_id))
        .filter(BESIDE.field(sessions::id).ne(&new.id))
        .filter(BESIDE.field(sessions::revoked_at).is_null())
        .filter(BESIDE.field(sessions::expires_at).gt(new.created_at))
        .filter(last_used_at.gt(before(new.created_at, policy.idle)))
        .order((last_used_at.desc(), BESIDE.field(sessions::id).desc()))
        .limit(max_others.max(0))
        .select(BESIDE.field(sessions::id));
    let others = sessions::table.filter(sessions::user_id.eq(&new.user_id)).filter(sessions::id.ne(&new.id));
    diesel::delete(others.filter(sessions::id.ne_all(kept))).execute(connection)
}

/// Returns the SQL condition that a session is active: not revoked, not expired, and used after `since`.
#[auto_type]
fn is_active(now: NaiveDateTime, since: NaiveDateTime) -> _ {
    let revoked_at = sessions::revoked_at;
    revoked_at.is_null().and(sessions::expires_at.gt(now)).and(sessions::last_used_at.gt(since))
}

/// Bit of `replays`: the parent of the current generation was replayed late. The migrations explain all bits.
const LATE: i32 = 1;
/// Bits of `replays`: the same for the two generations before.
const LATE_BEFORE: i32 = 2 | 4;
/// Bit of `replays`: the current generation was returned to a client more than once.
const AGAIN: i32 = 8;

/// Refreshes the session in one statement, which decides by the current row. Of many concurrent refreshes, one creates
/// the next generation and the others get the same one.
///
/// A retry after a lost connection is safe: if the first attempt was committed, the presented generation is now the
/// parent and gets the same child.
pub(super) fn refresh(
    connection: &mut AnyConnection,
    session: &str,
    presented: i64,
    now: NaiveDateTime,
    policy: &SessionPolicy,
) -> Result<Refreshed, Fault> {
    let at = now.into_sql::<Timestamp>();
    // The MAC proves that the service issued every presented generation. If it is later than the row's, the database
    // was restored from a backup or lags behind.
    let is_current = sessions::generation.le(presented);
    let is_parent = sessions::generation.eq(presented + 1);
    let is_late = is_parent.and(sessions::rotated_at.le(before(now, policy.retry)));
    let is_third = BitAnd::new(sessions::replays, LATE_BEFORE.into_sql::<Integer>()).eq(LATE_BEFORE);
    let is_copied = sessions::generation.gt(presented + 1).or(is_late.and(is_third));
    let with_bits = |bits: i32| BitOr::new(sessions::replays, bits.into_sql::<Integer>());
    let shifted = BitAnd::new(sessions::replays * 2, LATE_BEFORE.into_sql::<Integer>());

    diesel::update(sessions::table.filter(sessions::id.eq(session)))
        .filter(is_active(now, before(now, policy.idle)))
        .filter(sessions::first_generation.le(presented))
        .set((
            sessions::generation
                .eq(case_when(is_current, (presented + 1).into_sql::<BigInt>()).otherwise(sessions::generation)),
            sessions::rotated_at.eq(case_when(is_current, at.nullable()).otherwise(sessions::rotated_at)),
            sessions::replays
                .eq(case_when(is_current, shifted).when(is_late, with_bits(LATE | AGAIN)).otherwise(with_bits(AGAIN))),
            sessions::revoked_at.eq(case_when(is_copied, at)),
            sessions::last_used_at.eq(now),
        ))
        .returning((
            sessions::user_id,
            sessions::generation,
            sessions::replays,
            sessions::expires_at,
            sessions::revoked_at.is_not_null(),
        ))
        .get_result(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?
        .map_or(Ok(Refreshed::Ended), |row| refreshed(row).map_err(invalid_value))
}

fn refreshed(row: (String, i64, i32, NaiveDateTime, bool)) -> Result<Refreshed, &'static str> {
    let (user, generation, replays, expires_at, revoked) = row;
    let user = UserId(id(&user, "sessions.user_id")?);
    if revoked {
        return Ok(Refreshed::Reused { user });
    }
    let number = u32::try_from(generation).map_err(|_| "sessions.generation")?;
    Ok(Refreshed::Yes { user, number, again: replays & AGAIN != 0, expires_at: expires_at.and_utc() })
}

/// Builds the renewed session from its columns.
pub(super) fn renewed(generation: i64, expires_at: NaiveDateTime) -> Result<Renewed, Fault> {
    let number = u32::try_from(generation).map_err(|_| invalid_value("sessions.generation"))?;
    Ok(Renewed { number, expires_at: expires_at.and_utc() })
}

pub(super) fn list(
    connection: &mut AnyConnection,
    user: &str,
    now: NaiveDateTime,
    policy: &SessionPolicy,
) -> Result<Vec<Session>, Fault> {
    let rows = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(is_active(now, before(now, policy.idle)))
        .order((sessions::last_used_at.desc(), sessions::id.desc()))
        .limit(i64::from(policy.per_user))
        .select(SessionRow::as_select())
        .load(connection)
        .map_err(|error| Fault::new(connection, &error))?;
    rows.into_iter().map(|row| Session::try_from(row).map_err(invalid_value)).collect()
}

/// Revokes a session if the authority has not ended. Its own session may be the one to revoke. A retry after a lost
/// connection may return `false` although the first attempt revoked the session; the session is revoked in both cases.
pub(super) fn end(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    session: &str,
    now: NaiveDateTime,
) -> Result<bool, Fault> {
    let caller = BESIDE
        .filter(BESIDE.field(sessions::id).eq(&by.session))
        .filter(BESIDE.field(sessions::user_id).eq(&by.user))
        .filter(BESIDE.field(sessions::revoked_at).is_null())
        .filter(BESIDE.field(sessions::expires_at).gt(now));
    let user = users::table.filter(users::id.eq(&by.user)).filter(users::credentials_version.eq(by.credentials));
    let active = sessions::table
        .filter(sessions::id.eq(session))
        .filter(sessions::user_id.eq(&by.user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(exists(caller))
        .filter(exists(user));
    diesel::update(active)
        .set(sessions::revoked_at.eq(now))
        .execute(connection)
        .map(|ended| ended > 0)
        .map_err(|error| Fault::new(connection, &error))
}

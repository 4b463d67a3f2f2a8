//! The queries about sessions.

use super::engine::AnyConnection;
use super::fault::Fault;
use super::rows::{NewSessionRow, SessionRow, before, id};
use super::schema::{sessions, users};
use super::transaction::{Undo, transaction};
use super::users::{holds, impossible};
use crate::domain::policy::SessionPolicy;
use crate::domain::session::Session;
use crate::domain::user::UserId;
use crate::ports::{Proof, Refreshed};
use chrono::NaiveDateTime;
use diesel::dsl::{auto_type, case_when};
use diesel::sql_types::{BigInt, Integer, Timestamp};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods, OptionalExtension, QueryDsl,
    QueryResult, RunQueryDsl, SelectableHelper,
};
use std::time::Instant;

diesel::infix_operator!(BitAnd, " & ", Integer);
diesel::infix_operator!(BitOr, " | ", Integer);

/// The user's row first: see `users::set_password`.
pub(super) fn sign_in(
    connection: &mut AnyConnection,
    session: &NewSessionRow,
    proof: &Proof,
    rehashed: Option<&str>,
    policy: &SessionPolicy,
    deadline: Instant,
) -> Result<bool, Fault> {
    // A proof of phone names no hash that could be replaced.
    let rehashed = rehashed.filter(|_| matches!(proof, Proof::Password(_)));
    let done = transaction(connection, deadline, |connection| {
        let noted = diesel::update(users::table.filter(users::id.eq(&session.user_id)).filter(holds(proof)))
            .set((users::last_login_at.eq(session.created_at), rehashed.map(|hash| users::password_hash.eq(hash))))
            .execute(connection)?;
        if noted == 0 {
            return Err(Undo::Refused);
        }
        diesel::insert_into(sessions::table).values(session).execute(connection)?;
        drop_beside(connection, session, policy)?;
        Ok(())
    })?;
    Ok(done.is_some())
}

diesel::alias!(
    const BESIDE: Alias<Beside> = sessions as beside;
);

/// Whatever is not among the living ones that there is room for beside the new one. Which of them live is said here
/// once more, because [`lives`] knows the table by its own name only.
fn drop_beside(connection: &mut AnyConnection, new: &NewSessionRow, policy: &SessionPolicy) -> QueryResult<usize> {
    let room = i64::from(policy.per_user) - 1;
    let last_used_at = BESIDE.field(sessions::last_used_at);
    let kept = BESIDE
        .filter(BESIDE.field(sessions::user_id).eq(&new.user_id))
        .filter(BESIDE.field(sessions::id).ne(&new.id))
        .filter(BESIDE.field(sessions::revoked_at).is_null())
        .filter(BESIDE.field(sessions::expires_at).gt(new.created_at))
        .filter(last_used_at.gt(before(new.created_at, policy.idle)))
        .order((last_used_at.desc(), BESIDE.field(sessions::id).desc()))
        .limit(room.max(0))
        .select(BESIDE.field(sessions::id));
    let others = sessions::table.filter(sessions::user_id.eq(&new.user_id)).filter(sessions::id.ne(&new.id));
    diesel::delete(others.filter(sessions::id.ne_all(kept))).execute(connection)
}

/// Whether a session is neither revoked nor past its end nor unused since then.
#[auto_type]
fn lives(now: NaiveDateTime, since: NaiveDateTime) -> _ {
    let revoked_at = sessions::revoked_at;
    revoked_at.is_null().and(sessions::expires_at.gt(now)).and(sessions::last_used_at.gt(since))
}

/// The bits of `replays`; the migrations say what they mean.
const LATE: i32 = 1;
const LATE_BEFORE: i32 = 2 | 4;
const AGAIN: i32 = 8;

/// One statement decides on the row as it finds it, so that of many at once one rotates and the others meet its child.
///
/// Tried again after a lost connection it is harmless: if the first try was committed, the token is a parent by now and
/// gets the same child.
pub(super) fn refresh(
    connection: &mut AnyConnection,
    session: &str,
    presented: i64,
    now: NaiveDateTime,
    policy: &SessionPolicy,
) -> Result<Refreshed, Fault> {
    let at = now.into_sql::<Timestamp>();
    // A later one than the row knows was issued by us, as its MAC says: the database is a restored or lagging copy.
    let is_current = sessions::generation.le(presented);
    let is_parent = sessions::generation.eq(presented + 1);
    let is_late = is_parent.and(sessions::rotated_at.le(before(now, policy.retry)));
    let is_third = BitAnd::new(sessions::replays, LATE_BEFORE.into_sql::<Integer>()).eq(LATE_BEFORE);
    let shared = sessions::generation.gt(presented + 1).or(is_late.and(is_third));
    let replays = |more: i32| BitOr::new(sessions::replays, more.into_sql::<Integer>());
    let rotated = BitAnd::new(sessions::replays * 2, LATE_BEFORE.into_sql::<Integer>());

    diesel::update(sessions::table.filter(sessions::id.eq(session)))
        .filter(lives(now, before(now, policy.idle)))
        .set((
            sessions::generation
                .eq(case_when(is_current, (presented + 1).into_sql::<BigInt>()).otherwise(sessions::generation)),
            sessions::rotated_at.eq(case_when(is_current, at.nullable()).otherwise(sessions::rotated_at)),
            sessions::replays
                .eq(case_when(is_current, rotated).when(is_late, replays(LATE | AGAIN)).otherwise(replays(AGAIN))),
            sessions::revoked_at.eq(case_when(shared, at)),
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
        .map_or(Ok(Refreshed::Ended), |row| refreshed(row).map_err(impossible))
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

pub(super) fn list(
    connection: &mut AnyConnection,
    user: &str,
    now: NaiveDateTime,
    policy: &SessionPolicy,
) -> Result<Vec<Session>, Fault> {
    let rows = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(lives(now, before(now, policy.idle)))
        .order((sessions::last_used_at.desc(), sessions::id.desc()))
        .limit(i64::from(policy.per_user))
        .select(SessionRow::as_select())
        .load(connection)
        .map_err(|error| Fault::new(connection, &error))?;
    rows.into_iter().map(|row| Session::try_from(row).map_err(impossible)).collect()
}

/// Tried again after a lost connection it may answer `false` for a session that the first try ended: it has ended.
pub(super) fn end(
    connection: &mut AnyConnection,
    user: &str,
    session: &str,
    now: NaiveDateTime,
) -> Result<bool, Fault> {
    let living = sessions::table
        .filter(sessions::id.eq(session))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    diesel::update(living)
        .set(sessions::revoked_at.eq(now))
        .execute(connection)
        .map(|ended| ended > 0)
        .map_err(|error| Fault::new(connection, &error))
}

/// It changes nothing to try it again.
pub(super) fn end_all(connection: &mut AnyConnection, user: &str, now: NaiveDateTime) -> Result<(), Fault> {
    diesel::update(sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(now))
        .execute(connection)
        .map(drop)
        .map_err(|error| Fault::new(connection, &error))
}

//! Queries for sessions.

use super::engine::AnyConnection;
use super::fault::Fault;
use super::pending;
use super::rows::{AuthorityRow, NewSessionRow, SessionRow, before};
use super::schema::{sessions, users};
use super::transaction::{Rollback, transaction};
use super::users::{invalid_value, is_valid, proven};
use crate::domain::policy::SessionPolicy;
use crate::domain::session::Session;
use crate::ports::Proof;
use chrono::NaiveDateTime;
use diesel::dsl::{auto_type, exists};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl, SelectableHelper};
use std::time::Instant;

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
        // Since the password was checked, another person may have signed up with the number.
        let user = users::table.filter(users::id.eq(&session.user_id)).filter(users::phone.is_not_null());
        let updated = diesel::update(user.filter(is_valid(proof)))
            .set((
                users::last_login_at.eq(session.created_at),
                rehashed.map(|hash| users::password_hash.eq(hash)),
                proven(proof, session.created_at),
            ))
            .execute(connection)?;
        if updated == 0 {
            return Err(Rollback::Rejected);
        }
        pending::use_up(connection, &session.user_id, proof.uses())?;
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
pub(super) fn delete_excess(
    connection: &mut AnyConnection,
    new: &NewSessionRow,
    policy: &SessionPolicy,
) -> QueryResult<usize> {
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
pub(super) fn is_active(now: NaiveDateTime, since: NaiveDateTime) -> _ {
    let revoked_at = sessions::revoked_at;
    revoked_at.is_null().and(sessions::expires_at.gt(now)).and(sessions::last_used_at.gt(since))
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

//! Queries for sessions.

use super::conditions::{invalid_value, is_valid, lock, proven};
use super::engine::{AnyConnection, on_engine};
use super::fault::Fault;
use super::prepared::Prepare as _;
use super::rows::{AuthorityRow, DeviceRow, NewSessionRow, SessionRow, before};
use super::schema::{sessions, users};
use super::transaction::{Rollback, transaction};
use super::{forget_devices, known_devices, pending};
use crate::domain::device::KnownDevice;
use crate::domain::policy::SessionPolicy;
use crate::domain::session::Session;
use crate::ports::Proof;
use chrono::NaiveDateTime;
use diesel::dsl::{auto_type, exists, max, min};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, QueryResult, RunQueryDsl,
    SelectableHelper,
};
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
            .returning(users::id)
            .prepared()
            .count(connection)?;
        if updated == 0 {
            return Err(Rollback::Rejected);
        }
        pending::use_up(connection, &session.user_id, proof.uses())?;
        let insert = diesel::insert_into(sessions::table).values(session);
        on_engine!(connection, engine => insert.execute(engine))?;
        delete_excess(connection, session, policy)?;
        Ok(())
    })?;
    Ok(stored.is_some())
}

/// Known devices besides that of the new session.
const OTHER_DEVICES: i64 = KnownDevice::PER_ACCOUNT as i64 - 1;

diesel::alias!(
    const BESIDE: Alias<Beside> = sessions as beside;
);

/// Deletes the user's inactive sessions, and the least recently used active sessions beyond the maximum. The new
/// session stays, and so does the last session of each known device ([`KnownDevice::among`]). The conditions of
/// [`is_active`] are repeated here, because that function does not accept the table's alias.
pub(super) fn delete_excess(
    connection: &mut AnyConnection,
    new: &NewSessionRow,
    policy: &SessionPolicy,
) -> QueryResult<usize> {
    let max_others = i64::from(policy.per_user) - 1;
    let last_used_at = BESIDE.field(sessions::last_used_at);
    // The device of the new session is one of the known devices. Ids grow with time: the largest is the last session.
    let (device, last) = (BESIDE.field(sessions::device_id), max(BESIDE.field(sessions::id)));
    let settled = min(BESIDE.field(sessions::device_since)).le(before(new.created_at, KnownDevice::SETTLES));
    let of_known_devices = BESIDE
        .filter(BESIDE.field(sessions::user_id).eq(&new.user_id))
        .filter(device.ne(&new.device_id))
        .filter(last_used_at.gt(before(new.created_at, KnownDevice::LIFE)))
        .group_by(device)
        // Devices that are known for a day stay before new ones.
        .order((settled.desc(), max(last_used_at).desc(), last.desc()))
        .limit(OTHER_DEVICES)
        .select(last.assume_not_null());
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
    let deleted = others.filter(sessions::id.ne_all(kept)).filter(sessions::id.ne_all(of_known_devices));
    let delete = diesel::delete(deleted);
    on_engine!(connection, engine => delete.execute(engine))
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
    // Ended sessions, too: their devices may be known. A sign-in deletes the others.
    let rows: Vec<(SessionRow, DeviceRow, bool)> = sessions::table
        .filter(sessions::user_id.eq(user))
        .order((sessions::last_used_at.desc(), sessions::id.desc()))
        .select((SessionRow::as_select(), DeviceRow::as_select(), is_active(now, before(now, policy.idle))))
        .load(connection)
        .map_err(|error| Fault::new(connection, &error))?;
    let known = known_devices::among(rows.iter().map(|(_, device, _)| device), now)?;
    let active = rows.into_iter().filter(|(_, _, is_active)| *is_active).take(policy.per_user as usize);
    active.map(|(session, device, _)| session.with_device(&device, &known).map_err(invalid_value)).collect()
}

/// Revokes a session if the authority has not ended. Its own session may be the one to revoke. If an attempt of the
/// same call has revoked it, and its answer was lost, this one returns `true`, too.
pub(super) fn end(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    session: &str,
    now: NaiveDateTime,
) -> Result<bool, Fault> {
    let ended = revoke(connection, by, session, now).and_then(|ended| {
        let by_this_call = sessions::table
            .filter(sessions::id.eq(session))
            .filter(sessions::user_id.eq(&by.user))
            .filter(sessions::revoked_at.eq(now));
        if ended > 0 { Ok(true) } else { diesel::select(exists(by_this_call)).get_result(connection) }
    });
    ended.map_err(|error| Fault::new(connection, &error))
}

/// Revokes a session and forgets its device. The device of the authority is forgotten with its own session only. Locks
/// the user's row first, like all calls that change several sessions.
pub(super) fn end_device(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    session: &str,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<bool, Fault> {
    let ended = transaction(connection, deadline, |connection| {
        lock(connection, Box::new(users::id.eq(&by.user)))?;
        if revoke(connection, by, session, now)? == 0 {
            return Err(Rollback::Rejected);
        }
        let own = Some(by.session.as_str()).filter(|own| *own != session);
        forget_devices::forget(connection, &by.user, Some(session), own)?;
        Ok(())
    })?;
    Ok(ended.is_some())
}

fn revoke(connection: &mut AnyConnection, by: &AuthorityRow, session: &str, now: NaiveDateTime) -> QueryResult<usize> {
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
    diesel::update(active).set(sessions::revoked_at.eq(now)).returning(sessions::id).prepared().count(connection)
}

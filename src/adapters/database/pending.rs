//! Queries for pending acts.

use super::conditions::{holds, invalid_value, lock};
use super::engine::AnyConnection;
use super::fault::Fault;
use super::prepared::Prepare as _;
use super::rows::{AuthorityRow, id, stored, text};
use super::schema::{pending_acts, sessions, users};
use super::transaction::{Rollback, transaction};
use crate::domain::pending::{ActKind, Decision, NewPending, PendingAct, PendingId};
use crate::domain::session::SessionId;
use crate::domain::user::AccountVersion;
use chrono::NaiveDateTime;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, QueryResult, Queryable,
    RunQueryDsl, Selectable, SelectableHelper,
};
use std::time::Instant;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = pending_acts, treat_none_as_default_value = false)]
pub(super) struct PendingRow {
    id: String,
    user_id: String,
    kind: String,
    target: Option<String>,
    session_id: Option<String>,
    device_name: Option<String>,
    credentials_version: i64,
    asked_at: NaiveDateTime,
    ready_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    approved_at: Option<NaiveDateTime>,
    refused_at: Option<NaiveDateTime>,
}

impl From<&NewPending> for PendingRow {
    fn from(act: &NewPending) -> Self {
        Self {
            id: text(act.id.0),
            user_id: text(act.account.user.0),
            kind: act.kind.as_str().to_owned(),
            target: act.target.clone(),
            session_id: act.session.map(|session| text(session.0)),
            device_name: act.device_name.as_ref().map(|name| name.as_str().to_owned()),
            credentials_version: act.account.credentials,
            asked_at: stored(act.asked_at),
            ready_at: stored(act.ready_at),
            expires_at: stored(act.expires_at),
            approved_at: None,
            refused_at: None,
        }
    }
}

impl TryFrom<PendingRow> for PendingAct {
    /// Name of the column with a value that this program never writes.
    type Error = &'static str;

    fn try_from(row: PendingRow) -> Result<Self, Self::Error> {
        let session = row.session_id.map(|session| id(&session, "pending_acts.session_id")).transpose()?;
        Ok(Self {
            id: PendingId(id(&row.id, "pending_acts.id")?),
            kind: ActKind::parse(&row.kind).ok_or("pending_acts.kind")?,
            target: row.target,
            session: session.map(SessionId),
            device_name: row.device_name,
            asked_at: row.asked_at.and_utc(),
            ready_at: row.ready_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
            approved_at: row.approved_at.map(|time| time.and_utc()),
            refused_at: row.refused_at.map(|time| time.and_utc()),
        })
    }
}

/// Returns the act if it is in force: it has not expired; and it was refused, or its session is alive and the
/// credentials are those of the account. A refused act stays in force when the credentials change: a thief could change
/// them.
pub(super) fn in_force(
    row: PendingRow,
    account: AccountVersion,
    now: NaiveDateTime,
    is_alive: impl Fn(&str) -> bool,
) -> Option<Result<PendingAct, &'static str>> {
    let is_current = row.credentials_version == account.credentials && row.session_id.as_deref().is_none_or(is_alive);
    let is_in_force = row.expires_at > now && (row.refused_at.is_some() || is_current);
    is_in_force.then(|| row.try_into())
}

/// Locks the user's row first: of two concurrent calls, the second one sees the act
/// of the first one.
pub(super) fn hold(
    connection: &mut AnyConnection,
    act: &NewPending,
    deadline: Instant,
) -> Result<Option<PendingAct>, Fault> {
    let (new, now) = (PendingRow::from(act), stored(act.asked_at));
    let kept = transaction(connection, deadline, |connection| {
        let same = users::credentials_version.eq(new.credentials_version);
        if !lock(connection, Box::new(users::id.eq(&new.user_id).and(same)))? {
            return Err(Rollback::Rejected);
        }
        let of_kind =
            pending_acts::table.filter(pending_acts::user_id.eq(&new.user_id)).filter(pending_acts::kind.eq(&new.kind));
        let row: Option<PendingRow> = of_kind.select(PendingRow::as_select()).get_result(connection).optional()?;
        let alive = active_sessions(connection, &new.user_id, now)?;
        let earlier = row.and_then(|row| in_force(row, act.account, now, |session| name_of(&alive, session).is_some()));
        if let Some(earlier) = earlier.filter(|earlier| {
            !earlier.as_ref().is_ok_and(|earlier| earlier.is_replaced_by(act.session, act.target.as_deref()))
        }) {
            return Ok(earlier);
        }
        diesel::delete(of_kind).execute(connection)?;
        diesel::insert_into(pending_acts::table).values(&new).execute(connection)?;
        Ok(PendingAct::try_from(new))
    })?;
    kept.transpose().map_err(invalid_value)
}

/// Active session, and the name of its device.
type Named = (String, Option<String>);

fn active_sessions(connection: &mut AnyConnection, user: &str, now: NaiveDateTime) -> QueryResult<Vec<Named>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select((sessions::id, sessions::device_name))
        .load(connection)
}

fn name_of<'a>(sessions: &'a [Named], session: &str) -> Option<&'a Option<String>> {
    sessions.iter().find(|(id, _)| id == session).map(|(_, name)| name)
}

pub(super) fn list(
    connection: &mut AnyConnection,
    account: AccountVersion,
    now: NaiveDateTime,
) -> Result<Vec<PendingAct>, Fault> {
    let user = text(account.user.0);
    let rows: Vec<PendingRow> = pending_acts::table
        .filter(pending_acts::user_id.eq(&user))
        .order((pending_acts::asked_at.asc(), pending_acts::id.asc()))
        .select(PendingRow::as_select())
        .load(connection)
        .map_err(|error| Fault::new(connection, &error))?;
    let alive = active_sessions(connection, &user, now).map_err(|error| Fault::new(connection, &error))?;
    let with_name = |row: PendingRow| {
        let name = row.session_id.as_ref().and_then(|session| name_of(&alive, session)).cloned().flatten();
        PendingRow { device_name: row.device_name.or(name), ..row }
    };
    let rows = rows.into_iter().map(with_name);
    let acts = rows.filter_map(|row| in_force(row, account, now, |session| name_of(&alive, session).is_some()));
    acts.collect::<Result<_, _>>().map_err(invalid_value)
}

pub(super) fn resolve(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    act: &str,
    decision: Decision,
    now: NaiveDateTime,
    expires_at: NaiveDateTime,
    deadline: Instant,
) -> Result<bool, Fault> {
    let resolved = transaction(connection, deadline, |connection| {
        if !lock(connection, holds(by, now))? {
            return Err(Rollback::Rejected);
        }
        let row = pending_acts::table
            .filter(pending_acts::id.eq(act))
            .filter(pending_acts::user_id.eq(&by.user))
            .filter(pending_acts::expires_at.gt(now));
        let found: Option<PendingRow> = row.select(PendingRow::as_select()).get_result(connection).optional()?;
        let found = found.ok_or(Rollback::Rejected)?;
        let is_own = match &found.session_id {
            Some(asker) => *asker == by.session || device_of(connection, asker)? == device_of(connection, &by.session)?,
            None => false,
        };
        match decision {
            // A repeated decision changes nothing: the device lost the response.
            Decision::Refuse | Decision::Cancel if found.refused_at.is_some() => return Ok(()),
            Decision::Approve if found.refused_at.is_some() || is_own => return Err(Rollback::Rejected),
            Decision::Approve if found.approved_at.is_some() => return Ok(()),
            Decision::Approve => diesel::update(row)
                .set((pending_acts::approved_at.eq(now), pending_acts::expires_at.eq(expires_at)))
                .returning(pending_acts::id)
                .prepared()
                .count(connection)?,
            Decision::Refuse if is_own => diesel::delete(row).execute(connection)?,
            Decision::Cancel => diesel::delete(row).execute(connection)?,
            Decision::Refuse => diesel::update(row)
                .set((pending_acts::refused_at.eq(now), pending_acts::expires_at.eq(expires_at)))
                .returning(pending_acts::id)
                .prepared()
                .count(connection)?,
        };
        Ok(())
    })?;
    Ok(resolved.is_some())
}

/// Returns the known device of a session, or the session itself if its device was forgotten.
fn device_of(connection: &mut AnyConnection, session: &str) -> QueryResult<String> {
    let device: Option<Option<String>> = sessions::table
        .filter(sessions::id.eq(session))
        .select(sessions::device_id)
        .get_result(connection)
        .optional()?;
    Ok(device.flatten().unwrap_or_else(|| session.to_owned()))
}

/// Uses up a pending act of a user, in the transaction of what it allows. Of two concurrent calls, one succeeds.
pub(super) fn use_up(connection: &mut AnyConnection, user: &str, act: Option<PendingId>) -> Result<(), Rollback> {
    let Some(act) = act else { return Ok(()) };
    let row = pending_acts::table
        .filter(pending_acts::id.eq(text(act.0)))
        .filter(pending_acts::user_id.eq(user))
        .filter(pending_acts::refused_at.is_null());
    if diesel::delete(row).execute(connection)? == 0 { Err(Rollback::Rejected) } else { Ok(()) }
}

pub(super) fn delete_expired(connection: &mut AnyConnection, now: NaiveDateTime) -> QueryResult<usize> {
    diesel::delete(pending_acts::table.filter(pending_acts::expires_at.le(now))).execute(connection)
}

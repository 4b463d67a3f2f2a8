//! Facts about an account for the ownership rule.

use super::engine::AnyConnection;
use super::fault::Fault;
use super::pending::in_force;
use super::rows::{UserRow, id, stored};
use super::schema::{pending_acts, sessions, users};
use super::users::{invalid_value, user};
use crate::domain::device::{DeviceId, KnownDevice};
use crate::domain::dpop::Thumbprint;
use crate::domain::ownership::Facts;
use crate::domain::password::PasswordHash;
use crate::domain::session::SessionId;
use crate::domain::user::{AccountVersion, User};
use crate::ports::{Account, AccountEvidence, EvidenceQuery, Whose};
use chrono::NaiveDateTime;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

/// Most rows of sessions that are read: the active ones of an account, and the known devices.
const MOST_SESSIONS: i64 = 1_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(super) struct DeviceRow {
    id: String,
    device_id: Option<String>,
    device_since: Option<NaiveDateTime>,
    last_used_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    revoked_at: Option<NaiveDateTime>,
    jkt: Option<String>,
}

/// Reads the account, its sessions and its pending act. The statements see different moments: every later write has its
/// own conditions.
pub(super) fn evidence(
    connection: &mut AnyConnection,
    query: &EvidenceQuery,
) -> Result<Option<AccountEvidence>, Fault> {
    let found = account(connection, query).map_err(|error| Fault::new(connection, &error))?;
    let Some((row, hash, last_login_at)) = found else { return Ok(None) };
    let account = Account { user: user(row)?, password_hash: hash.map(PasswordHash::new) };
    let rows = sessions_of(connection, &account.user).map_err(|error| Fault::new(connection, &error))?;
    let pending = pending_acts::table
        .filter(pending_acts::user_id.eq(super::rows::text(account.user.id.0)))
        .filter(pending_acts::kind.eq(query.act.as_str()))
        .select(super::pending::PendingRow::as_select())
        .get_result(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?;
    let now = stored(query.now);
    let is_active = |row: &&DeviceRow| row.revoked_at.is_none() && row.expires_at > now;
    let active: Vec<_> = rows.iter().filter(is_active).collect();
    let used_at = rows.iter().map(|row| row.last_used_at).chain(last_login_at).max();
    let facts = Facts {
        proven_at: account.user.phone_proven_at,
        used_at: used_at.map_or(account.user.created_at, |time| time.and_utc()),
        in_use: active.iter().any(|row| row.last_used_at > stored(query.in_use_since)),
    };
    let version = AccountVersion::of(&account.user);
    let sessions = active.iter().map(|row| row.session()).collect::<Result<Vec<_>, _>>().map_err(invalid_value)?;
    let is_alive = |session: &str| active.iter().any(|row| row.id == session);
    let pending = pending.and_then(|row| in_force(row, version, now, is_alive));
    let pending = pending.transpose().map_err(invalid_value)?;
    let devices = rows.iter().filter_map(DeviceRow::device).collect::<Result<Vec<_>, _>>().map_err(invalid_value)?;
    Ok(Some(AccountEvidence { devices: KnownDevice::among(devices, query.now), account, facts, sessions, pending }))
}

type Found = (UserRow, Option<String>, Option<NaiveDateTime>);

fn account(connection: &mut AnyConnection, query: &EvidenceQuery) -> diesel::QueryResult<Option<Found>> {
    let columns = (UserRow::as_select(), users::password_hash, users::last_login_at);
    match &query.whose {
        Whose::Phone(phone) => {
            users::table.filter(users::phone.eq(phone.e164())).select(columns).get_result(connection).optional()
        }
        Whose::User(user) => users::table
            .filter(users::id.eq(super::rows::text(user.0)))
            .select(columns)
            .get_result(connection)
            .optional(),
        Whose::Former(phone) => users::table
            .filter(users::former_phone.eq(phone.e164()))
            .filter(users::phone.is_null())
            .filter(super::detachment::lives(stored(query.now)))
            .order((users::detached_at.desc(), users::id.desc()))
            .select(columns)
            .first(connection)
            .optional(),
    }
}

fn sessions_of(connection: &mut AnyConnection, user: &User) -> diesel::QueryResult<Vec<DeviceRow>> {
    sessions::table
        .filter(sessions::user_id.eq(super::rows::text(user.id.0)))
        .order(sessions::last_used_at.desc())
        .limit(MOST_SESSIONS)
        .select(DeviceRow::as_select())
        .load(connection)
}

impl DeviceRow {
    /// Known device of the session, if it was not forgotten. The error is the name of a column.
    pub(super) fn device(&self) -> Option<Result<KnownDevice, &'static str>> {
        let (device, since) = (self.device_id.as_ref()?, self.device_since?);
        Some(id(device, "sessions.device_id").and_then(|id| {
            let key = self.jkt.clone().map(|text| Thumbprint::from_stored(text).ok_or("sessions.jkt")).transpose()?;
            Ok(KnownDevice { id: DeviceId(id), since: since.and_utc(), used_at: self.last_used_at.and_utc(), key })
        }))
    }

    fn session(&self) -> Result<(SessionId, Option<DeviceId>), &'static str> {
        let device = self.device_id.as_ref().map(|device| id(device, "sessions.device_id")).transpose()?;
        Ok((SessionId(id(&self.id, "sessions.id")?), device.map(DeviceId)))
    }
}

//! Facts about an account for the ownership rule.

use super::conditions::{invalid_value, user};
use super::detachment::{can_be_reclaimed, has_device};
use super::engine::AnyConnection;
use super::fault::Fault;
use super::known_devices;
use super::pending::{PendingRow, in_force};
use super::rows::{DeviceRow, UserRow, id, stored, text};
use super::schema::{pending_acts, sessions, users};
use crate::domain::device::DeviceId;
use crate::domain::ownership::Facts;
use crate::domain::password::PasswordHash;
use crate::domain::session::SessionId;
use crate::domain::user::AccountVersion;
use crate::ports::{Account, AccountEvidence, EvidenceQuery, Whose};
use chrono::NaiveDateTime;
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, Queryable, RunQueryDsl, Selectable, SelectableHelper,
};

/// Most rows of sessions that are read: the active ones of an account, and the known devices.
const MOST_SESSIONS: i64 = 1_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct UseRow {
    id: String,
    expires_at: NaiveDateTime,
    revoked_at: Option<NaiveDateTime>,
    #[diesel(embed)]
    device: DeviceRow,
}

/// Reads the account, its sessions and its pending act. The statements see different moments: every later write has its
/// own conditions. Without an account, the statements are the same and find nothing: the time does not say whether a
/// number has, or had, an account.
pub(super) fn evidence(
    connection: &mut AnyConnection,
    query: &EvidenceQuery,
) -> Result<Option<AccountEvidence>, Fault> {
    let found = read(connection, query).map_err(|error| Fault::new(connection, &error))?;
    let (Some((row, hash, last_login_at, detached_at)), rows, pending) = found else { return Ok(None) };
    let account = Account { user: user(row)?, password_hash: hash.map(PasswordHash::new) };
    let now = stored(query.now);
    let is_active = |row: &&UseRow| row.revoked_at.is_none() && row.expires_at > now;
    let active: Vec<_> = rows.iter().filter(is_active).collect();
    let used_at = rows.iter().map(|row| row.device.last_used_at).chain(last_login_at).max();
    let facts = Facts {
        proven_at: account.user.phone_proven_at,
        used_at: used_at.map_or(account.user.created_at, |time| time.and_utc()),
    };
    let version = AccountVersion::of(&account.user);
    let sessions = active.iter().map(|row| row.session()).collect::<Result<Vec<_>, _>>().map_err(invalid_value)?;
    let is_alive = |session: &str| active.iter().any(|row| row.id == session);
    let pending = pending.and_then(|row| in_force(row, version, now, is_alive));
    let pending = pending.transpose().map_err(invalid_value)?;
    // A detached account can be reclaimed on the devices that it knew then.
    let known_at = detached_at.unwrap_or(now);
    let devices = known_devices::among(rows.iter().map(|row| &row.device), known_at)?;
    Ok(Some(AccountEvidence { account, facts, devices, sessions, pending }))
}

type Read = (Option<Found>, Vec<UseRow>, Option<PendingRow>);

fn read(connection: &mut AnyConnection, query: &EvidenceQuery) -> QueryResult<Read> {
    let found = account(connection, query)?;
    let user = found.as_ref().map(|(row, ..)| row.id.clone()).unwrap_or_default();
    let rows = sessions::table
        .filter(sessions::user_id.eq(&user))
        .order(sessions::last_used_at.desc())
        .limit(MOST_SESSIONS)
        .select(UseRow::as_select())
        .load(connection)?;
    let pending = pending_acts::table
        .filter(pending_acts::user_id.eq(&user))
        .filter(pending_acts::kind.eq(query.act.as_str()))
        .select(PendingRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok((found, rows, pending))
}

type Found = (UserRow, Option<String>, Option<NaiveDateTime>, Option<NaiveDateTime>);

fn account(connection: &mut AnyConnection, query: &EvidenceQuery) -> QueryResult<Option<Found>> {
    let columns = (UserRow::as_select(), users::password_hash, users::last_login_at, users::detached_at);
    match &query.whose {
        Whose::Phone(phone) => {
            users::table.filter(users::phone.eq(phone.e164())).select(columns).get_result(connection).optional()
        }
        Whose::User(user) => {
            users::table.filter(users::id.eq(text(user.0))).select(columns).get_result(connection).optional()
        }
        Whose::Former { phone, device, used_since } => {
            let detached = users::table
                .filter(users::former_phone.eq(phone.e164()))
                .filter(users::phone.is_null())
                .filter(can_be_reclaimed(stored(query.now), stored(*used_since)))
                .order((users::detached_at.desc(), users::id.desc()))
                .select(columns)
                .into_boxed();
            let detached = match device {
                Some(device) => detached.filter(has_device(text(device.0))),
                None => detached,
            };
            detached.first(connection).optional()
        }
    }
}

impl UseRow {
    fn session(&self) -> Result<(SessionId, Option<DeviceId>), &'static str> {
        let device = self.device.device()?.map(|device| device.id);
        Ok((SessionId(id(&self.id, "sessions.id")?), device))
    }
}

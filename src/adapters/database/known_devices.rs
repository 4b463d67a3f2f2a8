//! Queries for known devices.

use super::conditions::invalid_value;
use super::engine::AnyConnection;
use super::fault::Fault;
use super::rows::{DeviceRow, before};
use super::schema::sessions;
use crate::domain::device::KnownDevice;
use chrono::NaiveDateTime;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, SelectableHelper};

/// Returns the known devices of an account; none for an unknown id.
pub(super) fn of(connection: &mut AnyConnection, user: &str, now: NaiveDateTime) -> Result<Vec<KnownDevice>, Fault> {
    let rows: Vec<DeviceRow> = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::device_id.is_not_null())
        .filter(sessions::last_used_at.gt(before(now, KnownDevice::LIFE)))
        .select(DeviceRow::as_select())
        .load(connection)
        .map_err(|error| Fault::new(connection, &error))?;
    among(rows.iter(), now)
}

/// Returns the known devices among those of all sessions of an account.
pub(super) fn among<'a>(
    rows: impl Iterator<Item = &'a DeviceRow>,
    now: NaiveDateTime,
) -> Result<Vec<KnownDevice>, Fault> {
    let all = rows.filter_map(|row| row.device().transpose()).collect::<Result<_, _>>().map_err(invalid_value)?;
    Ok(KnownDevice::among(all, now.and_utc()))
}

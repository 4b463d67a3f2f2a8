//! Queries for known devices.

use super::engine::AnyConnection;
use super::fault::Fault;
use super::rows::{DeviceRow, before, text};
use super::schema::sessions;
use super::users::{by_phone, invalid_value};
use crate::domain::device::{DeviceId, KnownDevice};
use crate::ports::AccountOnDevice;
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

/// Reads the account of a phone, then its devices. Without an account, the second statement is the same and finds none:
/// the time does not say whether the phone has an account.
pub(super) fn account(
    connection: &mut AnyConnection,
    phone: &str,
    device: DeviceId,
    now: NaiveDateTime,
) -> Result<AccountOnDevice, Fault> {
    let account = by_phone(connection, phone)?;
    let user = account.as_ref().map(|account| text(account.user.id.0)).unwrap_or_default();
    let known = of(connection, &user, now)?.into_iter().find(|known| known.id == device);
    Ok(AccountOnDevice { account, known })
}

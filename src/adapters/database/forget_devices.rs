//! Forgetting known devices: their sessions keep no device.

use super::engine::AnyConnection;
use super::prepared::Prepare as _;
use super::schema::sessions;
use chrono::NaiveDateTime;
use diesel::{ExpressionMethods, QueryDsl, QueryResult};

diesel::alias!(
    const NAMED: Alias<Named> = sessions as named;
);

/// Forgets the device of the session `only`, or all devices of the user without it; never the device of the session
/// `except`.
pub(super) fn forget(
    connection: &mut AnyConnection,
    user: &str,
    only: Option<&str>,
    except: Option<&str>,
) -> QueryResult<usize> {
    let device_of = |session: &str| {
        let device = NAMED.field(sessions::device_id);
        NAMED.filter(NAMED.field(sessions::id).eq(session.to_owned())).filter(device.is_not_null()).select(device)
    };
    // Without `except`, the condition is true for every device: no id is empty.
    let devices = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::device_id.is_not_null())
        .filter(sessions::device_id.ne_all(device_of(except.unwrap_or_default())));
    let forgotten = (sessions::device_id.eq(None::<String>), sessions::device_since.eq(None::<NaiveDateTime>));
    match only {
        Some(session) => {
            let devices = devices.filter(sessions::device_id.eq_any(device_of(session)));
            diesel::update(devices).set(forgotten).returning(sessions::id).prepared().count(connection)
        }
        None => diesel::update(devices).set(forgotten).returning(sessions::id).prepared().count(connection),
    }
}

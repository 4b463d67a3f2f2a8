//! IDs of users, sessions and requests.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Creates a UUIDv7 (RFC 9562) from a time and random bytes. UUIDv7s sort by time, so that an index grows at its end.
#[must_use]
pub fn uuid_v7(now: DateTime<Utc>, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

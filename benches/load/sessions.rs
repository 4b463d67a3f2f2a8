//! Sessions inserted into PostgreSQL, and their refresh tokens: so many sign-ins would take too long.

use crate::accounts;
use crate::back_ends::{BackEnds, Kind};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use doorstep::domain::keys::Keys;
use doorstep::domain::session::{Generation, RefreshToken, SessionId};
use std::ops::Range;
use uuid::Uuid;

/// Inserts accounts, with one session each. Returns the first refresh tokens of the sessions.
pub async fn insert(back_ends: &BackEnds, count: u32) -> Vec<String> {
    let numbers = accounts::numbers(count);
    accounts::insert(back_ends, Kind::Real, numbers.clone(), 1).await;
    insert_for(back_ends, &numbers);
    let keys = back_ends.keys();
    numbers.map(|number| refresh_token(&keys, number)).collect()
}

/// Inserts a session for each of these accounts, in another order than the accounts: an index on the account is then
/// as large as if the users had signed in one after the other.
pub fn insert_for(back_ends: &BackEnds, numbers: &Range<u32>) {
    let (first, count) = (numbers.start, numbers.end - numbers.start);
    // 7919 is a prime that divides no count here, so that every account gets one session. The role leaves out the check
    // of the foreign key, which would take most of the time.
    let statement = format!(
        "SET session_replication_role = replica;
         INSERT INTO sessions (id, user_id, generation, replays, device_name, created_at, last_used_at, expires_at,
                               device_id, device_since)
         SELECT {id}, '019a9f6e-0000-7000-8000-' || substr('' || (1000000000000 + {first} + n * 7919 % {count}), 2),
                0, 0, 'iPhone 15', now, now, now + interval '90 days', {id}, now
         FROM generate_series(0::bigint, {count} - 1) AS n, (SELECT now() AT TIME ZONE 'UTC') AS times (now);
         ANALYZE sessions",
        id = format_args!("'{ID_PREFIX}' || substr('' || (1000000000000 + {first} + n), 2)"),
    );
    PgConnection::establish(&back_ends.database_url(Kind::Real)).unwrap().batch_execute(&statement).unwrap();
}

/// First 24 characters of the id of a session; the last 12 are its number.
const ID_PREFIX: &str = "019a9f6e-0001-7000-8000-";

/// First refresh token of an inserted session.
pub fn refresh_token(keys: &Keys, number: u32) -> String {
    let session = SessionId(Uuid::parse_str(&format!("{ID_PREFIX}{number:012}")).unwrap());
    RefreshToken::issue(&keys.refresh, Generation { session, number: 0 }).expose().to_owned()
}

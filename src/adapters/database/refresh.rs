//! Refresh of a session: one statement, which decides by the current row.

use super::conditions::{invalid_value, returned};
use super::engine::AnyConnection;
use super::fault::Fault;
use super::prepared::fixed;
use super::rows::{before, client_id, id, text};
use super::schema::sessions;
use super::sessions::is_active;
use crate::domain::dpop::Thumbprint;
use crate::domain::policy::SessionPolicy;
use crate::domain::refresh::Refresh;
use crate::domain::session::Generation;
use crate::domain::user::UserId;
use crate::ports::Refreshed;
use chrono::NaiveDateTime;
use diesel::dsl::{auto_type, case_when};
use diesel::sql_types::{BigInt, Bool, Integer, Text, Timestamp};
use diesel::{BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods, QueryDsl, RunQueryDsl};

diesel::infix_operator!(BitAnd, " & ", Integer);
diesel::infix_operator!(BitOr, " | ", Integer);

/// Bit of `replays`: the parent of the current generation was replayed late. The migrations explain all bits.
const LATE: i32 = 1;
/// Bit of `replays`: the same for the generation before.
const LATE_BEFORE: i32 = 2;
/// Bits of `replays`: the same for both generations before.
const LATE_TWICE_BEFORE: i32 = 2 | 4;
/// Bit of `replays`: the current generation was returned to a client more than once.
const AGAIN: i32 = 8;
/// Bit of `replays`: a late replay came from another IP block.
const ELSEWHERE: i32 = 16;
/// Bits of `replays`: the same, or the same for the generation before.
const ELSEWHERE_OR_BEFORE: i32 = 16 | 32;
/// Bits that a rotation keeps, after it has shifted all bits by one.
const SHIFTED: i32 = 2 | 4 | 32;

/// Executes an update of a session, and returns its columns. A macro, because the types of the statements differ.
macro_rules! returned_without_wait {
    ($update:expr, $columns:expr, $connection:expr) => {
        match $connection {
            AnyConnection::Sqlite(sqlite) => fixed!($update.returning($columns)).get_results(sqlite),
            AnyConnection::Postgres(postgres) => {
                let update = $update.returning(($columns, without_wait()));
                let rows = fixed!(update).get_results::<(_, Option<String>)>(postgres);
                rows.map(|rows| rows.into_iter().map(|(row, _)| row).collect())
            }
        }
    };
}

pub(super) fn refresh(
    connection: &mut AnyConnection,
    request: &Refresh,
    now: NaiveDateTime,
    policy: &SessionPolicy,
) -> Result<Refreshed, Fault> {
    let session = text(request.presented.session.0);
    match &request.key {
        None => rotate(connection, &session, request, now, policy),
        Some(key) => keep(connection, &session, key, now, policy),
    }
}

/// Refreshes a session without a key. Of many concurrent refreshes, one creates the next generation and the others get
/// the same one. A session with a key stays as it is.
///
/// A retry after a lost connection is safe: if the first attempt was committed, the presented generation is now the
/// parent and gets the same child.
fn rotate(
    connection: &mut AnyConnection,
    session: &str,
    request: &Refresh,
    now: NaiveDateTime,
    policy: &SessionPolicy,
) -> Result<Refreshed, Fault> {
    let (at, presented) = (now.into_sql::<Timestamp>(), i64::from(request.presented.number));
    let from = request.from.as_str().into_sql::<Text>().nullable();
    let is_unbound = sessions::jkt.is_null();
    // The MAC proves that the service issued every presented generation. If it is later than the row's, the database
    // was restored from a backup or lags behind.
    let is_current = is_unbound.and(sessions::generation.le(presented));
    let is_parent = is_unbound.and(sessions::generation.eq(presented + 1));
    let is_late = is_parent.and(sessions::rotated_at.le(before(now, policy.retry)));
    let is_elsewhere = is_late.and(sessions::refreshed_from.ne(from));
    let bits = |mask: i32| BitAnd::new(sessions::replays, mask.into_sql::<Integer>());
    // The sum of the generations in a row is 3: this one and the one before count, and one of them counts twice, or the
    // one before those counts, too.
    let is_sum_reached = bits(LATE_TWICE_BEFORE)
        .eq(LATE_TWICE_BEFORE)
        .or(bits(LATE_BEFORE).ne(0).and(bits(ELSEWHERE_OR_BEFORE).ne(0)))
        .or(bits(LATE_BEFORE).ne(0).and(sessions::refreshed_from.ne(from)));
    let is_older = is_unbound.and(sessions::generation.gt(presented + 1));
    let is_copied = is_older.or(is_late.and(is_sum_reached));
    let with_bits = |bits: i32| BitOr::new(sessions::replays, bits.into_sql::<Integer>());
    let shifted = BitAnd::new(sessions::replays * 2, SHIFTED.into_sql::<Integer>());

    let update = diesel::update(sessions::table.filter(sessions::id.eq(session)))
        .filter(is_active(now, before(now, policy.idle)))
        .filter(sessions::first_generation.le(presented).or(sessions::jkt.is_not_null()))
        .set((
            sessions::generation
                .eq(case_when(is_current, (presented + 1).into_sql::<BigInt>()).otherwise(sessions::generation)),
            sessions::rotated_at.eq(case_when(is_current, at.nullable()).otherwise(sessions::rotated_at)),
            sessions::replays.eq(case_when(is_current, shifted)
                .when(is_elsewhere, with_bits(LATE | AGAIN | ELSEWHERE))
                .when(is_late, with_bits(LATE | AGAIN))
                .when(is_unbound, with_bits(AGAIN))
                .otherwise(sessions::replays)),
            sessions::revoked_at.eq(case_when(is_copied, at)),
            sessions::last_used_at.eq(case_when(is_unbound, at).otherwise(sessions::last_used_at)),
            sessions::refreshed_from.eq(case_when(is_unbound, from).otherwise(sessions::refreshed_from)),
        ));
    let columns = (
        sessions::user_id,
        sessions::generation,
        sessions::replays,
        sessions::expires_at,
        sessions::revoked_at.is_not_null(),
        is_unbound,
        sessions::client_id,
    );
    let rows = returned_without_wait!(update, columns, connection);
    let rows = rows.map_err(|error| Fault::new(connection, &error))?;
    returned(rows).map_or(Ok(Refreshed::Ended), |row| rotated(row).map_err(invalid_value))
}

diesel::define_sql_function! {
    /// Function of PostgreSQL: sets a parameter, with `is_local` for the rest of the transaction.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

/// Returns an expression of PostgreSQL for the row of a refresh. If the session lives, the COMMIT of this statement
/// does not wait for the disk or a standby. A crash that loses the refresh leaves the client with a later generation
/// than the row's, which is accepted. A revocation waits.
#[auto_type]
fn without_wait() -> _ {
    let off: set_config<&'static str, &'static str, bool> = set_config("synchronous_commit", "off", true);
    case_when(sessions::revoked_at.is_null(), off.nullable())
}

type RotatedRow = (String, i64, i32, NaiveDateTime, bool, bool, Option<String>);

fn rotated(row: RotatedRow) -> Result<Refreshed, &'static str> {
    let (user, generation, replays, expires_at, revoked, is_unbound, client) = row;
    if !is_unbound {
        return Ok(Refreshed::KeyMismatch);
    }
    let user = UserId(id(&user, "sessions.user_id")?);
    if revoked {
        return Ok(Refreshed::Reused { user });
    }
    let number = u32::try_from(generation).map_err(|_| "sessions.generation")?;
    let (expires_at, client_id) = (expires_at.and_utc(), client_id(client.as_deref())?);
    Ok(Refreshed::Yes { user, number, again: replays & AGAIN != 0, expires_at, client_id })
}

/// Refreshes a session with this key, whose token stays. Any other session stays as it is. A retry is idempotent.
///
/// A token from before a password change is accepted, too: a copy is worth nothing without the key, and a device that
/// lost the response to the change gets the current token.
fn keep(
    connection: &mut AnyConnection,
    session: &str,
    key: &Thumbprint,
    now: NaiveDateTime,
    policy: &SessionPolicy,
) -> Result<Refreshed, Fault> {
    let at = now.into_sql::<Timestamp>();
    let is_key = sessions::jkt.eq(key.as_str());
    let update = diesel::update(sessions::table.filter(sessions::id.eq(session)))
        .filter(is_active(now, before(now, policy.idle)))
        .set((
            sessions::last_used_at.eq(case_when(is_key, at).otherwise(sessions::last_used_at)),
            sessions::rotated_at.eq(case_when(is_key, at.nullable()).otherwise(sessions::rotated_at)),
        ));
    let columns = (sessions::user_id, sessions::generation, sessions::expires_at, sessions::jkt, sessions::client_id);
    let rows = returned_without_wait!(update, columns, connection);
    let rows = rows.map_err(|error| Fault::new(connection, &error))?;
    returned(rows).map_or(Ok(Refreshed::Ended), |row| kept(row, key).map_err(invalid_value))
}

type KeptRow = (String, i64, NaiveDateTime, Option<String>, Option<String>);

fn kept(row: KeptRow, key: &Thumbprint) -> Result<Refreshed, &'static str> {
    let (user, generation, expires_at, bound_to, client) = row;
    match bound_to {
        None => Ok(Refreshed::NotBound),
        Some(bound_to) if bound_to != key.as_str() => Ok(Refreshed::KeyMismatch),
        Some(_) => {
            let user = UserId(id(&user, "sessions.user_id")?);
            let number = u32::try_from(generation).map_err(|_| "sessions.generation")?;
            let (expires_at, client_id) = (expires_at.and_utc(), client_id(client.as_deref())?);
            Ok(Refreshed::Yes { user, number, again: false, expires_at, client_id })
        }
    }
}

pub(super) fn is_unused(
    connection: &mut AnyConnection,
    generation: Generation,
    now: NaiveDateTime,
) -> Result<bool, Fault> {
    sessions::table
        .filter(sessions::id.eq(text(generation.session.0)))
        .filter(sessions::generation.eq(i64::from(generation.number)))
        .filter(sessions::rotated_at.is_null())
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .count()
        .get_result::<i64>(connection)
        .map(|found| found > 0)
        .map_err(|error| Fault::new(connection, &error))
}

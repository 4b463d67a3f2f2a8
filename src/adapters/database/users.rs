//! Queries for accounts.

use super::conditions::{
    has_phone, holds, invalid_value, is_valid, lock, proven, reject_if_taken, returned, revoke_all, user, user_columns,
};
use super::detachment::detach_in;
use super::engine::{AnyConnection, on_engine};
use super::fault::Fault;
use super::forget_devices::forget as forget_devices;
use super::outcome::{RenewedRow, renewed};
use super::prepared::Prepare as _;
use super::rows::{AuthorityRow, ProfileRow, UserRow, id, text};
use super::schema::{sessions, users};
use super::transaction::{Rollback, transaction};
use super::{known_devices, pending};
use crate::domain::device::DeviceId;
use crate::domain::password::PasswordHash;
use crate::domain::phone::Phone;
use crate::domain::session::Generation;
use crate::domain::user::{AccountVersion, User, UserId};
use crate::ports::{Account, AccountOnDevice, AccountSummary, NumberChange, PhoneChange, Proof, Renewed};
use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::dsl::{auto_type, sql};
use diesel::sql_types::Text;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, SelectableHelper};
use std::time::Instant;

/// Checks that the database accepts writes, and writes nothing.
pub(super) fn ping(connection: &mut AnyConnection) -> Result<(), Fault> {
    let writable = match connection {
        // Takes the lock of a writer, which a file without permission to write refuses.
        AnyConnection::Sqlite(sqlite) => sqlite.batch_execute("BEGIN IMMEDIATE; ROLLBACK").map(|()| true),
        // Also on for a standby.
        AnyConnection::Postgres(postgres) => diesel::select(sql::<Text>("current_setting('transaction_read_only')"))
            .get_result::<String>(postgres)
            .map(|read_only| read_only == "off"),
    };
    match writable.map_err(|error| Fault::new(connection, &error))? {
        true => Ok(()),
        // Another connection may lead to the primary.
        false => Err(Fault::Lost("accepts no writes: it is a standby, or default_transaction_read_only is on".into())),
    }
}

pub(super) fn account_of(connection: &mut AnyConnection, phone: &str) -> Result<Option<AccountSummary>, Fault> {
    let account = users::table.filter(users::phone.eq(phone)).select((
        users::id,
        users::credentials_version,
        users::phone_proven_at,
        users::last_login_at,
    ));
    let found: Option<(String, i64, NaiveDateTime, Option<NaiveDateTime>)> =
        on_engine!(connection, engine => account.get_result(engine))
            .optional()
            .map_err(|error| Fault::new(connection, &error))?;
    let Some((user, credentials, proven_at, signed_in_at)) = found else { return Ok(None) };
    let user = UserId(id(&user, "users.id").map_err(invalid_value)?);
    Ok(Some(AccountSummary {
        version: AccountVersion { user, credentials },
        proven_at: proven_at.and_utc(),
        signed_in_at: signed_in_at.map(|time| time.and_utc()),
    }))
}

pub(super) fn by_phone(connection: &mut AnyConnection, phone: &str) -> Result<Option<Account>, Fault> {
    let account = users::table.filter(users::phone.eq(phone));
    let found = on_engine!(connection, engine => {
        account.select((UserRow::as_select(), users::password_hash)).get_result(engine)
    })
    .optional()
    .map_err(|error| Fault::new(connection, &error))?;
    let Some((row, hash)): Option<(UserRow, Option<String>)> = found else { return Ok(None) };
    Ok(Some(Account { user: user(row)?, password_hash: hash.map(PasswordHash::new) }))
}

/// Reads the account of a phone, then its devices. Without an account, the second statement is the same and finds none:
/// the time does not say whether the phone has an account.
pub(super) fn by_phone_and_device(
    connection: &mut AnyConnection,
    phone: &str,
    device: DeviceId,
    now: NaiveDateTime,
) -> Result<AccountOnDevice, Fault> {
    let account = by_phone(connection, phone)?;
    let user = account.as_ref().map(|account| text(account.user.id.0)).unwrap_or_default();
    let known = known_devices::of(connection, &user, now)?.into_iter().find(|known| known.id == device);
    Ok(AccountOnDevice { account, known })
}

pub(super) fn password_hash(connection: &mut AnyConnection, user: &str) -> Result<Option<PasswordHash>, Fault> {
    let hash: Option<Option<String>> = users::table
        .filter(users::id.eq(user))
        .select(users::password_hash)
        .get_result(connection)
        .optional()
        .map_err(|error| Fault::new(connection, &error))?;
    Ok(hash.flatten().map(PasswordHash::new))
}

/// Updates the profile. A retry is idempotent.
pub(super) fn change_profile(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    change: &ProfileRow,
    now: NaiveDateTime,
) -> Result<Option<User>, Fault> {
    let rows = diesel::update(users::table.filter(holds(by, now)))
        .set(change)
        .returning(user_columns())
        .prepared()
        .get_results::<UserRow>(connection)
        .map_err(|error| Fault::new(connection, &error))?;
    returned(rows).map(user).transpose()
}

/// Updates the user's row first, then the sessions. A concurrent sign-in has either stored its session before, which
/// the second statement revokes, or it waits for the row and then finds another hash.
pub(super) fn change_password(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    proof: &Proof,
    hash: &str,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<Option<Renewed>, Fault> {
    let row: Option<RenewedRow> = transaction(connection, deadline, |connection| {
        let user = users::table.filter(holds(by, now)).filter(is_valid(proof));
        let password = new_password(hash, now);
        // `None` leaves the column as it is.
        let reset_at = matches!(proof, Proof::Code { .. }).then(|| users::password_reset_at.eq(now));
        if diesel::update(user)
            .set((password, reset_at, proven(proof, now)))
            .returning(users::id)
            .prepared()
            .count(connection)?
            == 0
        {
            return Err(Rollback::Rejected);
        }
        revoke_all(connection, &by.user, Some(&by.session), now)?;
        forget_devices(connection, &by.user, None, Some(&by.session))?;
        let session = sessions::table.filter(sessions::id.eq(&by.session)).filter(sessions::user_id.eq(&by.user));
        let next = sessions::generation + i64::from(Generation::RENEWAL);
        // Tokens of the generations before are neither refreshed nor taken for copies.
        let renewed = diesel::update(session)
            .set((
                sessions::generation.eq(next),
                sessions::first_generation.eq(next),
                sessions::replays.eq(0),
                // The new token is unused.
                sessions::rotated_at.eq(None::<NaiveDateTime>),
                sessions::last_used_at.eq(now),
            ))
            .returning((sessions::generation, sessions::expires_at, sessions::jkt.is_not_null(), sessions::client_id))
            .prepared()
            .get_result(connection)?;
        Ok(renewed)
    })?;
    row.map(renewed).transpose()
}

/// Replaces the password and revokes all sessions, in the order of [`change_password`].
pub(super) fn reset_password(
    connection: &mut AnyConnection,
    id: &str,
    proof: &Proof,
    hash: &str,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<bool, Fault> {
    let changed = transaction(connection, deadline, |connection| {
        let user = users::table.filter(users::id.eq(id)).filter(is_valid(proof));
        let columns = (new_password(hash, now), users::password_reset_at.eq(now), proven(proof, now));
        if diesel::update(user).set(columns).returning(users::id).prepared().count(connection)? == 0 {
            return Err(Rollback::Rejected);
        }
        pending::use_up(connection, id, proof.uses())?;
        revoke_all(connection, id, None, now)?;
        forget_devices(connection, id, None, None)?;
        Ok(())
    })?;
    Ok(changed.is_some())
}

/// Renews the credentials version, so that all tickets end, and revokes all sessions.
pub(super) fn end_sessions(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<bool, Fault> {
    let ended = transaction(connection, deadline, |connection| {
        let renewed = users::credentials_version.eq(users::credentials_version + 1);
        if diesel::update(users::table.filter(holds(by, now)))
            .set(renewed)
            .returning(users::id)
            .prepared()
            .count(connection)?
            == 0
        {
            return Err(Rollback::Rejected);
        }
        revoke_all(connection, &by.user, None, now)?;
        forget_devices(connection, &by.user, None, None)?;
        Ok(())
    })?;
    Ok(ended.is_some())
}

/// Updates the phone in a transaction, although it may be one statement: if the connection is lost at COMMIT, a retry
/// would no longer find the old phone. Nothing is left of an earlier detachment.
pub(super) fn change_phone(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    change: &NumberChange,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<PhoneChange, Fault> {
    let mut refused = PhoneChange::Changed;
    let changed = transaction(connection, deadline, |connection| {
        if let Some(detach) = &change.detach {
            lock_both(connection, [&by.user, &text(detach.account.user.0)])?;
            detach_in(connection, detach, now)?;
        }
        let from = change.from.as_ref().map(Phone::e164);
        let updated = diesel::update(users::table.filter(holds(by, now)).filter(has_phone(from)))
            .set((
                users::phone.eq(change.to.e164()),
                users::phone_proven_at.eq(now),
                users::former_phone.eq(None::<String>),
                users::detached_at.eq(None::<NaiveDateTime>),
                users::deletes_at.eq(None::<NaiveDateTime>),
                users::credentials_version.eq(users::credentials_version + 1),
                users::updated_at.eq(now),
            ))
            .returning(user_columns())
            .prepared()
            .get_result::<UserRow>(connection)
            .optional();
        refused = match &updated {
            Ok(Some(_)) => PhoneChange::Changed,
            Ok(None) => PhoneChange::Gone,
            Err(_) => PhoneChange::Taken,
        };
        let row = updated.map_err(reject_if_taken)?.ok_or(Rollback::Rejected)?;
        pending::use_up(connection, &by.user, change.uses)?;
        Ok(row)
    })?;
    match changed {
        Some(row) => user(row).map(PhoneChange::Done),
        None => Ok(refused),
    }
}

/// Records the proof of the phone. A retry is idempotent.
pub(super) fn confirm_phone(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    phone: &str,
    now: NaiveDateTime,
) -> Result<Option<User>, Fault> {
    let rows = diesel::update(users::table.filter(holds(by, now)).filter(has_phone(Some(phone))))
        .set(users::phone_proven_at.eq(now))
        .returning(user_columns())
        .prepared()
        .get_results::<UserRow>(connection)
        .map_err(|error| Fault::new(connection, &error))?;
    returned(rows).map(user).transpose()
}

/// Deletes the user, and their sessions and consents by `ON DELETE CASCADE`.
pub(super) fn delete(
    connection: &mut AnyConnection,
    id: &str,
    proof: &Proof,
    by: Option<&AuthorityRow>,
    now: NaiveDateTime,
    deadline: Instant,
) -> Result<bool, Fault> {
    let deleted = transaction(connection, deadline, |connection| {
        if proof.uses().is_some() {
            // The act would be deleted with the user.
            lock(connection, Box::new(users::id.eq(id)))?;
            pending::use_up(connection, id, proof.uses())?;
        }
        let user = users::table.filter(users::id.eq(id)).filter(is_valid(proof));
        let deleted = match by {
            Some(by) => diesel::delete(user.filter(holds(by, now))).execute(connection)?,
            None => diesel::delete(user).execute(connection)?,
        };
        if deleted == 0 { Err(Rollback::Rejected) } else { Ok(()) }
    })?;
    Ok(deleted.is_some())
}

/// Locks the rows of two users. The order of the ids keeps two transactions from waiting for each other.
fn lock_both(connection: &mut AnyConnection, mut ids: [&str; 2]) -> QueryResult<()> {
    ids.sort_unstable();
    for id in ids {
        lock(connection, Box::new(users::id.eq(id)))?;
    }
    Ok(())
}

/// Returns the columns of a new password.
#[auto_type]
fn new_password<'a>(hash: &'a str, now: NaiveDateTime) -> _ {
    (
        users::password_hash.eq(hash),
        users::password_changed_at.eq(now),
        users::credentials_version.eq(users::credentials_version + 1_i64),
        users::updated_at.eq(now),
    )
}

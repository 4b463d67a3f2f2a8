//! Queries for consents: a record that only grows, and a column of the user's row that lists its documents. A request
//! reads the column with the user, so that it needs no further statement.

use super::conditions::{holds, user, user_columns};
use super::engine::{AnyConnection, on_engine};
use super::fault::Fault;
use super::prepared::Prepare as _;
use super::rows::{AuthorityRow, ConsentRow, UserRow, stored};
use super::schema::{consents, users};
use super::transaction::{Rollback, transaction};
use crate::domain::consent::{Consent, LegalDocument};
use crate::domain::user::User;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};
use std::time::Instant;

/// Inserts all rows with one statement; without a row, no statement is sent. diesel has no statement with many rows for
/// both engines.
pub(super) fn insert(connection: &mut AnyConnection, rows: &[ConsentRow]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let insert = diesel::insert_into(consents::table).values(rows);
    on_engine!(connection, engine => insert.execute(engine)).map(drop)
}

/// Locks the user's row first, by an update that changes nothing. Of two concurrent calls, the second one then sees the
/// documents of the first one.
pub(super) fn accept(
    connection: &mut AnyConnection,
    by: &AuthorityRow,
    consent: &Consent,
    deadline: Instant,
) -> Result<Option<User>, Fault> {
    let now = stored(consent.at);
    let accepted = transaction(connection, deadline, |connection| {
        let same = users::credentials_version.eq(users::credentials_version);
        let locked: Option<UserRow> = diesel::update(users::table.filter(holds(by, now)))
            .set(same)
            .returning(user_columns())
            .prepared()
            .get_result(connection)
            .optional()?;
        let row = locked.ok_or(Rollback::Rejected)?;
        // An invalid list would have refused the request before, with the user.
        let mut documents = LegalDocument::list_from_stored(&row.accepted_documents).unwrap_or_default();
        let mut added = consent.clone();
        added.documents.retain(|document| !documents.contains(document));
        if added.documents.is_empty() {
            return Ok(row);
        }
        insert(connection, &ConsentRow::all(&by.user, &added))?;
        documents.append(&mut added.documents);
        diesel::update(users::table.filter(users::id.eq(&by.user)))
            .set((users::accepted_documents.eq(LegalDocument::list_text(&documents)), users::updated_at.eq(now)))
            .returning(user_columns())
            .prepared()
            .get_result(connection)
            .map_err(Rollback::from)
    })?;
    accepted.map(user).transpose()
}

//! Requirements of a PostgreSQL database. Each problem is one sentence for the operator.

use super::engine::AnyConnection;
use super::fault::{Fault, unavailable};
use diesel::sql_types::{Bool, Nullable, Text};
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};

/// Tables of which the role needs all rows and all kinds of change.
const MISSING_GRANTS: &str = "SELECT string_agg(privilege || ' ON ' || name, ', ') AS text \
    FROM (VALUES ('users'), ('sessions'), ('consents'), ('pending_acts')) AS tables (name), \
    (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS privileges (privilege) \
    WHERE NOT has_table_privilege(name, privilege)";

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Bool)]
    is_read_only: bool,
}

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Text>)]
    schema: Option<String>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Nullable<Text>)]
    text: Option<String>,
}

/// Returns why neither a migration nor a sign-up can succeed.
pub(super) fn server_problem(connection: &mut PgConnection) -> QueryResult<Option<String>> {
    let query = "SELECT current_setting('server_encoding') AS encoding, \
        current_setting('transaction_read_only') = 'on' AS is_read_only";
    let Server { encoding, is_read_only } = sql_query(query).get_result(connection)?;
    Ok(if encoding != "UTF8" {
        Some(format!(
            "the database has the encoding {encoding}, and names need UTF8: create it with ENCODING 'UTF8' TEMPLATE \
            template0"
        ))
    } else if is_read_only {
        Some("the database is read-only: the server is a standby, or default_transaction_read_only is on".to_owned())
    } else {
        None
    })
}

/// Returns why the role cannot migrate, after the server has denied it.
pub(super) fn missing_ownership(connection: &mut PgConnection) -> QueryResult<String> {
    let query = "SELECT current_user::text AS role, current_schema()::text AS schema";
    let Role { role, schema } = sql_query(query).get_result(connection)?;
    let schema = schema.unwrap_or_else(|| "public".to_owned());
    Ok(format!(
        "the role {role} must own the tables and have CREATE on the schema {schema}: migrate with the owner's role \
        (docs/operations.md, Roles and grants)"
    ))
}

/// Fails if the database cannot be used, or the role lacks a privilege.
pub(super) fn check(connection: &mut AnyConnection) -> Result<(), Fault> {
    let AnyConnection::Postgres(postgres) = connection else { return Ok(()) };
    match problem(postgres) {
        Ok(None) => Ok(()),
        Ok(Some(problem)) => Err(unavailable(problem).into()),
        Err(error) => Err(Fault::new(connection, &error)),
    }
}

fn problem(connection: &mut PgConnection) -> QueryResult<Option<String>> {
    if let Some(problem) = server_problem(connection)? {
        return Ok(Some(problem));
    }
    let missing: Found = sql_query(MISSING_GRANTS).get_result(connection)?;
    Ok(missing.text.map(|grants| format!("the role lacks {grants} (docs/operations.md, Roles and grants)")))
}

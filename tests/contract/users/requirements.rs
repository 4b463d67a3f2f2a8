//! Requirements of PostgreSQL: encoding, writes, ownership and grants. Each lack is one sentence.

use super::store::{Store, code_proof, new_user, now, open, postgres_store};
use doorstep::adapters::database::migrate;
use doorstep::ports::{Created, Users};
use url::Url;

/// Statements of docs/operations.md for the role of the application.
const GRANTS: &str = "GRANT SELECT, INSERT, UPDATE, DELETE ON users, sessions, consents, pending_acts TO application; \
    GRANT SELECT ON __diesel_schema_migrations TO application";

fn name(store: &Store) -> String {
    store.text("SELECT current_database()::text AS value")
}

fn with_path(url: &str, database: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    url.set_path(database);
    url.into()
}

/// Creates a role, replaces its name in the statements, and returns the URL for it.
fn with_role(store: &Store, statements: &str) -> String {
    let role = format!("application_{}", name(store));
    store.execute(&format!("CREATE ROLE {role} LOGIN; {}", statements.replace("application", &role)));
    let mut url = Url::parse(&store.url).unwrap();
    url.set_username(&role).unwrap();
    url.into()
}

#[tokio::test]
async fn an_encoding_without_all_letters_is_refused() {
    let store = postgres_store();
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let other = format!("{}_{}", name(&store), encoding.to_lowercase());
        store.execute(&format!("CREATE DATABASE {other} ENCODING '{encoding}' TEMPLATE template0"));
        let error = migrate::run(&with_path(&store.url, &other)).unwrap_err().to_string();
        assert!(error.contains(&format!("the database has the encoding {encoding}")), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn a_read_only_database_is_refused() {
    let store = postgres_store();
    store.execute(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", name(&store)));
    let error = migrate::run(&store.url).unwrap_err().to_string();
    assert!(error.contains("the database is read-only"), "{error}");
    let error = store.database.pending().await.unwrap_err().to_string();
    assert!(error.contains("the database is read-only"), "{error}");
}

#[tokio::test]
async fn the_documented_grants_are_enough_for_the_application() {
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let documented = documented.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(GRANTS.split("; ").all(|grant| documented.contains(grant)));

    let store = postgres_store();
    let url = with_role(&store, GRANTS);
    let (database, (user, session)) = (open(&url), new_user("+8613800138000", 1));
    assert_eq!(database.pending().await.unwrap(), [""; 0]);
    assert_eq!(migrate::run(&url).unwrap(), [""; 0], "nothing to do needs no ownership");
    assert_eq!(database.create(&user, &session).await.unwrap(), Created::Yes);
    assert!(database.delete(user.id, &code_proof(&user), None, now()).await.unwrap());
    assert_eq!(store.count("sessions"), 0);
}

#[tokio::test]
async fn a_missing_grant_is_named() {
    let store = postgres_store();
    let database = open(&with_role(&store, &format!("{GRANTS}; REVOKE UPDATE ON sessions FROM application")));
    let error = database.pending().await.unwrap_err().to_string();
    assert!(error.contains("the role lacks UPDATE ON sessions"), "{error}");

    let store = postgres_store();
    let database = open(&with_role(&store, ""));
    let error = database.pending().await.unwrap_err().to_string();
    assert!(error.contains("42501") && error.contains("grants"), "not \"not migrated\": {error}");
}

#[tokio::test]
async fn a_role_that_cannot_migrate_says_so() {
    let store = postgres_store();
    store.execute("DELETE FROM __diesel_schema_migrations");
    let url = with_role(&store, &format!("{GRANTS}; GRANT INSERT ON __diesel_schema_migrations TO application"));
    let error = migrate::run(&url).unwrap_err().to_string();
    let role =
        format!("the role application_{} must own the tables and have CREATE on the schema public", name(&store));
    assert!(error.contains(&role), "{error}");
}

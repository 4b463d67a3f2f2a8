//! Faults of a database that pass: every request gets 503 with `Retry-After`, and succeeds afterwards.

use crate::client::{Client, Response};
use crate::databases::empty_database;
use crate::doorstep::Folder;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

const PHONE: &str = "+8613800138000";

fn assert_passes(response: &Response) {
    assert_eq!(
        (response.status, response.body["code"].as_str()),
        (503, Some("dependency_unavailable")),
        "{response:?}"
    );
    assert!(response.retry_after.is_some(), "{response:?}");
}

/// The messages of the server are Chinese.
#[actix_web::test]
async fn a_row_that_is_locked_for_longer_than_the_statement_timeout_is_503() {
    let (folder, database) = (Folder::new(), empty_database());
    let vars = [("DATABASE_URL", database.as_str()), ("MIGRATE_ON_START", "true")];
    let (_doorstep, client) = folder.serve(&vars).await;
    let token = client.sign_up(&folder, PHONE).await.field("access_token");
    let mut other = PgConnection::establish(&database).unwrap();
    other.batch_execute("BEGIN; SELECT 1 FROM users FOR UPDATE").unwrap();
    assert_passes(&client.rename(&token).await);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(client.rename(&token).await.status, 200);
}

#[actix_web::test]
async fn a_full_disk_under_sqlite_is_503_for_writes_only() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["migrate"], &[]).status, Some(0));
    let doorstep = folder.start_with_file_limit(300, &[]);
    let client = Client::new(&doorstep.url());
    client.wait_for_readiness("ready").await;
    let token = client.sign_up(&folder, PHONE).await.field("access_token");
    let mut renamed = client.rename(&token).await;
    for _ in 0..200 {
        if renamed.status != 200 {
            break;
        }
        renamed = client.rename(&token).await;
    }
    assert_passes(&renamed);
    assert_eq!(client.me(&token).await.status, 200);
    doorstep.line("may be full");
}

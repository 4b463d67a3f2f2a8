//! Faults of a database that pass: every request gets 503 with `Retry-After`, and succeeds afterwards.

use crate::client::{Client, PASSWORD, Response};
use crate::databases::empty_database;
use crate::doorstep::Folder;
use crate::support::redis::OwnRedis;
use crate::support::tcp_proxy::TcpProxy;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use reqwest::Method;
use serde_json::json;
use url::Url;

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

/// A replica that stores the account cannot answer, and dies. The client sends the last step to another one.
#[actix_web::test]
async fn a_sign_up_goes_on_after_the_replica_that_stored_it_has_died() {
    let (folder, redis, database) = (Folder::new(), OwnRedis::new(), empty_database());
    let mut url = Url::parse(&database).unwrap();
    let proxy = TcpProxy::start(url.port().unwrap());
    url.set_port(Some(proxy.port())).unwrap();
    let ([jwt_keys, secret_key], redis_url) = (folder.keygen(), redis.url());
    let of_both = [("REDIS_URL", redis_url.as_str()), ("JWT_KEYS", &jwt_keys), ("SECRET_KEY", &secret_key)];
    let vars = |database| [&of_both[..], &[("DATABASE_URL", database), ("MIGRATE_ON_START", "true")]].concat();
    let (doorstep, client) = folder.serve(&vars(url.as_str())).await;
    let (_other, other) = folder.serve(&vars(&database)).await;

    let ticket = client.send_code(PHONE).await.field("ticket");
    let verified = json!({"ticket": ticket, "code": folder.last_code()});
    assert_eq!(client.post("/v1/register/verify-code", verified).await.status, 200);
    let password = json!({"ticket": ticket, "password": PASSWORD});
    assert_eq!(client.post("/v1/register/set-password", password).await.status, 200);
    proxy.lose_answer_to("COMMIT");
    proxy.refuse_connections(true);
    let profile = json!({"ticket": ticket, "nickname": "小明"});
    assert_passes(&client.post("/v1/register/submit-profile", profile.clone()).await);
    doorstep.signal("KILL");

    let done = other.post("/v1/register/submit-profile", profile.clone()).await;
    assert_eq!(done.status, 201, "{done:?}");
    assert_eq!(other.me(&done.field("access_token")).await.body["id"], done.body["user"]["id"]);
    let sessions = other.request(Method::GET, "/v1/sessions").bearer_auth(done.field("access_token"));
    assert_eq!(other.send(sessions).await.body["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(other.post("/v1/register/submit-profile", profile).await.body["code"], "ticket_expired");
}

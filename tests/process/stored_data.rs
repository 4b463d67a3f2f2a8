//! Contents of Redis and PostgreSQL: no secrets, and a flow only while its message can still arrive.

use crate::client::{Client, PASSWORD};
use crate::databases::empty_database;
use crate::doorstep::Folder;
use crate::slow_provider::TestServer;
use crate::support::cloopen::Behaviour;
use crate::support::redis;
use deadpool_redis::redis::cmd;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, RunQueryDsl};
use serde_json::json;

const PHONE: &str = "+8613800138000";

/// Returns every key with its complete value, one per line.
fn all_of_redis(url: &str) -> Vec<String> {
    let mut redis = redis::connection(url);
    let keys: Vec<String> = cmd("KEYS").arg("*").query(&mut redis).unwrap();
    let mut content = |key: String| {
        let kind: String = cmd("TYPE").arg(&key).query(&mut redis).unwrap();
        let content: Vec<String> = match kind.as_str() {
            "hash" => cmd("HGETALL").arg(&key).query(&mut redis).unwrap(),
            "string" => vec![cmd("GET").arg(&key).query(&mut redis).unwrap()],
            _ => panic!("{key} is a {kind}"),
        };
        format!("{key} {}", content.join(" "))
    };
    keys.into_iter().map(&mut content).collect()
}

/// Returns every row of all tables as text.
fn all_of_postgres(url: &str) -> Vec<String> {
    let rows = "SELECT users::text FROM users UNION ALL SELECT sessions::text FROM sessions UNION ALL \
                SELECT consents::text FROM consents";
    sql::<Text>(rows).load(&mut PgConnection::establish(url).unwrap()).unwrap()
}

#[track_caller]
fn assert_contains(content: &[String], expected: &str, secrets: &[&str]) {
    let content = content.join("\n");
    assert!(content.contains(expected), "no {expected} in {content}");
    for secret in secrets {
        assert!(!content.contains(secret), "{secret} in {content}");
    }
}

/// Mistake 14 in docs/mistakes.md: passwords in plain text. Codes and tickets open a flow and are not stored either.
#[actix_web::test]
async fn redis_and_postgresql_contain_no_password_code_ticket_or_token() {
    let (folder, redis_url, database_url) = (Folder::new(), redis::url(), empty_database());
    let vars = [("REDIS_URL", redis_url.as_str()), ("DATABASE_URL", &database_url), ("MIGRATE_ON_START", "true")];
    let (_doorstep, client): (_, Client) = folder.serve(&vars).await;
    let ticket = client.send_code(PHONE).await.field("ticket");
    let code = folder.last_code();
    assert_contains(&all_of_redis(&redis_url), "code_sent", &[&ticket, &ticket[22..], &code]);
    client.post("/v1/register/verify-code", json!({"ticket": ticket, "code": code})).await;
    client.post("/v1/register/set-password", json!({"ticket": ticket, "password": PASSWORD})).await;
    assert_contains(&all_of_redis(&redis_url), "$argon2id$v=19$m=19456,t=2,p=1$", &[&ticket, PASSWORD, &code]);
    let profile = json!({"ticket": ticket, "nickname": "小明"});
    let signed_in = client.post("/v1/register/submit-profile", profile).await;
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| signed_in.field(name));
    let signature = refresh.rsplit('.').next().unwrap();
    let rows = all_of_postgres(&database_url);
    assert_contains(&rows, "$argon2id$v=19$m=19456,t=2,p=1$", &[PASSWORD, &access, signature]);
    let remaining = all_of_redis(&redis_url);
    assert!(!remaining.iter().any(|line| line.starts_with("flow:") || line.contains("argon2")), "{remaining:?}");
}

/// Mistake 6 in docs/mistakes.md: a message sent before its code is stored, or counted although it failed.
#[actix_web::test]
async fn a_flow_is_stored_before_its_message_is_sent_and_deleted_if_the_message_fails() {
    let redis_url = redis::url();
    let mut server = TestServer::new(&[("REDIS_URL", &redis_url)]).await;
    server.sms.behave(Behaviour::Refuse("160032"));
    let client = server.client.clone();
    let request = actix_web::rt::spawn(async move { client.send_code(PHONE).await });
    server.wait_for_provider_request().await;
    let is_stored = |name: &str| all_of_redis(&redis_url).iter().any(|line| line.contains(name));
    assert!(is_stored("flow:") && is_stored(":phone-cooldown"), "{:?}", all_of_redis(&redis_url));
    assert_eq!(redis::without_expiry(&redis_url), Vec::<String>::new());
    server.release_provider();
    let response = request.await.unwrap();
    assert_eq!(response.body["code"], "sms_delivery_failed", "{response:?}");
    assert!(!is_stored("flow:") && !is_stored(":phone-cooldown"), "{:?}", all_of_redis(&redis_url));
}

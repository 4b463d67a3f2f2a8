//! What a thief would find in Redis and PostgreSQL, and when it gets there.

use crate::client::{Client, PASSWORD};
use crate::doorstep::Folder;
use crate::gate::TestServer;
use crate::servers::empty_database;
use crate::support::cloopen::Behaviour;
use crate::support::redis;
use deadpool_redis::redis::cmd;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, RunQueryDsl};
use serde_json::json;

const PHONE: &str = "+8613800138000";

/// Every key with all that is in it, one a line.
fn everything_in_redis(url: &str) -> Vec<String> {
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

fn everything_in_postgres(url: &str) -> Vec<String> {
    let rows = "SELECT users::text FROM users UNION ALL SELECT sessions::text FROM sessions";
    sql::<Text>(rows).load(&mut PgConnection::establish(url).unwrap()).unwrap()
}

#[track_caller]
fn assert_holds(everything: &[String], wanted: &str, secrets: &[&str]) {
    let everything = everything.join("\n");
    assert!(everything.contains(wanted), "no {wanted} in {everything}");
    for secret in secrets {
        assert!(!everything.contains(secret), "{secret} in {everything}");
    }
}

/// Mistake 14 of the earlier systems: passwords in plain text. Codes and tickets open a flow, so they are not there either.
#[actix_web::test]
async fn neither_store_holds_what_opens_an_account() {
    let (folder, redis_url, database_url) = (Folder::new(), redis::url(), empty_database());
    let vars = [("REDIS_URL", redis_url.as_str()), ("DATABASE_URL", &database_url), ("MIGRATE_ON_START", "true")];
    let (_doorstep, client): (_, Client) = folder.serve(&vars).await;
    let ticket = client.send_code(PHONE).await.field("ticket");
    let code = folder.last_code();
    assert_holds(&everything_in_redis(&redis_url), "code_sent", &[&ticket, &ticket[22..], &code]);
    client.post("/v1/register/verify-code", json!({"ticket": ticket, "code": code})).await;
    client.post("/v1/register/set-password", json!({"ticket": ticket, "password": PASSWORD})).await;
    assert_holds(&everything_in_redis(&redis_url), "$argon2id$v=19$m=19456,t=2,p=1$", &[&ticket, PASSWORD, &code]);
    let profile = json!({"ticket": ticket, "nickname": "小明"});
    let signed_in = client.post("/v1/register/submit-profile", profile).await;
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| signed_in.field(name));
    let signature = refresh.rsplit('.').next().unwrap();
    let everything = everything_in_postgres(&database_url);
    assert_holds(&everything, "$argon2id$v=19$m=19456,t=2,p=1$", &[PASSWORD, &access, signature]);
    let left = everything_in_redis(&redis_url);
    assert!(!left.iter().any(|line| line.starts_with("flow:") || line.contains("argon2")), "{left:?}");
}

/// Mistake 6: messages went out before their code was stored, or were counted although they failed.
#[actix_web::test]
async fn a_flow_is_stored_before_its_message_goes_out_and_gone_if_that_fails() {
    let redis_url = redis::url();
    let mut server = TestServer::new(&[("REDIS_URL", &redis_url)]).await;
    server.sms.behave(Behaviour::Refuse("160040"));
    let client = server.client.clone();
    let request = actix_web::rt::spawn(async move { client.send_code(PHONE).await });
    server.provider_is_asked().await;
    let reserved = |name: &str| everything_in_redis(&redis_url).iter().any(|line| line.contains(name));
    assert!(reserved("flow:") && reserved(":cooldown"), "{:?}", everything_in_redis(&redis_url));
    assert_eq!(redis::without_expiry(&redis_url), Vec::<String>::new());
    server.open_gate();
    let answer = request.await.unwrap();
    assert_eq!(answer.body["code"], "sms_delivery_failed", "{answer:?}");
    assert!(!reserved("flow:") && !reserved(":cooldown"), "{:?}", everything_in_redis(&redis_url));
}

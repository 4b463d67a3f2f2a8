//! Requests of existing accounts while the database or Redis is down: the service returns an error and uses up nothing,
//! and the same request succeeds afterwards.

use crate::support::cloopen::Behaviour;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::{self, OwnRedis};
use crate::test_server::{BackEnds, PASSWORD, TestServer, fresh_phone};
use crate::users::{TestUser, join_all, wait_until};
use deadpool_redis::redis::cmd;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NEW_PASSWORD: &str = "staple battery horse";

struct Attempt {
    method: Method,
    path: &'static str,
    user: Option<TestUser>,
    body: Value,
    success: u16,
}

impl Attempt {
    async fn send(&self, server: &TestServer) -> crate::test_server::Response {
        match &self.user {
            Some(user) => server.call(self.method.clone(), self.path, &user.access_token, self.body.clone()).await,
            None => server.post(self.path, self.body.clone()).await,
        }
    }
}

/// Prepares one request of each kind that writes to the database.
async fn attempts(server: &TestServer) -> Vec<Attempt> {
    let users = server.create_owners(9).await;
    let phone = |at: usize| users[at].phone.clone();
    let (login, login_code) = server.ticket_and_code("login", &phone(1)).await;
    let (reset, reset_code) = server.ticket_and_code("password-reset", &phone(2)).await;
    server
        .post("/v1/password-reset/verify-code", json!({"ticket": reset, "code": reset_code}))
        .await
        .assert_status(200);
    let (deletion, deletion_code) = server.ticket_and_code("account-deletion", &phone(3)).await;
    let new = fresh_phone();
    let change = json!({"phone_number": new, "current_password": PASSWORD});
    let change =
        server.call(Method::POST, "/v1/me/phone/send-code", &users[4].access_token, change).await.text("ticket");
    let new_code = server.sms.code_for(&new).unwrap();
    let refresh = users[5].refresh_token.clone();
    let passwords = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let log_in = json!({"phone_number": phone(0), "password": PASSWORD});
    let mut users: Vec<_> = users.into_iter().map(Some).collect();
    let post = |path, body, success| Attempt { method: Method::POST, path, user: None, body, success };
    let mut with_session = |at: usize, method, path, body, success| {
        let user = users[at].take();
        Attempt { method, path, user, body, success }
    };
    vec![
        post("/v1/login", log_in, 200),
        post("/v1/login/verify-code", json!({"ticket": login, "code": login_code}), 200),
        post("/v1/password-reset/set-password", json!({"ticket": reset, "password": NEW_PASSWORD}), 204),
        post("/v1/account-deletion/verify-code", json!({"ticket": deletion, "code": deletion_code}), 409),
        post("/v1/token/refresh", json!({"refresh_token": refresh}), 200),
        with_session(4, Method::POST, "/v1/me/phone/verify-code", json!({"ticket": change, "code": new_code}), 200),
        with_session(6, Method::PUT, "/v1/me/password", passwords, 200),
        with_session(7, Method::PATCH, "/v1/me", json!({"nickname": "Zoë"}), 200),
        with_session(8, Method::DELETE, "/v1/me", json!({"password": PASSWORD}), 204),
    ]
}

#[actix_web::test]
async fn every_request_succeeds_after_a_database_outage() {
    let postgres = OwnPostgres::start_new();
    let url = postgres.url("postgres");
    let server = TestServer::with(BackEnds::Real, &[("DATABASE_URL", &url), ("MIGRATE_ON_START", "true")]).await;
    server.wait_until_ready().await;
    let attempts = attempts(&server).await;
    postgres.kill();
    // Four attempts: more than the three wrong passwords without a captcha, and one less than the attempts of a code.
    // All requests run at the same time, because each waits for a connection until its timeout.
    for _ in 0..4 {
        for response in join_all(attempts.iter().map(|attempt| attempt.send(&server))).await {
            response.assert_error(503, "dependency_unavailable");
        }
    }
    postgres.start();
    server.wait_until_ready().await;
    for attempt in &attempts {
        let response = attempt.send(&server).await;
        assert_eq!(response.status.as_u16(), attempt.success, "{}: {response:?}", attempt.path);
    }
}

/// An app that retries every second, as `Retry-After` says, uses up neither the password attempts of its user nor the
/// passwords of a ticket.
#[actix_web::test]
async fn a_long_outage_uses_up_no_attempts() {
    let server = TestServer::new(BackEnds::Real).await;
    let users = server.create_users(2).await;
    let (ticket, code) = server.ticket_and_code("password-reset", &users[1].phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    let reset = json!({"ticket": ticket, "password": NEW_PASSWORD});
    let mut database = server.database();
    // A missing table fails faster than a stopped database, where each request takes seconds.
    database.batch_execute("ALTER TABLE users RENAME TO elsewhere").unwrap();
    for _ in 0..61 {
        server.log_in(&users[0].phone, PASSWORD).await.assert_error(503, "dependency_unavailable");
    }
    for _ in 0..21 {
        let rejected = server.post("/v1/password-reset/set-password", reset.clone()).await;
        rejected.assert_error(503, "dependency_unavailable");
    }
    database.batch_execute("ALTER TABLE elsewhere RENAME TO users").unwrap();
    server.log_in(&users[0].phone, PASSWORD).await.assert_status(200);
    server.post("/v1/password-reset/set-password", reset).await.assert_status(204);
}

/// The confirmation of the database was lost after the commit: the retry finds the new number in place.
#[actix_web::test]
async fn a_committed_phone_change_succeeds_on_retry() {
    let server = TestServer::new(BackEnds::Real).await;
    let user = server.create_user().await;
    let new = fresh_phone();
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    let sent = server.call(Method::POST, "/v1/me/phone/send-code", &user.access_token, body).await;
    sql_query("UPDATE users SET phone = $1").bind::<Text, _>(&new).execute(&mut server.database()).unwrap();
    let body = json!({"ticket": sent.text("ticket"), "code": server.sms.code_for(&new).unwrap()});
    let success = server.call(Method::POST, "/v1/me/phone/verify-code", &user.access_token, body).await;
    success.assert_status(200);
    assert_eq!(success.body["phone_number"], json!(new));
    assert!(server.sms.notices_for(&new).is_empty(), "the new number got a notice about itself");
}

/// Redis does not respond until the timeout, and reserves the resend afterwards. No message follows, so the person does
/// not wait for the cooldown.
#[actix_web::test]
async fn a_resend_whose_reservation_was_lost_starts_no_cooldown() {
    let own = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &own.url())]).await;
    server.wait_until_ready().await;
    let resend = json!({"ticket": server.new_ticket(&fresh_phone()).await});
    redis::advance(&own.url(), Duration::from_secs(60));
    let stopped = redis::stop(&own.url());
    server.post("/v1/register/resend-code", resend.clone()).await.assert_error(503, "dependency_unavailable");
    drop(stopped);
    let start = Instant::now();
    let mut response = server.post("/v1/register/resend-code", resend.clone()).await;
    while response.status != StatusCode::OK {
        assert!(start.elapsed() < Duration::from_secs(10), "{response:?}");
        response = server.post("/v1/register/resend-code", resend.clone()).await;
    }
    assert_eq!(response.body["resend_in"], json!(120), "the lost resend is not counted");
}

/// Sessions do not depend on staging.
#[actix_web::test]
async fn users_stay_signed_in_while_redis_is_down() {
    let mut redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    server.wait_until_ready().await;
    let user = server.create_user().await;
    redis.kill();
    server.me(&user.access_token).await.assert_status(200);
    server.refresh(&user.refresh_token).await.assert_status(200);
    server.call(Method::PATCH, "/v1/me", &user.access_token, json!({"gender": "female"})).await.assert_status(200);
    server.call(Method::GET, "/v1/sessions", &user.access_token, Value::Null).await.assert_status(200);
    // The service cannot count password attempts, so it does not check a password.
    server.log_in(&user.phone, PASSWORD).await.assert_error(503, "dependency_unavailable");
    let body = json!({"password": PASSWORD});
    server.call(Method::DELETE, "/v1/me", &user.access_token, body).await.assert_error(503, "dependency_unavailable");
    server.call(Method::POST, "/v1/logout", &user.access_token, Value::Null).await.assert_status(204);
    redis.start();
    server.wait_until_ready().await;
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}

/// Trial D11: what was not compared is not counted.
#[actix_web::test]
async fn a_login_during_an_outage_of_redis_costs_no_password_attempt() {
    let redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    let user = server.create_user().await;
    // Three wrong passwords need no captcha; the fourth would.
    for _ in 0..4 {
        let stopped = redis::stop(&redis.url());
        server.log_in(&user.phone, PASSWORD).await.assert_error(503, "dependency_unavailable");
        drop(stopped);
        server.wait_until_ready().await;
    }
    let counted = || all_keys(&redis.url()).into_iter().any(|name| name.contains(":wrong-passwords"));
    wait_until("refund", || !counted()).await;
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}

/// Trial D12: a reservation without a message makes nobody wait.
#[actix_web::test]
async fn a_send_during_an_outage_of_redis_leaves_no_cooldown() {
    let redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    server.wait_until_ready().await;
    let user = server.create_user().await;
    let stopped = redis::stop(&redis.url());
    let path = "/v1/me/deletion/send-code";
    let send = async || server.call(Method::POST, path, &user.access_token, json!({})).await;
    send().await.assert_error(503, "dependency_unavailable");
    drop(stopped);
    server.wait_until_ready().await;
    let is_reserved = |name: &String| name.contains("sends-ip:") || name.ends_with(":phone-cooldown");
    let counted = || all_keys(&redis.url()).iter().any(is_reserved);
    wait_until("refund", || !counted()).await;
    send().await.assert_status(200);
}

fn all_keys(url: &str) -> Vec<String> {
    cmd("KEYS").arg("*").query(&mut redis::connection(url)).unwrap()
}

/// The phone change does not depend on the notice to the earlier number.
#[actix_web::test]
async fn a_phone_change_succeeds_if_the_notice_fails() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let user = server.create_owner().await;
    let new = fresh_phone();
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    let sent = server.call(Method::POST, "/v1/me/phone/send-code", &user.access_token, body).await;
    let body = json!({"ticket": sent.text("ticket"), "code": server.sms.code_for(&new).unwrap()});
    let before = server.sms.requests();
    server.sms.behave(Behaviour::Refuse("160032"));
    server.call(Method::POST, "/v1/me/phone/verify-code", &user.access_token, body).await.assert_status(200);
    wait_until("notice", || server.sms.requests() > before).await;
    assert_eq!(server.me(&user.access_token).await.body["phone_number"], json!(new));
}

#[derive(QueryableByName)]
struct StoredUser {
    #[diesel(sql_type = Text)]
    password_hash: String,
    #[diesel(sql_type = Text)]
    last_login_at: String,
}

fn stored_user(database: &mut PgConnection, phone: &str) -> StoredUser {
    let query = "SELECT password_hash, last_login_at::text FROM users WHERE phone = $1";
    sql_query(query).bind::<Text, _>(phone).get_result(database).unwrap()
}

/// Users keep their passwords when an operator raises the cost.
#[actix_web::test]
async fn a_login_updates_the_hash_to_the_configured_cost() {
    let mut server = TestServer::with(BackEnds::Real, &[("HASH_PASSES", "2")]).await;
    let user = server.create_user().await;
    let mut database = server.database();
    let before = stored_user(&mut database, &user.phone);
    assert!(before.password_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    server.vars.push(("HASH_PASSES".to_owned(), "3".to_owned()));
    server.url = server.serve().await;
    server.advance(Duration::from_secs(10));
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_error(401, "credentials_invalid");
    assert_eq!(
        stored_user(&mut database, &user.phone).password_hash,
        before.password_hash,
        "a wrong password changed the hash"
    );
    assert_eq!(stored_user(&mut database, &user.phone).last_login_at, before.last_login_at);
    // Two logins at the same time: the one that finds a changed hash reads it again.
    for response in join_all((0..2).map(|_| server.log_in(&user.phone, PASSWORD))).await {
        response.assert_status(200);
    }
    let after = stored_user(&mut database, &user.phone);
    assert!(after.password_hash.starts_with("$argon2id$v=19$m=19456,t=3,p=1$"));
    assert!(after.last_login_at > before.last_login_at);
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
    assert_eq!(stored_user(&mut database, &user.phone).password_hash, after.password_hash, "the hash changed again");
}

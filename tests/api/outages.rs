//! The flows of people with an account, while the database or Redis is down: a clear answer, nothing used up, and the same
//! request succeeds when it is back.

use crate::people::{Person, at_once, until};
use crate::support::cloopen::Behaviour;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::OwnRedis;
use crate::test_server::{BackEnds, PASSWORD, TestServer, fresh_phone};
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "staple battery horse";

struct Attempt {
    method: Method,
    path: &'static str,
    person: Option<Person>,
    body: Value,
    done: u16,
}

impl Attempt {
    async fn make(&self, server: &TestServer) -> crate::test_server::Answer {
        match &self.person {
            Some(person) => server.call(self.method.clone(), self.path, &person.access, self.body.clone()).await,
            None => server.post(self.path, self.body.clone()).await,
        }
    }
}

/// One request of each kind that ends in the database, all but sent.
async fn attempts(server: &TestServer) -> Vec<Attempt> {
    let people = server.people(9).await;
    let phone = |at: usize| people[at].phone.clone();
    let (login, login_code) = server.ticket_for("login", &phone(1)).await;
    let (reset, reset_code) = server.ticket_for("password-reset", &phone(2)).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": reset, "code": reset_code})).await.assert_done(200);
    let (deletion, deletion_code) = server.ticket_for("account-deletion", &phone(3)).await;
    let new = fresh_phone();
    let change = json!({"phone_number": new, "current_password": PASSWORD});
    let change = server.call(Method::POST, "/v1/me/phone/send-code", &people[4].access, change).await.text("ticket");
    let new_code = server.sms.code_for(&new).unwrap();
    let refresh = people[5].refresh.clone();
    let passwords = json!({"current_password": PASSWORD, "new_password": NEW});
    let log_in = json!({"phone_number": phone(0), "password": PASSWORD});
    let mut people: Vec<_> = people.into_iter().map(Some).collect();
    let post = |path, body, done| Attempt { method: Method::POST, path, person: None, body, done };
    let mut by = |at: usize, method, path, body, done| {
        let person = people[at].take();
        Attempt { method, path, person, body, done }
    };
    vec![
        post("/v1/login", log_in, 200),
        post("/v1/login/verify-code", json!({"ticket": login, "code": login_code}), 200),
        post("/v1/password-reset/set-password", json!({"ticket": reset, "password": NEW}), 204),
        post("/v1/account-deletion/verify-code", json!({"ticket": deletion, "code": deletion_code}), 204),
        post("/v1/token/refresh", json!({"refresh_token": refresh}), 200),
        by(4, Method::POST, "/v1/me/phone/verify-code", json!({"ticket": change, "code": new_code}), 200),
        by(6, Method::PUT, "/v1/me/password", passwords, 204),
        by(7, Method::PATCH, "/v1/me", json!({"nickname": "Zoë"}), 200),
        by(8, Method::DELETE, "/v1/me", json!({"password": PASSWORD}), 204),
    ]
}

#[actix_web::test]
async fn a_database_that_was_down_has_cost_nobody_anything() {
    let postgres = OwnPostgres::start_new();
    let url = postgres.url("postgres");
    let server = TestServer::with(BackEnds::Real, &[("DATABASE_URL", &url), ("MIGRATE_ON_START", "true")]).await;
    server.wait_until_ready().await;
    let attempts = attempts(&server).await;
    postgres.kill();
    // More often than a password may be wrong without a captcha, and nearly as often as a code. All kinds at once, because
    // each waits for a connection before it gives up.
    for _ in 0..4 {
        for answer in at_once(attempts.iter().map(|attempt| attempt.make(&server))).await {
            answer.assert_refused(503, "dependency_unavailable");
        }
    }
    postgres.start();
    server.wait_until_ready().await;
    for attempt in &attempts {
        let answer = attempt.make(&server).await;
        assert_eq!(answer.status.as_u16(), attempt.done, "{}: {answer:?}", attempt.path);
    }
}

/// An app that comes again every second, as it is told to, uses up neither its owner's tries nor her ticket's passwords.
#[actix_web::test]
async fn a_long_outage_uses_nothing_up() {
    let server = TestServer::new(BackEnds::Real).await;
    let people = server.people(2).await;
    let (ticket, code) = server.ticket_for("password-reset", &people[1].phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_done(200);
    let reset = json!({"ticket": ticket, "password": NEW});
    let mut database = server.database();
    // Not down, which would take seconds each time, but just as useless.
    database.batch_execute("ALTER TABLE users RENAME TO elsewhere").unwrap();
    for _ in 0..61 {
        server.log_in(&people[0].phone, PASSWORD).await.assert_refused(500, "internal_error");
    }
    for _ in 0..21 {
        let refused = server.post("/v1/password-reset/set-password", reset.clone()).await;
        refused.assert_refused(500, "internal_error");
    }
    database.batch_execute("ALTER TABLE elsewhere RENAME TO users").unwrap();
    server.log_in(&people[0].phone, PASSWORD).await.assert_done(200);
    server.post("/v1/password-reset/set-password", reset).await.assert_done(204);
}

/// The answer to a change of number got lost on its way from the database: the second try finds it done.
#[actix_web::test]
async fn a_change_of_number_that_was_done_is_done() {
    let server = TestServer::new(BackEnds::Real).await;
    let person = server.person().await;
    let new = fresh_phone();
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    let sent = server.call(Method::POST, "/v1/me/phone/send-code", &person.access, body).await;
    sql_query("UPDATE users SET phone = $1").bind::<Text, _>(&new).execute(&mut server.database()).unwrap();
    let body = json!({"ticket": sent.text("ticket"), "code": server.sms.code_for(&new).unwrap()});
    let done = server.call(Method::POST, "/v1/me/phone/verify-code", &person.access, body).await;
    done.assert_done(200);
    assert_eq!(done.body["phone_number"], json!(new));
    assert!(server.sms.notices_for(&new).is_empty(), "the new number is not told of itself");
}

/// Who is signed in does not depend on staging.
#[actix_web::test]
async fn people_stay_signed_in_while_redis_is_down() {
    let mut redis = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &redis.url())]).await;
    server.wait_until_ready().await;
    let person = server.person().await;
    redis.kill();
    server.me(&person.access).await.assert_done(200);
    server.refresh(&person.refresh).await.assert_done(200);
    server.call(Method::PATCH, "/v1/me", &person.access, json!({"gender": "female"})).await.assert_done(200);
    server.call(Method::GET, "/v1/sessions", &person.access, Value::Null).await.assert_done(200);
    // Guesses cannot be counted, so none is looked at.
    server.log_in(&person.phone, PASSWORD).await.assert_refused(503, "dependency_unavailable");
    let body = json!({"password": PASSWORD});
    server.call(Method::DELETE, "/v1/me", &person.access, body).await.assert_refused(503, "dependency_unavailable");
    server.call(Method::POST, "/v1/logout", &person.access, Value::Null).await.assert_done(204);
    redis.start();
    server.wait_until_ready().await;
    server.log_in(&person.phone, PASSWORD).await.assert_done(200);
}

/// The message to the earlier number is a courtesy; the change does not hang on it.
#[actix_web::test]
async fn a_notice_that_cannot_be_sent_changes_nothing() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let person = server.person().await;
    let new = fresh_phone();
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    let sent = server.call(Method::POST, "/v1/me/phone/send-code", &person.access, body).await;
    let body = json!({"ticket": sent.text("ticket"), "code": server.sms.code_for(&new).unwrap()});
    let before = server.sms.requests();
    server.sms.behave(Behaviour::Refuse("160040"));
    server.call(Method::POST, "/v1/me/phone/verify-code", &person.access, body).await.assert_done(200);
    until("notice", || server.sms.requests() > before).await;
    assert_eq!(server.me(&person.access).await.body["phone_number"], json!(new));
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Text)]
    password_hash: String,
    #[diesel(sql_type = Text)]
    last_login_at: String,
}

fn stored(database: &mut PgConnection, phone: &str) -> Stored {
    let query = "SELECT password_hash, last_login_at::text FROM users WHERE phone = $1";
    sql_query(query).bind::<Text, _>(phone).get_result(database).unwrap()
}

/// An operator who raises the cost need not ask anybody for a new password.
#[actix_web::test]
async fn a_login_brings_the_hash_to_the_cost_in_force() {
    let mut server = TestServer::new(BackEnds::Real).await;
    let person = server.person().await;
    let mut database = server.database();
    let before = stored(&mut database, &person.phone);
    assert!(before.password_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    server.vars.push(("HASH_PASSES".to_owned(), "3".to_owned()));
    server.url = server.serve().await;
    server.advance(Duration::from_secs(10));
    server.log_in(&person.phone, NEW).await.assert_refused(401, "credentials_invalid");
    assert_eq!(stored(&mut database, &person.phone).password_hash, before.password_hash, "only the right password");
    assert_eq!(stored(&mut database, &person.phone).last_login_at, before.last_login_at);
    // Two devices at the same moment: the one that finds the hash changed looks once more.
    for answer in at_once((0..2).map(|_| server.log_in(&person.phone, PASSWORD))).await {
        answer.assert_done(200);
    }
    let after = stored(&mut database, &person.phone);
    assert!(after.password_hash.starts_with("$argon2id$v=19$m=19456,t=3,p=1$"));
    assert!(after.last_login_at > before.last_login_at);
    server.log_in(&person.phone, PASSWORD).await.assert_done(200);
    assert_eq!(stored(&mut database, &person.phone).password_hash, after.password_hash, "once");
}

//! `PASSWORD_MODE`: which steps a sign-up has, and which endpoints for passwords exist.

use crate::server_tests;
use crate::support::redis::OwnRedis;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, TestServer, fresh_phone};
use crate::users::TestUser;
use deadpool_redis::redis::cmd;
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

server_tests!(
    a_sign_up_without_a_password_is_refused_where_one_is_required,
    a_sign_up_can_skip_the_password_where_it_is_optional,
    a_sign_up_has_no_step_for_a_password_where_passwords_are_disabled,
    endpoints_for_passwords_are_disabled_and_count_nothing,
    existing_passwords_are_not_accepted_where_passwords_are_disabled,
    a_disabled_password_proves_no_dormant_or_detached_account,
    a_password_at_an_account_without_one_gets_the_response_of_an_unknown_number,
    a_current_password_of_an_account_without_one_is_wrong_and_counted,
);

const HOUR: Duration = Duration::from_secs(3_600);
/// Wrong passwords of a user that are compared in an hour.
const USER_ATTEMPTS: usize = 10;

pub async fn server_with(server: &TestServer, mode: &str) -> TestServer {
    TestServer::with(server.back_ends(), &[("PASSWORD_MODE", mode)]).await
}

/// Restarts the service in another mode on the same back ends. Staging in memory is lost.
async fn restart_with(server: &mut TestServer, mode: &str) {
    server.vars.push(("PASSWORD_MODE".to_owned(), mode.to_owned()));
    server.url = server.serve().await;
}

async fn status(server: &TestServer, ticket: &str) -> String {
    server.post("/v1/register/status", json!({"ticket": ticket})).await.text("step")
}

async fn a_sign_up_without_a_password_is_refused_where_one_is_required(server: TestServer) {
    let ticket = server.new_ticket(&fresh_phone()).await;
    server.submit_profile(&ticket).await.assert_error(409, "wrong_step");
    let ticket = server.verified_ticket(&fresh_phone()).await;
    assert_eq!(status(&server, &ticket).await, "set_password");
    let refused = server.submit_profile(&ticket).await;
    refused.assert_error(409, "wrong_step");
    assert_eq!(refused.text("step"), "set_password");
    server.set_password(&ticket).await.assert_status(200);
    let created = server.submit_profile(&ticket).await;
    created.assert_status(201);
    assert_eq!(created.body["user"]["has_password"], true);
}

async fn a_sign_up_can_skip_the_password_where_it_is_optional(server: TestServer) {
    let server = server_with(&server, "optional").await;
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let early = server.submit_profile(&ticket).await;
    early.assert_error(409, "wrong_step");
    assert_eq!(early.text("step"), "verify_code", "a sign-up without a verified phone");
    let verified = server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await;
    assert_eq!(verified.text("step"), "set_password");
    assert_eq!(status(&server, &ticket).await, "set_password");
    let bad = server.post("/v1/register/submit-profile", json!({"ticket": ticket, "nickname": ""})).await;
    bad.assert_field_error(422, "validation_failed", "nickname", "too_short");
    let created = server.submit_profile(&ticket).await;
    created.assert_status(201);
    assert_eq!(created.body["user"]["has_password"], false);
    let user = &created.body["user"];
    assert_eq!(&server.me(&created.text("access_token")).await.body, user);
    server.submit_profile(&ticket).await.assert_error(410, "ticket_expired");
    server.set_password(&ticket).await.assert_error(410, "ticket_expired");
    server.advance(HOUR);
    server.send_code(&phone).await.assert_error(409, "phone_already_registered");
    // A code signs in.
    let (ticket, code) = server.ticket_and_code("login", &phone).await;
    let signed_in = server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await;
    signed_in.assert_status(200);
    assert_eq!(&signed_in.body["user"], user);
    // Who wants a password takes the four steps.
    let phone = fresh_phone();
    let ticket = server.ticket_with_password(&phone).await;
    assert_eq!(status(&server, &ticket).await, "submit_profile");
    let created = server.submit_profile(&ticket).await;
    assert_eq!(created.body["user"]["has_password"], true);
    server.log_in(&phone, PASSWORD).await.assert_status(200);
}

async fn a_sign_up_has_no_step_for_a_password_where_passwords_are_disabled(server: TestServer) {
    let server = server_with(&server, "none").await;
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    assert_eq!(status(&server, &ticket).await, "verify_code");
    let code = server.sms.code_for(&phone).unwrap();
    assert_eq!(server.verify_code(&ticket, &code).await.text("step"), "submit_profile");
    // The response of an earlier request was lost: the app learns the right step.
    let again = server.verify_code(&ticket, &code).await;
    again.assert_error(409, "wrong_step");
    assert_eq!(again.text("step"), "submit_profile");
    assert_eq!(status(&server, &ticket).await, "submit_profile");
    server.set_password(&ticket).await.assert_error(404, "passwords_disabled");
    let created = server.submit_profile(&ticket).await;
    created.assert_status(201);
    assert_eq!(created.body["user"]["has_password"], false);
    server.me(&created.text("access_token")).await.assert_status(200);
}

/// Needs staging that outlives the service.
#[actix_web::test]
async fn a_flow_continues_by_the_mode_of_the_moment() {
    let mut server = TestServer::new(BackEnds::Real).await;
    let (phone, other) = (fresh_phone(), fresh_phone());
    let (with_password, without) = (server.ticket_with_password(&phone).await, server.verified_ticket(&other).await);
    restart_with(&mut server, "none").await;
    // The password that was chosen before is not stored.
    let created = server.submit_profile(&with_password).await;
    assert_eq!(created.body["user"]["has_password"], false);
    assert_eq!(status(&server, &without).await, "submit_profile");
    restart_with(&mut server, "optional").await;
    server.me(&created.text("access_token")).await.assert_status(200);
    assert_eq!(server.me(&created.text("access_token")).await.body["has_password"], false);
    restart_with(&mut server, "required").await;
    assert_eq!(status(&server, &without).await, "set_password");
    server.submit_profile(&without).await.assert_error(409, "wrong_step");
    server.set_password(&without).await.assert_status(200);
    server.submit_profile(&without).await.assert_status(201);
}

/// Every endpoint for passwords.
fn endpoints() -> [(Method, &'static str); 9] {
    [
        (Method::POST, "/v1/login"),
        (Method::POST, "/v1/register/set-password"),
        (Method::POST, "/v1/password-reset/send-code"),
        (Method::POST, "/v1/password-reset/resend-code"),
        (Method::POST, "/v1/password-reset/verify-code"),
        (Method::POST, "/v1/password-reset/set-password"),
        (Method::PUT, "/v1/me/password"),
        (Method::POST, "/v1/me/password/send-code"),
        (Method::POST, "/v1/me/password/resend-code"),
    ]
}

async fn endpoints_for_passwords_are_disabled_and_count_nothing(server: TestServer) {
    let required = server;
    let server = server_with(&required, "none").await;
    let ticket = server.verified_ticket(&fresh_phone()).await;
    let token = server.submit_profile(&ticket).await.text("access_token");
    for (method, path) in endpoints() {
        // The body is not read: it may be missing or malformed.
        for body in [Value::Null, json!({"unknown": "field"})] {
            let request = server.request(method.clone(), path).bearer_auth(&token);
            let keyed = request.header("idempotency-key", format!("\"{path}\""));
            let request = if body.is_null() { keyed } else { keyed.json(&body) };
            server.send(request, path).await.assert_error(404, "passwords_disabled");
        }
        server.call(method.clone(), path, "nonsense", json!({})).await.assert_error(404, "passwords_disabled");
        // In the other modes they exist.
        let exists = required.send(required.request(method, path).json(&json!({})), path).await;
        assert_ne!(exists.code(), "passwords_disabled", "{path}: {exists:?}");
    }
    // More attempts than any limit allows.
    let phone = fresh_phone();
    for _ in 0..40 {
        server.log_in(&phone, "wrong horse battery").await.assert_error(404, "passwords_disabled");
    }
    if let Some(url) = server.redis_url() {
        let mut redis = crate::support::redis::connection(url);
        for pattern in ["*password*", "idempotency:*"] {
            let names: Vec<String> = cmd("KEYS").arg(pattern).query(&mut redis).unwrap();
            assert_eq!(names, Vec::<String>::new());
        }
    }
}

/// The operator changes the mode: the accounts stay, their passwords are not accepted anywhere, and are not deleted.
async fn existing_passwords_are_not_accepted_where_passwords_are_disabled(server: TestServer) {
    let mut server = server;
    let user = server.create_user().await;
    restart_with(&mut server, "none").await;
    let me = server.me(&user.access_token).await;
    me.assert_status(200);
    assert_eq!(me.body["has_password"], false);
    server.log_in(&user.phone, PASSWORD).await.assert_error(404, "passwords_disabled");
    let delete = json!({"password": PASSWORD});
    server.call(Method::DELETE, "/v1/me", &user.access_token, delete).await.assert_error(422, "password_wrong");
    let body = json!({"phone_number": fresh_phone(), "current_password": PASSWORD});
    let change = server.call(Method::POST, "/v1/me/phone/send-code", &user.access_token, body).await;
    change.assert_error(422, "password_wrong");
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let signed_in = server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await;
    signed_in.assert_status(200);
    assert_eq!(signed_in.body["user"]["has_password"], false);
    restart_with(&mut server, "optional").await;
    let signed_in = server.log_in(&user.phone, PASSWORD).await;
    signed_in.assert_status(200);
    assert_eq!(signed_in.body["user"]["has_password"], true);
}

/// The next owner of the number gets an account of their own, without a step for a password. The earlier owner knows
/// the password, which is no evidence in this mode.
async fn a_disabled_password_proves_no_dormant_or_detached_account(server: TestServer) {
    let mut server = TestServer::with(server.back_ends(), &[("NUMBER_STALE_DAYS", "45")]).await;
    let user = server.create_user().await;
    restart_with(&mut server, "none").await;
    server.advance(46 * 24 * HOUR);
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let body = json!({"ticket": ticket, "code": code});
    server.post("/v1/login/verify-code", body).await.assert_error(409, "account_dormant");
    let claim = json!({"ticket": ticket, "password": PASSWORD});
    server.post("/v1/login/claim", claim).await.assert_error(422, "password_wrong");
    let started = server.post("/v1/login/start-anew", json!({"ticket": ticket})).await;
    started.assert_status(200);
    assert_eq!(started.text("step"), "submit_profile");
    let created = server.submit_profile(&ticket).await;
    created.assert_status(201);
    assert_ne!(created.body["user"]["id"], user.profile["id"]);
    let reclaim = json!({
        "former_phone_number": user.phone, "password": PASSWORD, "phone_number": fresh_phone(),
        "captcha_id": server.captcha().await, "captcha_answer": BYPASS,
    });
    server.post("/v1/reclaim/send-code", reclaim).await.assert_error(401, "credentials_invalid");
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// Number of statements of the database, and of scripts of Redis, so far, without those of the probes.
fn calls(server: &TestServer) -> (i64, u64) {
    let query = "SELECT coalesce(sum(calls), 0)::bigint AS value \
                 FROM pg_stat_statements JOIN pg_database ON dbid = oid WHERE datname = current_database() \
                 AND query NOT LIKE '%pg_stat%' AND query NOT LIKE '%current_setting%' AND query NOT LIKE 'SET %'";
    let statements = sql_query(query).get_result::<Count>(&mut server.database()).unwrap().value;
    let mut redis = crate::support::redis::connection(server.redis_url().unwrap());
    let stats: String = cmd("INFO").arg("commandstats").query(&mut redis).unwrap();
    let scripts = ["cmdstat_evalsha:", "cmdstat_eval:", "cmdstat_fcall:"];
    let calls = |line: &str| line.split_once("calls=")?.1.split_once(',')?.0.parse::<u64>().ok();
    let lines = stats.lines().filter(|line| scripts.iter().any(|name| line.starts_with(name)));
    (statements, lines.filter_map(calls).sum())
}

/// The same body, the same limits, and a hash for each.
async fn a_password_at_an_account_without_one_gets_the_response_of_an_unknown_number(server: TestServer) {
    // A hash at full cost takes most of the time of a request.
    let settings = [("PASSWORD_MODE", "optional"), ("HASH_PASSES", "2")];
    let server = TestServer::with(server.back_ends(), &settings).await;
    let user = server.create_user_without_password().await;
    let attempt = async |phone: &str| {
        let start = Instant::now();
        let mut response = server.log_in(phone, PASSWORD).await;
        let took = start.elapsed();
        response.body["request_id"] = Value::Null;
        (response, took)
    };
    let (mut fastest, unknown) = ([Duration::MAX; 2], fresh_phone());
    for _ in 0..3 {
        let (known, unknown) = (attempt(&user.phone).await, attempt(&unknown).await);
        known.0.assert_error(401, "credentials_invalid");
        assert_eq!((known.0.status, known.0.body), (unknown.0.status, unknown.0.body));
        fastest = [fastest[0].min(known.1), fastest[1].min(unknown.1)];
    }
    for phone in [&user.phone, &unknown] {
        server.log_in(phone, PASSWORD).await.assert_error(422, "captcha_required");
    }
    // Without the hash, a response takes a small fraction of the time.
    assert!(fastest[0] * 3 > fastest[1], "{fastest:?}");
}

/// The Redis of the test belongs to it alone: it counts every command.
#[actix_web::test]
async fn a_password_at_an_account_without_one_takes_as_many_round_trips_as_at_an_unknown_number() {
    let own = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("PASSWORD_MODE", "optional"), ("REDIS_URL", &own.url())]).await;
    server.wait_until_ready().await;
    let user = server.create_user_without_password().await;
    server.database().batch_execute("CREATE EXTENSION pg_stat_statements").unwrap();
    let mut found = Vec::new();
    for phone in [fresh_phone(), user.phone, fresh_phone()] {
        let before = calls(&server);
        server.log_in(&phone, PASSWORD).await.assert_error(401, "credentials_invalid");
        let after = calls(&server);
        found.push((after.0 - before.0, after.1 - before.1));
    }
    // The first attempt may have opened a connection.
    assert_eq!(found[1], found[2], "{found:?}");
    assert_eq!(found[1].0, 1, "{found:?}");
}

async fn a_current_password_of_an_account_without_one_is_wrong_and_counted(server: TestServer) {
    let server = server_with(&server, "optional").await;
    let user = server.create_user_without_password().await;
    let requests = [
        (Method::DELETE, "/v1/me", json!({"password": PASSWORD})),
        (Method::PUT, "/v1/me/password", json!({"current_password": PASSWORD, "new_password": "staple battery horse"})),
        (Method::POST, "/v1/me/phone/send-code", json!({"phone_number": fresh_phone(), "current_password": PASSWORD})),
    ];
    let send = |user: &TestUser, n: usize| {
        let (method, path, body) = requests[n % requests.len()].clone();
        let token = user.access_token.clone();
        let server = &server;
        async move { server.call(method, path, &token, body).await }
    };
    for n in 0..USER_ATTEMPTS {
        send(&user, n).await.assert_error(422, "password_wrong");
    }
    for n in 0..requests.len() {
        send(&user, n).await.assert_error(429, "too_many_requests");
    }
    server.me(&user.access_token).await.assert_status(200);
}

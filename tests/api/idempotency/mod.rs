//! Idempotency: the service performs a retry with the same `Idempotency-Key` only once.

mod every_post;
mod network;
mod outage;

use crate::limits::BEHIND_A_PROXY;
use crate::server_tests;
use crate::support::redis;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use crate::users::join_all;
use deadpool_redis::redis::cmd;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    a_key_can_be_a_quoted_string_or_a_bare_word,
    an_invalid_key_is_rejected_without_side_effects,
    fifty_concurrent_duplicates_send_one_message,
    a_key_is_scoped_to_the_route_and_the_user,
    a_replay_requires_a_valid_session,
    a_public_endpoint_ignores_the_access_token,
    a_response_is_stored_for_a_day,
    no_response_is_stored_where_a_repetition_is_harmless,
    an_ip_block_with_many_stored_responses_is_served_and_not_stored,
    a_user_with_many_stored_responses_is_served_and_not_stored,
    a_request_that_stores_nothing_does_not_count_as_a_stored_response,
    an_error_with_side_effects_is_stored,
    an_error_without_side_effects_is_not_stored,
    a_replayed_error_is_in_the_language_of_the_retry,
);

/// Builds a request with this idempotency key.
fn request_with_key(server: &TestServer, key: &str, path: &str, body: &Value) -> RequestBuilder {
    server.request(Method::POST, path).header("idempotency-key", key).json(body)
}

async fn post(server: &TestServer, key: &str, path: &str, body: &Value) -> Response {
    server.send(request_with_key(server, key, path, body), path).await
}

async fn post_as(server: &TestServer, key: &str, token: &str, path: &str, body: &Value) -> Response {
    server.send(request_with_key(server, key, path, body).bearer_auth(token), path).await
}

impl Response {
    /// Returns true if this is a stored response.
    fn replayed(&self) -> bool {
        self.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
    }

    /// Checks that this response is a replay of `first`.
    #[track_caller]
    fn assert_replays(&self, first: &Self) {
        assert!(self.replayed() && !first.replayed(), "{self:?} of {first:?}");
        assert_ne!(self.headers["x-request-id"], first.headers["x-request-id"]);
        assert_eq!(self.status, first.status);
        let content = |response: &Self| {
            let mut body = response.body.clone();
            body.as_object_mut().map(|members| members.remove("request_id"));
            body
        };
        assert_eq!(content(self), content(first));
        for name in ["content-type", "content-length", "cache-control", "captcha-id", "captcha-expires-in"] {
            assert_eq!(self.headers.get(name), first.headers.get(name), "{name}");
        }
    }

    /// Seconds in the `Age` header.
    #[track_caller]
    fn age(&self) -> u64 {
        self.headers["age"].to_str().unwrap().parse().unwrap()
    }
}

async fn send_code_body(server: &TestServer, phone: &str) -> Value {
    json!({"phone_number": phone, "captcha_id": server.captcha().await, "captcha_answer": BYPASS})
}

async fn a_key_can_be_a_quoted_string_or_a_bare_word(server: TestServer) {
    let (path, body) = ("/v1/login", json!({"phone_number": fresh_phone(), "password": PASSWORD}));
    let first = post(&server, "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", path, &body).await;
    first.assert_error(401, "credentials_invalid");
    post(&server, "8e03978e-40d5-43dd-bc93-6894a57f9324", path, &body).await.assert_replays(&first);
    let longest = "x".repeat(255);
    post(&server, &longest, path, &body).await.assert_error(401, "credentials_invalid");
    let other = post(&server, &format!("\"{longest}\""), path, &body).await;
    assert!(other.replayed(), "{other:?}");
}

async fn an_invalid_key_is_rejected_without_side_effects(server: TestServer) {
    let body = send_code_body(&server, &fresh_phone()).await;
    let path = "/v1/register/send-code";
    let long = "x".repeat(256);
    for key in ["", "\"\"", "two words", "\"a\", \"b\"", "a,b", "\"open", "\"a\";b", &long, "ключ"] {
        let rejected = post(&server, key, path, &body).await;
        rejected.assert_field_error(400, "malformed_request", "Idempotency-Key", "invalid_format");
    }
    let twice = request_with_key(&server, "a", path, &body).header("idempotency-key", "a");
    let rejected = server.send(twice, path).await;
    rejected.assert_field_error(400, "malformed_request", "Idempotency-Key", "invalid_format");
    assert_eq!(server.sms.requests(), 0);
    server.post(path, body).await.assert_status(200);
}

async fn fifty_concurrent_duplicates_send_one_message(server: TestServer) {
    let phone = fresh_phone();
    let body = send_code_body(&server, &phone).await;
    let responses = join_all((0..50).map(|_| post(&server, "one", "/v1/register/send-code", &body))).await;
    // No duplicate gets an error that the first request caused, such as a used-up captcha or a cooldown.
    let (done, busy): (Vec<_>, Vec<_>) = responses.iter().partition(|response| response.status == StatusCode::OK);
    for response in &busy {
        response.assert_error(409, "request_in_progress");
        assert_eq!(response.headers["retry-after"], "1");
    }
    let first: Vec<_> = done.iter().filter(|response| !response.replayed()).collect();
    assert_eq!(first.len(), 1, "{done:?}");
    let again = post(&server, "one", "/v1/register/send-code", &body).await;
    again.assert_replays(first[0]);
    assert_eq!((server.sms.requests(), server.sms.messages_for(&phone).len()), (1, 1));
    let code = server.sms.code_for(&phone).unwrap();
    server.verify_code(&again.text("ticket"), &code).await.assert_status(200);
}

async fn a_key_is_scoped_to_the_route_and_the_user(server: TestServer) {
    let users = server.create_users(2).await;
    let (one, other) = (&users[0].access_token, &users[1].access_token);
    let path = "/v1/me/deletion/send-code";
    let first = post_as(&server, "same", one, path, &json!({})).await;
    let second = post_as(&server, "same", other, path, &json!({})).await;
    assert!(!second.replayed() && first.text("ticket") != second.text("ticket"), "{second:?}");
    // The same key with another body of the same user, and on another route.
    let rejected = post_as(&server, "same", one, path, &json!({"client_id": null})).await;
    rejected.assert_error(422, "idempotency_key_reused");
    let login = json!({"phone_number": users[0].phone, "password": PASSWORD});
    let elsewhere = post(&server, "same", "/v1/login", &login).await;
    assert!(!elsewhere.replayed() && elsewhere.status == StatusCode::OK);
    post_as(&server, "same", one, path, &json!({})).await.assert_replays(&first);
}

async fn a_replay_requires_a_valid_session(server: TestServer) {
    let user = server.create_user().await;
    let device = server.new_session(&user.phone).await;
    let (path, body) = ("/v1/me/deletion/send-code", json!({}));
    let first = post_as(&server, "one", &user.access_token, path, &body).await;
    first.assert_status(200);
    post_as(&server, "one", &device.access_token, path, &body).await.assert_replays(&first);
    server.call(Method::POST, "/v1/logout", &user.access_token, Value::Null).await.assert_status(204);
    post_as(&server, "one", &user.access_token, path, &body).await.assert_error(401, "token_invalid");
    post_as(&server, "one", "nonsense", path, &body).await.assert_error(401, "token_invalid");
    post(&server, "one", path, &body).await.assert_error(401, "token_missing");
    post_as(&server, "one", &device.access_token, path, &body).await.assert_replays(&first);
}

async fn a_public_endpoint_ignores_the_access_token(server: TestServer) {
    let user = server.create_user().await;
    let body = json!({"phone_number": user.phone, "password": PASSWORD});
    let first = post_as(&server, "one", "stale", "/v1/login", &body).await;
    first.assert_status(200);
    post_as(&server, "one", &user.access_token, "/v1/login", &body).await.assert_replays(&first);
    post(&server, "one", "/v1/login", &body).await.assert_replays(&first);
}

async fn a_response_is_stored_for_a_day(server: TestServer) {
    let user = server.create_user().await;
    let body = json!({"phone_number": user.phone, "password": PASSWORD});
    let first = post(&server, "one", "/v1/login", &body).await;
    assert!(!first.headers.contains_key("age"));
    server.advance(Duration::from_secs(86_400 - 60));
    let last = post(&server, "one", "/v1/login", &body).await;
    last.assert_replays(&first);
    assert_eq!(last.age(), 86_400 - 60);
    server.advance(Duration::from_secs(60));
    let after_expiry = post(&server, "one", "/v1/login", &body).await;
    assert!(!after_expiry.replayed() && after_expiry.text("access_token") != first.text("access_token"));
}

/// Returns the number of keys in Redis; 0 if the server has none.
fn keys_in_redis(server: &TestServer) -> usize {
    let count = |url| cmd("DBSIZE").query(&mut redis::connection(url)).unwrap();
    server.redis_url().map_or(0, count)
}

/// A client could request these without limit, with a new key each time, and so fill staging.
async fn no_response_is_stored_where_a_repetition_is_harmless(server: TestServer) {
    let user = server.create_user().await;
    let ticket = server.new_ticket(&fresh_phone()).await;
    let keys = keys_in_redis(&server);
    let (status, refresh) = (json!({"ticket": ticket}), json!({"refresh_token": user.refresh_token}));
    for (path, body) in [("/v1/register/status", &status), ("/v1/token/refresh", &refresh)] {
        let first = post(&server, "one", path, body).await;
        let again = post(&server, "one", path, body).await;
        assert!(first.status == StatusCode::OK && again.status == StatusCode::OK && !again.replayed(), "{again:?}");
        // The key is not even read.
        post(&server, "not a key", path, body).await.assert_status(200);
        let invalid = post(&server, "one", path, &json!({"another": "body"})).await;
        invalid.assert_error(400, "malformed_request");
    }
    assert_eq!(keys_in_redis(&server), keys, "a response or a counter is stored");
    let first = post(&server, "one", "/v1/captchas", &json!({})).await;
    let again = post(&server, "one", "/v1/captchas", &json!({})).await;
    assert!(!again.replayed() && again.text("captcha_id") != first.text("captcha_id"), "{again:?}");
    post_as(&server, "one", &user.access_token, "/v1/logout", &json!({})).await.assert_status(204);
    post_as(&server, "one", &user.access_token, "/v1/logout", &json!({})).await.assert_error(401, "token_invalid");
}

async fn wrong_login_from(server: &TestServer, address: &str, key: &str, phone: &str) -> Response {
    let body = json!({"phone_number": phone, "password": PASSWORD});
    let request = request_with_key(server, key, "/v1/login", &body).header("x-forwarded-for", address);
    let response = server.send(request, "/v1/login").await;
    response.assert_error(401, "credentials_invalid");
    response
}

/// Sends a request with a key twice. Returns true if the second response is the stored one.
async fn is_stored(server: &TestServer, address: &str, key: &str) -> bool {
    let phone = fresh_phone();
    wrong_login_from(server, address, key, &phone).await;
    wrong_login_from(server, address, key, &phone).await.replayed()
}

async fn an_ip_block_with_many_stored_responses_is_served_and_not_stored(server: TestServer) {
    let settings = [BEHIND_A_PROXY, ("LIMIT_IP_STORED_RESPONSES_DAY", "2")];
    let server = TestServer::with(server.back_ends(), &settings).await;
    let address = "203.0.113.7";
    for (key, stored) in [("one", true), ("two", true), ("three", false)] {
        assert_eq!(is_stored(&server, address, key).await, stored, "{key}");
    }
    assert!(is_stored(&server, "203.0.113.8", "four").await, "another IP block has no room");
    // A /56 has room for twice as many as a /64, a /48 for six times as many.
    let mut stored = 0;
    for block in 0..20 {
        let address = format!("2001:db8:1:{block:x}00::1");
        stored += usize::from(is_stored(&server, &address, &format!("wide-{block}")).await);
    }
    assert_eq!(stored, 12, "responses of one /48");
    server.advance(Duration::from_secs(86_400));
    assert!(is_stored(&server, address, "five").await);
}

async fn a_user_with_many_stored_responses_is_served_and_not_stored(server: TestServer) {
    let user = server.create_user().await;
    let path = "/v1/me/deletion/send-code";
    let first = json!({});
    let sent = post_as(&server, "one", &user.access_token, path, &first).await;
    post_as(&server, "one", &user.access_token, path, &first).await.assert_replays(&sent);
    if let Some(url) = server.redis_url() {
        let name = format!("limit:{{shared}}:responses-user:{}", user.profile["id"].as_str().unwrap());
        let mut redis = redis::connection(url);
        let count: usize = cmd("GET").arg(&name).query(&mut redis).unwrap();
        assert_eq!(count, 1, "a replay counts as a stored response");
        cmd("SET").arg(&name).arg(500).arg("KEEPTTL").exec(&mut redis).unwrap();
        server.advance(Duration::from_secs(60));
        post_as(&server, "two", &user.access_token, path, &first).await.assert_status(200);
        let again = post_as(&server, "two", &user.access_token, path, &first).await;
        again.assert_error(429, "resend_cooldown");
    }
}

async fn a_request_that_stores_nothing_does_not_count_as_a_stored_response(server: TestServer) {
    let settings = [BEHIND_A_PROXY, ("LIMIT_IP_STORED_RESPONSES_DAY", "1")];
    let server = TestServer::with(server.back_ends(), &settings).await;
    for key in ["one", "two", "three"] {
        let request = request_with_key(&server, key, "/v1/login", &json!({})).header("x-forwarded-for", "203.0.113.7");
        server.send(request, "/v1/login").await.assert_error(400, "malformed_request");
    }
    assert!(is_stored(&server, "203.0.113.7", "four").await);
}

async fn an_error_with_side_effects_is_stored(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let wrong = json!({"ticket": ticket, "code": wrong_code(&server.sms.code_for(&phone).unwrap())});
    let path = "/v1/register/verify-code";
    let first = post(&server, "one", path, &wrong).await;
    first.assert_error(422, "code_wrong");
    for _ in 0..10 {
        post(&server, "one", path, &wrong).await.assert_replays(&first);
    }
    let second = post(&server, "two", path, &wrong).await;
    assert_eq!((first.number("attempts_left"), second.number("attempts_left")), (4, 3));
    // A wrong answer uses up the captcha, once.
    let body = json!({"phone_number": fresh_phone(), "captcha_id": server.captcha().await, "captcha_answer": "wrong"});
    let first = post(&server, "three", "/v1/register/send-code", &body).await;
    first.assert_error(422, "captcha_wrong");
    post(&server, "three", "/v1/register/send-code", &body).await.assert_replays(&first);
}

async fn an_error_without_side_effects_is_not_stored(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    // The first request is too early. The same key works after the cooldown.
    let resend = json!({"ticket": ticket});
    let path = "/v1/register/resend-code";
    post(&server, "one", path, &resend).await.assert_error(429, "resend_cooldown");
    server.advance(Duration::from_secs(60));
    let resent = post(&server, "one", path, &resend).await;
    assert!(!resent.replayed(), "{resent:?}");
    resent.assert_status(200);
    // Malformed requests do not use up the key.
    let password = |password: &str| json!({"ticket": ticket, "password": password});
    let path = "/v1/register/set-password";
    post(&server, "two", path, &password("short")).await.assert_error(422, "validation_failed");
    post(&server, "two", path, &json!([])).await.assert_error(400, "malformed_request");
    let text = server.request(Method::POST, path).header("idempotency-key", "two").body("{}");
    server.send(text, path).await.assert_error(415, "unsupported_media_type");
    let large = post(&server, "two", path, &password(&"x".repeat(20_000))).await;
    large.assert_error(413, "payload_too_large");
    post(&server, "two", path, &password(PASSWORD)).await.assert_error(409, "wrong_step");
    server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_status(200);
    post(&server, "two", path, &password(PASSWORD)).await.assert_status(200);
}

async fn a_replayed_error_is_in_the_language_of_the_retry(server: TestServer) {
    let body = json!({"phone_number": fresh_phone(), "password": PASSWORD});
    let log_in = |language: &'static str| {
        let request = request_with_key(&server, "one", "/v1/login", &body).header("accept-language", language);
        server.send(request, "/v1/login")
    };
    let (first, again) = (log_in("en").await, log_in("zh-CN").await);
    first.assert_error(401, "credentials_invalid");
    again.assert_error(401, "credentials_invalid");
    assert!(again.replayed() && !first.replayed());
    assert_eq!(
        (first.text("title").as_str(), again.text("title").as_str()),
        ("Wrong phone number or password", "手机号或密码错误")
    );
    assert_eq!(
        (&first.headers["content-language"], &again.headers["content-language"]),
        (&"en".parse().unwrap(), &"zh-CN".parse().unwrap())
    );
    assert_ne!(first.text("request_id"), again.text("request_id"));
    assert_eq!(first.headers["www-authenticate"], again.headers["www-authenticate"]);
}

/// One replica performs the request, and every replica returns its stored response.
#[actix_web::test]
async fn replicas_share_stored_responses() {
    let mut server = TestServer::new(BackEnds::Real).await;
    let (first_url, second_url) = (server.url.clone(), server.serve().await);
    let phone = fresh_phone();
    let body = send_code_body(&server, &phone).await;
    let first = post(&server, "one", "/v1/register/send-code", &body).await;
    first.assert_status(200);
    server.url = second_url;
    post(&server, "one", "/v1/register/send-code", &body).await.assert_replays(&first);
    post(&server, "one", "/v1/register/send-code", &json!({})).await.assert_error(422, "idempotency_key_reused");
    server.url = first_url;
    assert_eq!(server.sms.requests(), 1);
}

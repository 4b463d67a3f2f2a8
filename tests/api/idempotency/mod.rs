//! `Idempotency-Key`: a request that comes twice happens once.

mod every_post;
mod network;
mod outage;

use crate::over_both_back_ends;
use crate::people::at_once;
use crate::test_server::{Answer, BYPASS, BackEnds, PASSWORD, TestServer, fresh_phone, other_than};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

over_both_back_ends!(
    a_key_is_a_string_or_a_bare_word,
    what_is_no_key_is_refused_before_anything_is_done,
    fifty_duplicates_at_once_send_one_message,
    a_key_is_one_of_a_kind_on_its_route_for_its_person,
    a_replay_needs_a_living_session,
    nobody_asks_for_a_token_where_none_is_needed,
    an_answer_is_kept_for_a_day,
    a_captcha_is_kept_as_long_as_it_is_worth_something,
    a_picture_comes_again_byte_for_byte,
    a_sound_is_not_kept_but_made_anew,
    a_refusal_that_cost_something_is_kept,
    a_refusal_that_changed_nothing_is_not,
    a_kept_problem_speaks_the_language_of_who_asks,
);

/// A request with a key.
fn named(server: &TestServer, key: &str, path: &str, body: &Value) -> RequestBuilder {
    server.request(Method::POST, path).header("idempotency-key", key).json(body)
}

async fn post(server: &TestServer, key: &str, path: &str, body: &Value) -> Answer {
    server.send(named(server, key, path, body), path).await
}

async fn post_as(server: &TestServer, key: &str, token: &str, path: &str, body: &Value) -> Answer {
    server.send(named(server, key, path, body).bearer_auth(token), path).await
}

impl Answer {
    fn replayed(&self) -> bool {
        self.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
    }

    /// Says what `first` said, and that it is a replay of it.
    #[track_caller]
    fn assert_replays(&self, first: &Self) {
        assert!(self.replayed() && !first.replayed(), "{self:?} of {first:?}");
        assert_ne!(self.headers["x-request-id"], first.headers["x-request-id"]);
        assert_eq!(self.status, first.status);
        let said = |answer: &Self| {
            let mut body = answer.body.clone();
            body.as_object_mut().map(|members| members.remove("request_id"));
            body
        };
        assert_eq!(said(self), said(first));
        for name in ["content-type", "content-length", "cache-control", "captcha-id", "captcha-expires-in"] {
            assert_eq!(self.headers.get(name), first.headers.get(name), "{name}");
        }
    }

    #[track_caller]
    fn age(&self) -> u64 {
        self.headers["age"].to_str().unwrap().parse().unwrap()
    }
}

async fn send_code_body(server: &TestServer, phone: &str) -> Value {
    json!({"phone_number": phone, "captcha_id": server.captcha().await, "captcha_answer": BYPASS})
}

async fn a_key_is_a_string_or_a_bare_word(server: TestServer) {
    let first = post(&server, "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "/v1/captchas", &json!({})).await;
    first.assert_done(201);
    post(&server, "8e03978e-40d5-43dd-bc93-6894a57f9324", "/v1/captchas", &json!({})).await.assert_replays(&first);
    let longest = "x".repeat(255);
    post(&server, &longest, "/v1/captchas", &json!({})).await.assert_done(201);
    let other = post(&server, &format!("\"{longest}\""), "/v1/captchas", &json!({})).await;
    assert!(other.replayed(), "{other:?}");
}

async fn what_is_no_key_is_refused_before_anything_is_done(server: TestServer) {
    let body = send_code_body(&server, &fresh_phone()).await;
    let path = "/v1/register/send-code";
    let long = "x".repeat(256);
    for key in ["", "\"\"", "two words", "\"a\", \"b\"", "a,b", "\"open", "\"a\";b", &long, "ключ"] {
        let refused = post(&server, key, path, &body).await;
        refused.assert_field(400, "malformed_request", "Idempotency-Key", "invalid_format");
    }
    let twice = named(&server, "a", path, &body).header("idempotency-key", "a");
    let refused = server.send(twice, path).await;
    refused.assert_field(400, "malformed_request", "Idempotency-Key", "invalid_format");
    assert_eq!(server.sms.requests(), 0);
    server.post(path, body).await.assert_done(200);
}

async fn fifty_duplicates_at_once_send_one_message(server: TestServer) {
    let phone = fresh_phone();
    let body = send_code_body(&server, &phone).await;
    let answers = at_once((0..50).map(|_| post(&server, "one", "/v1/register/send-code", &body))).await;
    // None of them found the captcha used up, the phone in its cooldown, or anything else that the first one did.
    let (done, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    for answer in &busy {
        answer.assert_refused(409, "request_in_progress");
        assert_eq!(answer.headers["retry-after"], "1");
    }
    let first: Vec<_> = done.iter().filter(|answer| !answer.replayed()).collect();
    assert_eq!(first.len(), 1, "{done:?}");
    let again = post(&server, "one", "/v1/register/send-code", &body).await;
    again.assert_replays(first[0]);
    assert_eq!((server.sms.requests(), server.sms.messages_for(&phone).len()), (1, 1));
    let code = server.sms.code_for(&phone).unwrap();
    server.verify(&again.text("ticket"), &code).await.assert_done(200);
}

async fn a_key_is_one_of_a_kind_on_its_route_for_its_person(server: TestServer) {
    let people = server.people(2).await;
    let (one, other) = (&people[0].access, &people[1].access);
    let path = "/v1/me/deletion/send-code";
    let first = post_as(&server, "same", one, path, &json!({})).await;
    let second = post_as(&server, "same", other, path, &json!({})).await;
    assert!(!second.replayed() && first.text("ticket") != second.text("ticket"), "{second:?}");
    // Another content, of the same person or in the same words elsewhere.
    let refused = post_as(&server, "same", one, path, &json!({"client_id": null})).await;
    refused.assert_refused(422, "idempotency_key_reused");
    let elsewhere = post(&server, "same", "/v1/captchas", &json!({})).await;
    assert!(!elsewhere.replayed() && elsewhere.status == StatusCode::CREATED);
    // A picture is another answer than JSON with a picture in it.
    let png = named(&server, "same", "/v1/captchas", &json!({})).header("accept", "image/png");
    server.send(png, "/v1/captchas").await.assert_refused(422, "idempotency_key_reused");
    post_as(&server, "same", one, path, &json!({})).await.assert_replays(&first);
}

async fn a_replay_needs_a_living_session(server: TestServer) {
    let person = server.person().await;
    let device = server.signed_in(&person.phone).await;
    let (path, body) = ("/v1/me/deletion/send-code", json!({}));
    let first = post_as(&server, "one", &person.access, path, &body).await;
    first.assert_done(200);
    post_as(&server, "one", &device.access, path, &body).await.assert_replays(&first);
    server.call(Method::POST, "/v1/logout", &person.access, Value::Null).await.assert_done(204);
    post_as(&server, "one", &person.access, path, &body).await.assert_refused(401, "token_invalid");
    post_as(&server, "one", "nonsense", path, &body).await.assert_refused(401, "token_invalid");
    post(&server, "one", path, &body).await.assert_refused(401, "token_missing");
    post_as(&server, "one", &device.access, path, &body).await.assert_replays(&first);
}

async fn nobody_asks_for_a_token_where_none_is_needed(server: TestServer) {
    let person = server.person().await;
    let body = json!({"phone_number": person.phone, "password": PASSWORD});
    let first = post_as(&server, "one", "stale", "/v1/login", &body).await;
    first.assert_done(200);
    post_as(&server, "one", &person.access, "/v1/login", &body).await.assert_replays(&first);
    post(&server, "one", "/v1/login", &body).await.assert_replays(&first);
}

async fn an_answer_is_kept_for_a_day(server: TestServer) {
    let person = server.person().await;
    let body = json!({"phone_number": person.phone, "password": PASSWORD});
    let first = post(&server, "one", "/v1/login", &body).await;
    assert!(!first.headers.contains_key("age"));
    server.advance(Duration::from_secs(86_400 - 60));
    let last = post(&server, "one", "/v1/login", &body).await;
    last.assert_replays(&first);
    assert_eq!(last.age(), 86_400 - 60);
    server.advance(Duration::from_secs(60));
    let anew = post(&server, "one", "/v1/login", &body).await;
    assert!(!anew.replayed() && anew.text("access_token") != first.text("access_token"));
}

async fn a_captcha_is_kept_as_long_as_it_is_worth_something(server: TestServer) {
    let first = post(&server, "one", "/v1/captchas", &json!({})).await;
    server.advance(Duration::from_secs(280));
    let again = post(&server, "one", "/v1/captchas", &json!({})).await;
    again.assert_replays(&first);
    assert_eq!(again.age(), 280);
    server.advance(Duration::from_secs(20));
    let anew = post(&server, "one", "/v1/captchas", &json!({})).await;
    assert!(!anew.replayed() && anew.text("captcha_id") != first.text("captcha_id"));
}

async fn a_picture_comes_again_byte_for_byte(server: TestServer) {
    let png = || named(&server, "one", "/v1/captchas", &json!({})).header("accept", "image/png").send();
    let (first, again) = (png().await.unwrap(), png().await.unwrap());
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    for name in ["content-type", "captcha-id", "captcha-expires-in", "content-length", "cache-control"] {
        assert_eq!(first.headers()[name], again.headers()[name], "{name}");
    }
    assert_eq!(first.headers()["content-type"], "image/png");
    let (first, again) = (first.bytes().await.unwrap(), again.bytes().await.unwrap());
    assert!(first.starts_with(b"\x89PNG") && first == again);
}

/// It is forty times as large as any other answer: a key for each would fill staging.
async fn a_sound_is_not_kept_but_made_anew(server: TestServer) {
    let body = json!({"kind": "audio"});
    let first = post(&server, "one", "/v1/captchas", &body).await;
    let again = post(&server, "one", "/v1/captchas", &body).await;
    first.assert_done(201);
    again.assert_done(201);
    assert!(!again.replayed() && again.text("captcha_id") != first.text("captcha_id"));
    let wav = || named(&server, "two", "/v1/captchas", &body).header("accept", "audio/wav").send();
    let (first, again) = (wav().await.unwrap(), wav().await.unwrap());
    assert!(again.headers().get("idempotency-replayed").is_none());
    assert_ne!(first.headers()["captcha-id"], again.headers()["captcha-id"]);
}

async fn a_refusal_that_cost_something_is_kept(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    let wrong = json!({"ticket": ticket, "code": other_than(&server.sms.code_for(&phone).unwrap())});
    let path = "/v1/register/verify-code";
    let first = post(&server, "one", path, &wrong).await;
    first.assert_refused(422, "code_wrong");
    for _ in 0..10 {
        post(&server, "one", path, &wrong).await.assert_replays(&first);
    }
    let second = post(&server, "two", path, &wrong).await;
    assert_eq!((first.number("attempts_left"), second.number("attempts_left")), (4, 3));
    // A captcha that was wrong is used up, once.
    let body = json!({"phone_number": fresh_phone(), "captcha_id": server.captcha().await, "captcha_answer": "wrong"});
    let first = post(&server, "three", "/v1/register/send-code", &body).await;
    first.assert_refused(422, "captcha_wrong");
    post(&server, "three", "/v1/register/send-code", &body).await.assert_replays(&first);
}

async fn a_refusal_that_changed_nothing_is_not(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    // Too early, with the key that will do when the time has come.
    let resend = json!({"ticket": ticket});
    let path = "/v1/register/resend-code";
    post(&server, "one", path, &resend).await.assert_refused(429, "resend_cooldown");
    server.advance(Duration::from_secs(60));
    let resent = post(&server, "one", path, &resend).await;
    assert!(!resent.replayed(), "{resent:?}");
    resent.assert_done(200);
    // Not the form of a request: the key is free for one that has it.
    let password = |password: &str| json!({"ticket": ticket, "password": password});
    let path = "/v1/register/set-password";
    post(&server, "two", path, &password("short")).await.assert_refused(422, "validation_failed");
    post(&server, "two", path, &json!([])).await.assert_refused(400, "malformed_request");
    let text = server.request(Method::POST, path).header("idempotency-key", "two").body("{}");
    server.send(text, path).await.assert_refused(415, "unsupported_media_type");
    let large = post(&server, "two", path, &password(&"x".repeat(20_000))).await;
    large.assert_refused(413, "payload_too_large");
    post(&server, "two", path, &password(PASSWORD)).await.assert_refused(409, "wrong_step");
    server.verify(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_done(200);
    post(&server, "two", path, &password(PASSWORD)).await.assert_done(200);
}

async fn a_kept_problem_speaks_the_language_of_who_asks(server: TestServer) {
    let body = json!({"phone_number": fresh_phone(), "password": PASSWORD});
    let ask = |language: &'static str| {
        let request = named(&server, "one", "/v1/login", &body).header("accept-language", language);
        server.send(request, "/v1/login")
    };
    let (first, again) = (ask("en").await, ask("zh-CN").await);
    first.assert_refused(401, "credentials_invalid");
    again.assert_refused(401, "credentials_invalid");
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

/// The work is done by whichever replica is asked first; all know of it.
#[actix_web::test]
async fn replicas_share_what_they_answered() {
    let mut server = TestServer::new(BackEnds::Real).await;
    let (first_url, second_url) = (server.url.clone(), server.serve().await);
    let phone = fresh_phone();
    let body = send_code_body(&server, &phone).await;
    let first = post(&server, "one", "/v1/register/send-code", &body).await;
    first.assert_done(200);
    server.url = second_url;
    post(&server, "one", "/v1/register/send-code", &body).await.assert_replays(&first);
    post(&server, "one", "/v1/register/send-code", &json!({})).await.assert_refused(422, "idempotency_key_reused");
    server.url = first_url;
    assert_eq!(server.sms.requests(), 1);
}

//! `Idempotency-Key`: a request that comes twice happens once.

mod every_post;
mod network;
mod outage;

use crate::house::{Answer, BYPASS, BackEnds, House, PASSWORD, fresh_phone, other_than};
use crate::over_both_back_ends;
use crate::people::at_once;
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
fn named(house: &House, key: &str, path: &str, body: &Value) -> RequestBuilder {
    house.request(Method::POST, path).header("idempotency-key", key).json(body)
}

async fn post(house: &House, key: &str, path: &str, body: &Value) -> Answer {
    house.send(named(house, key, path, body), path).await
}

async fn post_as(house: &House, key: &str, token: &str, path: &str, body: &Value) -> Answer {
    house.send(named(house, key, path, body).bearer_auth(token), path).await
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

async fn send_code_body(house: &House, phone: &str) -> Value {
    json!({"phone_number": phone, "captcha_id": house.captcha().await, "captcha_answer": BYPASS})
}

async fn a_key_is_a_string_or_a_bare_word(house: House) {
    let first = post(&house, "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "/v1/captchas", &json!({})).await;
    first.assert_done(201);
    post(&house, "8e03978e-40d5-43dd-bc93-6894a57f9324", "/v1/captchas", &json!({})).await.assert_replays(&first);
    let longest = "x".repeat(255);
    post(&house, &longest, "/v1/captchas", &json!({})).await.assert_done(201);
    let other = post(&house, &format!("\"{longest}\""), "/v1/captchas", &json!({})).await;
    assert!(other.replayed(), "{other:?}");
}

async fn what_is_no_key_is_refused_before_anything_is_done(house: House) {
    let body = send_code_body(&house, &fresh_phone()).await;
    let path = "/v1/register/send-code";
    let long = "x".repeat(256);
    for key in ["", "\"\"", "two words", "\"a\", \"b\"", "a,b", "\"open", "\"a\";b", &long, "ключ"] {
        let refused = post(&house, key, path, &body).await;
        refused.assert_field(400, "malformed_request", "Idempotency-Key", "invalid_format");
    }
    let twice = named(&house, "a", path, &body).header("idempotency-key", "a");
    let refused = house.send(twice, path).await;
    refused.assert_field(400, "malformed_request", "Idempotency-Key", "invalid_format");
    assert_eq!(house.sms.requests(), 0);
    house.post(path, body).await.assert_done(200);
}

async fn fifty_duplicates_at_once_send_one_message(house: House) {
    let phone = fresh_phone();
    let body = send_code_body(&house, &phone).await;
    let answers = at_once((0..50).map(|_| post(&house, "one", "/v1/register/send-code", &body))).await;
    // None of them found the captcha used up, the phone in its cooldown, or anything else that the first one did.
    let (done, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    for answer in &busy {
        answer.assert_refused(409, "request_in_progress");
        assert_eq!(answer.headers["retry-after"], "1");
    }
    let first: Vec<_> = done.iter().filter(|answer| !answer.replayed()).collect();
    assert_eq!(first.len(), 1, "{done:?}");
    let again = post(&house, "one", "/v1/register/send-code", &body).await;
    again.assert_replays(first[0]);
    assert_eq!((house.sms.requests(), house.sms.messages_for(&phone).len()), (1, 1));
    let code = house.sms.code_for(&phone).unwrap();
    house.verify(&again.text("ticket"), &code).await.assert_done(200);
}

async fn a_key_is_one_of_a_kind_on_its_route_for_its_person(house: House) {
    let people = house.people(2).await;
    let (one, other) = (&people[0].access, &people[1].access);
    let path = "/v1/me/deletion/send-code";
    let first = post_as(&house, "same", one, path, &json!({})).await;
    let second = post_as(&house, "same", other, path, &json!({})).await;
    assert!(!second.replayed() && first.text("ticket") != second.text("ticket"), "{second:?}");
    // Another content, of the same person or in the same words elsewhere.
    let refused = post_as(&house, "same", one, path, &json!({"client_id": null})).await;
    refused.assert_refused(422, "idempotency_key_reused");
    let elsewhere = post(&house, "same", "/v1/captchas", &json!({})).await;
    assert!(!elsewhere.replayed() && elsewhere.status == StatusCode::CREATED);
    // A picture is another answer than JSON with a picture in it.
    let png = named(&house, "same", "/v1/captchas", &json!({})).header("accept", "image/png");
    house.send(png, "/v1/captchas").await.assert_refused(422, "idempotency_key_reused");
    post_as(&house, "same", one, path, &json!({})).await.assert_replays(&first);
}

async fn a_replay_needs_a_living_session(house: House) {
    let person = house.person().await;
    let device = house.signed_in(&person.phone).await;
    let (path, body) = ("/v1/me/deletion/send-code", json!({}));
    let first = post_as(&house, "one", &person.access, path, &body).await;
    first.assert_done(200);
    post_as(&house, "one", &device.access, path, &body).await.assert_replays(&first);
    house.call(Method::POST, "/v1/logout", &person.access, Value::Null).await.assert_done(204);
    post_as(&house, "one", &person.access, path, &body).await.assert_refused(401, "token_invalid");
    post_as(&house, "one", "nonsense", path, &body).await.assert_refused(401, "token_invalid");
    post(&house, "one", path, &body).await.assert_refused(401, "token_missing");
    post_as(&house, "one", &device.access, path, &body).await.assert_replays(&first);
}

async fn nobody_asks_for_a_token_where_none_is_needed(house: House) {
    let person = house.person().await;
    let body = json!({"phone_number": person.phone, "password": PASSWORD});
    let first = post_as(&house, "one", "stale", "/v1/login", &body).await;
    first.assert_done(200);
    post_as(&house, "one", &person.access, "/v1/login", &body).await.assert_replays(&first);
    post(&house, "one", "/v1/login", &body).await.assert_replays(&first);
}

async fn an_answer_is_kept_for_a_day(house: House) {
    let person = house.person().await;
    let body = json!({"phone_number": person.phone, "password": PASSWORD});
    let first = post(&house, "one", "/v1/login", &body).await;
    assert!(!first.headers.contains_key("age"));
    house.advance(Duration::from_secs(86_400 - 60));
    let last = post(&house, "one", "/v1/login", &body).await;
    last.assert_replays(&first);
    assert_eq!(last.age(), 86_400 - 60);
    house.advance(Duration::from_secs(60));
    let anew = post(&house, "one", "/v1/login", &body).await;
    assert!(!anew.replayed() && anew.text("access_token") != first.text("access_token"));
}

async fn a_captcha_is_kept_as_long_as_it_is_worth_something(house: House) {
    let first = post(&house, "one", "/v1/captchas", &json!({})).await;
    house.advance(Duration::from_secs(280));
    let again = post(&house, "one", "/v1/captchas", &json!({})).await;
    again.assert_replays(&first);
    assert_eq!(again.age(), 280);
    house.advance(Duration::from_secs(20));
    let anew = post(&house, "one", "/v1/captchas", &json!({})).await;
    assert!(!anew.replayed() && anew.text("captcha_id") != first.text("captcha_id"));
}

async fn a_picture_comes_again_byte_for_byte(house: House) {
    let png = || named(&house, "one", "/v1/captchas", &json!({})).header("accept", "image/png").send();
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
async fn a_sound_is_not_kept_but_made_anew(house: House) {
    let body = json!({"kind": "audio"});
    let first = post(&house, "one", "/v1/captchas", &body).await;
    let again = post(&house, "one", "/v1/captchas", &body).await;
    first.assert_done(201);
    again.assert_done(201);
    assert!(!again.replayed() && again.text("captcha_id") != first.text("captcha_id"));
    let wav = || named(&house, "two", "/v1/captchas", &body).header("accept", "audio/wav").send();
    let (first, again) = (wav().await.unwrap(), wav().await.unwrap());
    assert!(again.headers().get("idempotency-replayed").is_none());
    assert_ne!(first.headers()["captcha-id"], again.headers()["captcha-id"]);
}

async fn a_refusal_that_cost_something_is_kept(house: House) {
    let phone = fresh_phone();
    let ticket = house.ticket(&phone).await;
    let wrong = json!({"ticket": ticket, "code": other_than(&house.sms.code_for(&phone).unwrap())});
    let path = "/v1/register/verify-code";
    let first = post(&house, "one", path, &wrong).await;
    first.assert_refused(422, "code_wrong");
    for _ in 0..10 {
        post(&house, "one", path, &wrong).await.assert_replays(&first);
    }
    let second = post(&house, "two", path, &wrong).await;
    assert_eq!((first.number("attempts_left"), second.number("attempts_left")), (4, 3));
    // A captcha that was wrong is used up, once.
    let body = json!({"phone_number": fresh_phone(), "captcha_id": house.captcha().await, "captcha_answer": "wrong"});
    let first = post(&house, "three", "/v1/register/send-code", &body).await;
    first.assert_refused(422, "captcha_wrong");
    post(&house, "three", "/v1/register/send-code", &body).await.assert_replays(&first);
}

async fn a_refusal_that_changed_nothing_is_not(house: House) {
    let phone = fresh_phone();
    let ticket = house.ticket(&phone).await;
    // Too early, with the key that will do when the time has come.
    let resend = json!({"ticket": ticket});
    let path = "/v1/register/resend-code";
    post(&house, "one", path, &resend).await.assert_refused(429, "resend_cooldown");
    house.advance(Duration::from_secs(60));
    let resent = post(&house, "one", path, &resend).await;
    assert!(!resent.replayed(), "{resent:?}");
    resent.assert_done(200);
    // Not the form of a request: the key is free for one that has it.
    let password = |password: &str| json!({"ticket": ticket, "password": password});
    let path = "/v1/register/set-password";
    post(&house, "two", path, &password("short")).await.assert_refused(422, "validation_failed");
    post(&house, "two", path, &json!([])).await.assert_refused(400, "malformed_request");
    let text = house.request(Method::POST, path).header("idempotency-key", "two").body("{}");
    house.send(text, path).await.assert_refused(415, "unsupported_media_type");
    let large = post(&house, "two", path, &password(&"x".repeat(20_000))).await;
    large.assert_refused(413, "payload_too_large");
    post(&house, "two", path, &password(PASSWORD)).await.assert_refused(409, "wrong_step");
    house.verify(&ticket, &house.sms.code_for(&phone).unwrap()).await.assert_done(200);
    post(&house, "two", path, &password(PASSWORD)).await.assert_done(200);
}

async fn a_kept_problem_speaks_the_language_of_who_asks(house: House) {
    let body = json!({"phone_number": fresh_phone(), "password": PASSWORD});
    let ask = |language: &'static str| {
        let request = named(&house, "one", "/v1/login", &body).header("accept-language", language);
        house.send(request, "/v1/login")
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
    let mut house = House::new(BackEnds::Real).await;
    let (first_url, second_url) = (house.url.clone(), house.serve().await);
    let phone = fresh_phone();
    let body = send_code_body(&house, &phone).await;
    let first = post(&house, "one", "/v1/register/send-code", &body).await;
    first.assert_done(200);
    house.url = second_url;
    post(&house, "one", "/v1/register/send-code", &body).await.assert_replays(&first);
    post(&house, "one", "/v1/register/send-code", &json!({})).await.assert_refused(422, "idempotency_key_reused");
    house.url = first_url;
    assert_eq!(house.sms.requests(), 1);
}

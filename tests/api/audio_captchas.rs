//! The puzzle for people who cannot read the picture: digits that are heard.

use crate::limits::wait;
use crate::proof_of_work::solved;
use crate::test_server::{Answer, BackEnds, TestServer, fresh_phone};
use crate::{over_both_back_ends, with_both_back_ends};
use base64::{Engine, prelude::BASE64_STANDARD};
use doorstep::adapters::captcha::audio::{BYTES, RATE, speak};
use doorstep::config::Config;
use doorstep::domain::language::Language;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

mod anywhere {
    use super::*;

    over_both_back_ends!(
        it_says_its_digits_and_nothing_else_tells_them,
        accept_wav_gets_the_raw_sound,
        a_raw_file_comes_only_of_the_kind_that_was_asked_for,
        the_right_digits_pass_in_any_width,
        it_is_used_up_by_the_first_try,
        it_expires,
        it_can_be_discarded_for_one_of_the_other_kind,
        it_speaks_the_language_of_whoever_asks,
        every_file_is_equally_long_and_begins_alike,
    );
}

mod counted {
    use super::*;

    with_both_back_ends!(
        it_has_a_limit_of_its_own,
        one_that_is_refused_counts_as_none,
        it_costs_work_where_a_picture_costs_it_under_pressure,
    );
}

const PATH: &str = "/v1/captchas";

fn audio() -> Value {
    json!({"kind": "audio"})
}

fn asking(server: &TestServer, accept: &str, body: &Value) -> RequestBuilder {
    server.request(Method::POST, PATH).header("accept", accept).json(body)
}

async fn try_captcha(server: &TestServer, id: &str, answer: &str) -> Answer {
    let body = json!({"phone_number": fresh_phone(), "captcha_id": id, "captcha_answer": answer});
    server.post("/v1/register/send-code", body).await
}

/// The file inside a JSON answer.
fn sound(answer: &Answer) -> Vec<u8> {
    BASE64_STANDARD.decode(answer.text("audio").strip_prefix("data:audio/wav;base64,").unwrap()).unwrap()
}

/// Samples of a WAV that has one header of 44 bytes, read by the book: every field at its place.
fn samples(wav: &[u8]) -> &[u8] {
    let word = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
    let half = |at: usize| u16::from_le_bytes(wav[at..at + 2].try_into().unwrap());
    assert_eq!((&wav[..4], &wav[8..16], &wav[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    assert_eq!((word(4) as usize, word(16), word(40) as usize), (wav.len() - 8, 16, wav.len() - 44));
    // Uncompressed, mono, samples a second, bytes a second, bytes and bits a sample.
    assert_eq!((half(20), half(22), word(24), word(28), half(32), half(34)), (1, 1, RATE, RATE, 1, 8));
    &wav[44..]
}

async fn it_says_its_digits_and_nothing_else_tells_them(server: TestServer) {
    let captcha = server.post(PATH, audio()).await;
    captcha.assert_done(201);
    assert_eq!((captcha.text("media_type").as_str(), captcha.number("expires_in")), ("audio/wav", 300));
    assert_eq!((captcha.body.get("image"), &captcha.headers["content-language"]), (None, &"en".parse().unwrap()));
    let (digits, seed) = server.spoken();
    let wav = sound(&captcha);
    assert_eq!(samples(&wav).len(), 8 * RATE as usize);
    assert!(wav == speak(&digits, Language::English, seed), "the sound of {digits}");
    let others = ["captcha_id", "media_type", "expires_in"].map(|member| captcha.body[member].to_string()).concat();
    assert!(!others.contains(&digits) && !format!("{:?}", captcha.headers).contains(&digits));
    assert!(server.post(PATH, json!({"kind": "image"})).await.body.get("audio").is_none());
}

async fn accept_wav_gets_the_raw_sound(server: TestServer) {
    let response = asking(&server, "audio/wav", &audio()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("captcha-expires-in")), ("audio/wav".into(), "300".into()));
    assert_eq!(header("content-language"), "en");
    let id = header("captcha-id");
    let (digits, seed) = server.spoken();
    assert!(response.bytes().await.unwrap() == speak(&digits, Language::English, seed));
    assert_eq!(try_captcha(&server, &id, &digits).await.status, StatusCode::OK);
}

async fn a_raw_file_comes_only_of_the_kind_that_was_asked_for(server: TestServer) {
    for (accept, body, member) in [
        ("image/png", audio(), "audio"),
        ("audio/wav", json!({}), "image"),
        ("audio/wav, application/json", audio(), "audio"),
    ] {
        let answer = server.send(asking(&server, accept, &body), PATH).await;
        answer.assert_done(201);
        assert!(answer.text(member).starts_with("data:"), "{accept}");
    }
}

async fn the_right_digits_pass_in_any_width(server: TestServer) {
    let id = server.post(PATH, audio()).await.text("captcha_id");
    let full_width = |digit: char| char::from_u32(u32::from(digit) - u32::from('0') + u32::from('０')).unwrap();
    let typed: String = server.spoken().0.chars().map(full_width).collect();
    assert_eq!(try_captcha(&server, &id, &typed).await.status, StatusCode::OK);
}

async fn it_is_used_up_by_the_first_try(server: TestServer) {
    let id = server.post(PATH, audio()).await.text("captcha_id");
    let (digits, _) = server.spoken();
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    try_captcha(&server, &id, wrong).await.assert_refused(422, "captcha_wrong");
    try_captcha(&server, &id, &digits).await.assert_refused(422, "captcha_expired");
}

async fn it_expires(server: TestServer) {
    let id = server.post(PATH, audio()).await.text("captcha_id");
    let (digits, _) = server.spoken();
    server.advance(Duration::from_secs(301));
    try_captcha(&server, &id, &digits).await.assert_refused(422, "captcha_expired");
}

async fn it_can_be_discarded_for_one_of_the_other_kind(server: TestServer) {
    let seen = server.captcha().await;
    let answer = server.captcha_answer();
    let recorded_codes = server.post(PATH, json!({"kind": "audio", "replaces": seen})).await.text("captcha_id");
    let (digits, _) = server.spoken();
    try_captcha(&server, &seen, &answer).await.assert_refused(422, "captcha_expired");
    server.post(PATH, json!({"replaces": recorded_codes})).await.assert_done(201);
    try_captcha(&server, &recorded_codes, &digits).await.assert_refused(422, "captcha_expired");
}

async fn it_speaks_the_language_of_whoever_asks(server: TestServer) {
    let request = server.request(Method::POST, PATH).header("accept-language", "zh-CN").json(&audio());
    let captcha = server.send(request, PATH).await;
    assert_eq!(captcha.headers["content-language"], "zh-CN");
    let (digits, seed) = server.spoken();
    assert!(sound(&captcha) == speak(&digits, Language::Chinese, seed));
    assert!(sound(&captcha) != speak(&digits, Language::English, seed));
}

async fn every_file_is_equally_long_and_begins_alike(server: TestServer) {
    let mut heads = Vec::new();
    for language in ["en", "zh-CN"].repeat(4) {
        let request = asking(&server, "audio/wav", &audio()).header("accept-language", language);
        let wav = request.send().await.unwrap().bytes().await.unwrap();
        assert_eq!(wav.len(), BYTES);
        heads.push(wav[..44].to_vec());
    }
    heads.dedup();
    assert_eq!(heads.len(), 1);
}

async fn it_has_a_limit_of_its_own(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("LIMIT_IP_AUDIO_CAPTCHAS", "2")]).await;
    for _ in 0..2 {
        server.post(PATH, audio()).await.assert_done(201);
    }
    let full = server.post(PATH, audio()).await;
    full.assert_refused(429, "too_many_requests");
    assert!((590..=600).contains(&wait(&full)), "{full:?}");
    server.post(PATH, json!({})).await.assert_done(201);
    server.advance(Duration::from_secs(wait(&full)));
    server.post(PATH, audio()).await.assert_done(201);
}

async fn one_that_is_refused_counts_as_none(back_ends: BackEnds) {
    let limits = [("LIMIT_IP_AUDIO_CAPTCHAS", "2"), ("LIMIT_IP_CAPTCHAS", "3")];
    let server = TestServer::with(back_ends, &limits).await;
    server.post(PATH, audio()).await.assert_done(201);
    server.post(PATH, audio()).await.assert_done(201);
    server.post(PATH, audio()).await.assert_refused(429, "too_many_requests");
    // The third of all is still to be had, and of those that are heard two are counted like any other.
    server.post(PATH, json!({})).await.assert_done(201);
    server.post(PATH, json!({})).await.assert_refused(429, "too_many_requests");
}

/// A machine that hears would else pass by the one that has to see.
async fn it_costs_work_where_a_picture_costs_it_under_pressure(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("PROOF_OF_WORK", "auto"), ("PROOF_OF_WORK_BITS", "8")]).await;
    server.post(PATH, json!({})).await.assert_done(201);
    let refused = server.post(PATH, audio()).await;
    refused.assert_refused(422, "proof_of_work_required");
    let mut body = solved(&refused);
    body["kind"] = json!("audio");
    server.post(PATH, body).await.assert_done(201);
}

#[actix_web::test]
async fn an_operator_may_have_none() {
    let server = TestServer::with(BackEnds::Embedded, &[("CAPTCHA_AUDIO", "false")]).await;
    server.post(PATH, audio()).await.assert_field(422, "validation_failed", "kind", "not_allowed");
    server.post(PATH, json!({"kind": "image"})).await.assert_done(201);
}

#[actix_web::test]
async fn there_are_two_kinds() {
    let server = TestServer::new(BackEnds::Embedded).await;
    server.post(PATH, json!({"kind": "smell"})).await.assert_field(422, "validation_failed", "kind", "not_allowed");
}

#[test]
fn settings_out_of_range_are_refused() {
    for (name, value) in
        [("LIMIT_IP_AUDIO_CAPTCHAS", "0"), ("LIMIT_IP_AUDIO_CAPTCHAS", "many"), ("CAPTCHA_AUDIO", "loud")]
    {
        let problems = Config::from_vars([(name.to_owned(), value.to_owned())]).err().unwrap();
        assert!(problems.to_string().contains(name), "{problems}");
    }
}

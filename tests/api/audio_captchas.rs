//! Audio captchas: spoken digits for users who cannot read the image.

use crate::limits::retry_after;
use crate::proof_of_work::solve_challenge;
use crate::server_tests;
use crate::test_server::{BackEnds, Response, TestServer, fresh_phone};
use base64::{Engine, prelude::BASE64_STANDARD};
use doorstep::adapters::captcha::speak;
use doorstep::config::Config;
use doorstep::domain::language::Language;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

mod with_default_settings {
    use super::*;

    server_tests!(
        only_the_sound_contains_the_digits,
        a_captcha_can_be_a_wav_file,
        accept_does_not_choose_the_kind,
        full_width_digits_are_accepted,
        the_first_answer_uses_up_an_audio_captcha,
        an_audio_captcha_expires,
        a_captcha_can_be_replaced_by_one_of_the_other_kind,
        the_sound_is_in_the_language_of_the_request,
        all_files_have_the_same_length_and_header,
    );
}

mod with_own_settings {
    use super::*;

    server_tests!(
    start: std::future::ready;
        audio_captchas_have_their_own_limit,
        a_denied_audio_captcha_is_not_counted,
        in_mode_auto_every_audio_captcha_requires_proof_of_work,
    );
}

const PATH: &str = "/v1/captchas";
/// Size of each file, and samples per second.
const BYTES: usize = 128_044;
const RATE: u32 = 16_000;

fn audio() -> Value {
    json!({"kind": "audio"})
}

fn captcha_request(server: &TestServer, accept: &str, body: &Value) -> RequestBuilder {
    server.request(Method::POST, PATH).header("accept", accept).json(body)
}

async fn try_captcha(server: &TestServer, id: &str, answer: &str) -> Response {
    let body = json!({"phone_number": fresh_phone(), "captcha_id": id, "captcha_answer": answer});
    server.post("/v1/register/send-code", body).await
}

/// Decodes the WAV file in a JSON response.
fn wav_file(response: &Response) -> Vec<u8> {
    BASE64_STANDARD.decode(response.text("audio").strip_prefix("data:audio/wav;base64,").unwrap()).unwrap()
}

/// Samples of a WAV file with a header of 44 bytes. Checks every field of the header.
fn samples(wav: &[u8]) -> &[u8] {
    let u32_at = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
    let u16_at = |at: usize| u16::from_le_bytes(wav[at..at + 2].try_into().unwrap());
    assert_eq!((&wav[..4], &wav[8..16], &wav[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    assert_eq!((u32_at(4) as usize, u32_at(16), u32_at(40) as usize), (wav.len() - 8, 16, wav.len() - 44));
    // Uncompressed, mono, samples per second, bytes per second, bytes and bits per sample.
    assert_eq!((u16_at(20), u16_at(22), u32_at(24), u32_at(28), u16_at(32), u16_at(34)), (1, 1, RATE, RATE, 1, 8));
    &wav[44..]
}

async fn only_the_sound_contains_the_digits(server: TestServer) {
    let captcha = server.post(PATH, audio()).await;
    captcha.assert_status(201);
    assert_eq!((captcha.text("media_type").as_str(), captcha.number("expires_in")), ("audio/wav", 300));
    assert_eq!((captcha.body.get("image"), &captcha.headers["content-language"]), (None, &"en".parse().unwrap()));
    assert_eq!(captcha.text("prompt"), "Type the 6 digits that you hear.");
    assert_eq!((captcha.text("input").as_str(), captcha.number("length")), ("digits", 6));
    let (digits, seed) = server.last_audio_captcha();
    let wav = wav_file(&captcha);
    assert_eq!(samples(&wav).len(), 8 * RATE as usize);
    assert!(wav == speak(&digits, Language::English, seed), "not the sound of {digits}");
    let others = ["captcha_id", "media_type", "expires_in"].map(|member| captcha.body[member].to_string()).concat();
    assert!(!others.contains(&digits) && !format!("{:?}", captcha.headers).contains(&digits));
    assert!(server.post(PATH, json!({"kind": "image"})).await.body.get("audio").is_none());
}

async fn a_captcha_can_be_a_wav_file(server: TestServer) {
    let request = server.request(Method::POST, "/v1/captchas/audio").json(&json!({}));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("captcha-expires-in")), ("audio/wav".into(), "300".into()));
    assert_eq!(header("content-language"), "en");
    let id = header("captcha-id");
    let (digits, seed) = server.last_audio_captcha();
    assert!(response.bytes().await.unwrap() == speak(&digits, Language::English, seed));
    assert_eq!(try_captcha(&server, &id, &digits).await.status, StatusCode::OK);
}

async fn accept_does_not_choose_the_kind(server: TestServer) {
    for (accept, body, member) in [("image/png", audio(), "audio"), ("audio/wav", json!({}), "image")] {
        let response = server.send(captcha_request(&server, accept, &body), PATH).await;
        response.assert_status(201);
        assert!(response.text(member).starts_with("data:"), "{accept}");
    }
}

async fn full_width_digits_are_accepted(server: TestServer) {
    let id = server.post(PATH, audio()).await.text("captcha_id");
    let full_width = |digit: char| char::from_u32(u32::from(digit) - u32::from('0') + u32::from('０')).unwrap();
    let typed: String = server.last_audio_captcha().0.chars().map(full_width).collect();
    assert_eq!(try_captcha(&server, &id, &typed).await.status, StatusCode::OK);
}

async fn the_first_answer_uses_up_an_audio_captcha(server: TestServer) {
    let id = server.post(PATH, audio()).await.text("captcha_id");
    let (digits, _) = server.last_audio_captcha();
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    try_captcha(&server, &id, wrong).await.assert_error(422, "captcha_wrong");
    try_captcha(&server, &id, &digits).await.assert_error(422, "captcha_expired");
}

async fn an_audio_captcha_expires(server: TestServer) {
    let id = server.post(PATH, audio()).await.text("captcha_id");
    let (digits, _) = server.last_audio_captcha();
    server.advance(Duration::from_secs(301));
    try_captcha(&server, &id, &digits).await.assert_error(422, "captcha_expired");
}

async fn a_captcha_can_be_replaced_by_one_of_the_other_kind(server: TestServer) {
    let image = server.captcha().await;
    let answer = server.captcha_answer();
    let audio = server.post(PATH, json!({"kind": "audio", "replaces": image})).await.text("captcha_id");
    let (digits, _) = server.last_audio_captcha();
    try_captcha(&server, &image, &answer).await.assert_error(422, "captcha_expired");
    server.post(PATH, json!({"replaces": audio})).await.assert_status(201);
    try_captcha(&server, &audio, &digits).await.assert_error(422, "captcha_expired");
}

async fn the_sound_is_in_the_language_of_the_request(server: TestServer) {
    let request = server.request(Method::POST, PATH).header("accept-language", "zh-CN").json(&audio());
    let captcha = server.send(request, PATH).await;
    assert_eq!(captcha.headers["content-language"], "zh-CN");
    let (digits, seed) = server.last_audio_captcha();
    assert!(wav_file(&captcha) == speak(&digits, Language::Chinese, seed));
    assert!(wav_file(&captcha) != speak(&digits, Language::English, seed));
}

async fn all_files_have_the_same_length_and_header(server: TestServer) {
    let mut headers = Vec::new();
    for language in ["en", "zh-CN"].repeat(4) {
        let request = server.request(Method::POST, "/v1/captchas/audio").header("accept-language", language);
        let wav = request.json(&json!({})).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(wav.len(), BYTES);
        headers.push(wav[..44].to_vec());
    }
    headers.dedup();
    assert_eq!(headers.len(), 1);
}

async fn audio_captchas_have_their_own_limit(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("LIMIT_IP_AUDIO_CAPTCHAS", "2")]).await;
    for _ in 0..2 {
        server.post(PATH, audio()).await.assert_status(201);
    }
    let denied = server.post(PATH, audio()).await;
    denied.assert_error(429, "too_many_requests");
    assert!((590..=600).contains(&retry_after(&denied)), "{denied:?}");
    server.post(PATH, json!({})).await.assert_status(201);
    server.advance(Duration::from_secs(retry_after(&denied)));
    server.post(PATH, audio()).await.assert_status(201);
}

async fn a_denied_audio_captcha_is_not_counted(back_ends: BackEnds) {
    let limits = [("LIMIT_IP_AUDIO_CAPTCHAS", "2"), ("LIMIT_IP_CAPTCHAS", "3")];
    let server = TestServer::with(back_ends, &limits).await;
    server.post(PATH, audio()).await.assert_status(201);
    server.post(PATH, audio()).await.assert_status(201);
    server.post(PATH, audio()).await.assert_error(429, "too_many_requests");
    // The limit of all captchas is 3. It has counted two audio captchas, and allows one more captcha.
    server.post(PATH, json!({})).await.assert_status(201);
    server.post(PATH, json!({})).await.assert_error(429, "too_many_requests");
}

/// Otherwise a program that recognizes speech could avoid the proof of work for images.
async fn in_mode_auto_every_audio_captcha_requires_proof_of_work(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("PROOF_OF_WORK", "auto"), ("PROOF_OF_WORK_BITS", "8")]).await;
    server.post(PATH, json!({})).await.assert_status(201);
    let rejected = server.post(PATH, audio()).await;
    rejected.assert_error(422, "proof_of_work_required");
    let mut body = solve_challenge(&rejected);
    body["kind"] = json!("audio");
    server.post(PATH, body).await.assert_status(201);
}

#[actix_web::test]
async fn audio_captchas_can_be_turned_off() {
    let server = TestServer::with(BackEnds::Embedded, &[("CAPTCHA_AUDIO", "false")]).await;
    server.post(PATH, audio()).await.assert_field_error(422, "validation_failed", "kind", "not_allowed");
    server.post(PATH, json!({"kind": "image"})).await.assert_status(201);
}

#[actix_web::test]
async fn an_unknown_kind_is_rejected() {
    let server = TestServer::new(BackEnds::Embedded).await;
    server.post(PATH, json!({"kind": "smell"})).await.assert_field_error(
        422,
        "validation_failed",
        "kind",
        "not_allowed",
    );
}

#[test]
fn invalid_settings_are_rejected() {
    for (name, value) in
        [("LIMIT_IP_AUDIO_CAPTCHAS", "0"), ("LIMIT_IP_AUDIO_CAPTCHAS", "many"), ("CAPTCHA_AUDIO", "loud")]
    {
        let problems = Config::from_vars([(name.to_owned(), value.to_owned())]).err().unwrap();
        assert!(problems.to_string().contains(name), "{problems}");
    }
}

//! Image captchas, which a client solves before the service sends a code.

use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, Response, TestServer, fresh_phone};
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

server_tests!(
    a_captcha_is_a_png_image,
    a_captcha_can_be_a_png_file,
    a_captcha_says_what_to_type,
    answers_are_case_insensitive,
    similar_characters_are_accepted,
    a_client_can_choose_the_theme,
    the_first_answer_uses_up_a_captcha,
    a_captcha_expires,
    an_earlier_captcha_can_be_replaced,
    a_client_cannot_choose_a_captcha_id,
);

async fn try_captcha(server: &TestServer, id: &str, answer: &str) -> Response {
    let body = json!({"phone_number": fresh_phone(), "captcha_id": id, "captcha_answer": answer});
    server.post("/v1/register/send-code", body).await
}

async fn a_captcha_is_a_png_image(server: TestServer) {
    let captcha = server.post("/v1/captchas", json!({})).await;
    assert_eq!(captcha.status, StatusCode::CREATED);
    assert_eq!((captcha.text("media_type").as_str(), captcha.number("expires_in")), ("image/png", 300));
    let image = captcha.text("image");
    let png = BASE64_STANDARD.decode(image.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
    let decoded = image::load_from_memory(&png).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (192, 144));
    let answer = server.captcha_answer();
    assert!(!captcha.body.to_string().contains(&answer), "the response contains the answer");
}

async fn a_captcha_can_be_a_png_file(server: TestServer) {
    let request = server.request(Method::POST, "/v1/captchas/image").header("accept", "application/json");
    let response = request.json(&json!({"theme": "dark"})).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["content-type"], "image/png");
    assert_eq!(response.headers()["captcha-expires-in"], "300");
    let id = response.headers()["captcha-id"].to_str().unwrap().to_owned();
    image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(try_captcha(&server, &id, &server.captcha_answer()).await.status, StatusCode::OK);
}

async fn a_captcha_says_what_to_type(server: TestServer) {
    for (language, prompt) in [
        ("en", "Type the 6 characters in the picture, the upper line first."),
        ("zh-CN", "请输入图中的 6 个字符，先上行，后下行。"),
    ] {
        let request = server.request(Method::POST, "/v1/captchas").header("accept-language", language);
        let captcha = server.send(request.json(&json!({})), "/v1/captchas").await;
        assert_eq!((captcha.text("prompt").as_str(), captcha.text("input").as_str()), (prompt, "text"));
        assert_eq!((captcha.number("length"), &captcha.headers["content-language"]), (6, &language.parse().unwrap()));
        assert_eq!(server.captcha_answer().len(), 6);
    }
}

async fn answers_are_case_insensitive(server: TestServer) {
    let id = server.captcha().await;
    let answer = server.captcha_answer().to_lowercase();
    assert_eq!(try_captcha(&server, &id, &format!(" {answer} ")).await.status, StatusCode::OK);
}

/// Accepts 0 for D, i for L and 7 for T, and the full-width letters of a Chinese keyboard.
async fn similar_characters_are_accepted(server: TestServer) {
    let mut id = server.captcha().await;
    while !server.captcha_answer().contains(['D', 'L', 'T']) {
        id = server.captcha().await;
    }
    let full_width = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
    let typed: String =
        server.captcha_answer().replace('D', "0").replace('L', "i").replace('T', "7").chars().map(full_width).collect();
    assert_eq!(try_captcha(&server, &id, &typed).await.status, StatusCode::OK, "{typed}");
    let id = server.captcha().await;
    let answer = server.captcha_answer();
    let (first, rest) = answer.split_at(1);
    let wrong = format!("{}{rest}", if first == "X" { "A" } else { "X" });
    try_captcha(&server, &id, &wrong).await.assert_error(422, "captcha_wrong");
}

async fn a_client_can_choose_the_theme(server: TestServer) {
    for (body, dark) in [(json!({"theme": "dark"}), true), (json!({"theme": "light"}), false), (json!({}), false)] {
        let captcha = server.post("/v1/captchas", body.clone()).await;
        let image = captcha.text("image");
        let png = BASE64_STANDARD.decode(image.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let palette = reader.info().palette.as_ref().unwrap();
        let (paper, ink) = (u32::from(palette[1]), u32::from(palette[4]));
        assert_eq!(paper < ink, dark, "{body}: {palette:?}");
    }
    let unknown = server.post("/v1/captchas", json!({"theme": "Dark"})).await;
    unknown.assert_field_error(422, "validation_failed", "theme", "not_allowed");
}

/// Mistake 2 in docs/mistakes.md: one solved captcha allowed any number of messages.
async fn the_first_answer_uses_up_a_captcha(server: TestServer) {
    let id = server.captcha().await;
    let answer = server.captcha_answer();
    try_captcha(&server, &id, "WRONG").await.assert_error(422, "captcha_wrong");
    try_captcha(&server, &id, &answer).await.assert_error(422, "captcha_expired");
    let id = server.captcha().await;
    let answer = server.captcha_answer();
    assert_eq!(try_captcha(&server, &id, &answer).await.status, StatusCode::OK);
    try_captcha(&server, &id, &answer).await.assert_error(422, "captcha_expired");
}

async fn a_captcha_expires(server: TestServer) {
    let id = server.captcha().await;
    server.advance(Duration::from_secs(301));
    try_captcha(&server, &id, BYPASS).await.assert_error(422, "captcha_expired");
}

async fn an_earlier_captcha_can_be_replaced(server: TestServer) {
    let first = server.captcha().await;
    let second = server.post("/v1/captchas", json!({"replaces": first})).await.text("captcha_id");
    assert_ne!(first, second);
    try_captcha(&server, &first, BYPASS).await.assert_error(422, "captcha_expired");
    assert_eq!(try_captcha(&server, &second, BYPASS).await.status, StatusCode::OK);
}

/// Mistake 17 in docs/mistakes.md: clients chose the ids, and could overwrite captchas of other clients.
async fn a_client_cannot_choose_a_captcha_id(server: TestServer) {
    let chosen = json!({"captcha_id": "AAAAAAAAAAAAAAAAAAAAAA"});
    server.post("/v1/captchas", chosen).await.assert_field_error(
        400,
        "malformed_request",
        "captcha_id",
        "unknown_field",
    );
    let own = server.captcha().await;
    let unknown = json!({"replaces": "AAAAAAAAAAAAAAAAAAAAAA"});
    assert_eq!(server.post("/v1/captchas", unknown).await.status, StatusCode::CREATED);
    assert_eq!(try_captcha(&server, &own, BYPASS).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn the_arithmetic_style_expects_the_sum() {
    let server = TestServer::with(BackEnds::Embedded, &[("CAPTCHA_STYLE", "arithmetic")]).await;
    let captcha = server.post("/v1/captchas", json!({})).await;
    assert_eq!((captcha.text("input").as_str(), captcha.body.get("length")), ("digits", None));
    let id = captcha.text("captcha_id");
    let sum = server.arithmetic_answer();
    assert!((24..=108).contains(&sum.parse::<u32>().unwrap()), "{sum}");
    assert_eq!(try_captcha(&server, &id, &sum).await.status, StatusCode::OK);
}

/// The bypass answer is for QA, and must work only where it is configured.
#[actix_web::test]
async fn only_the_configured_bypass_answer_is_accepted() {
    let server = TestServer::with(BackEnds::Embedded, &[("CAPTCHA_BYPASS_ANSWER", "another")]).await;
    let id = server.captcha().await;
    try_captcha(&server, &id, BYPASS).await.assert_error(422, "captcha_wrong");
    let id = server.captcha().await;
    assert_eq!(try_captcha(&server, &id, "another").await.status, StatusCode::OK);
}

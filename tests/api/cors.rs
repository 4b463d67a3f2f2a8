//! Cross-origin requests of browsers (`CORS_ORIGINS`).

use crate::test_server::{BackEnds, TestServer, fresh_phone};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const APP: &str = "https://app.example.com";
const LOCAL: &str = "http://localhost:5173";
const SETTING: (&str, &str) = ("CORS_ORIGINS", "https://App.example.com:443/, http://localhost:5173");

async fn server(settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(BackEnds::Embedded, settings).await
}

/// Sends the request that a browser sends before a request with this method and these headers.
async fn preflight(server: &TestServer, path: &str, origin: &str, method: &str, headers: &str) -> Response {
    let request = server.request(Method::OPTIONS, path).header("origin", origin);
    let request = request.header("access-control-request-method", method);
    let request = if headers.is_empty() { request } else { request.header("access-control-request-headers", headers) };
    request.send().await.unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

fn allowed_origin(headers: &HeaderMap) -> Option<&str> {
    header(headers, "access-control-allow-origin")
}

fn has_cors_headers(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

/// Items of a header with a list, in lower case and sorted.
fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    let mut items: Vec<_> =
        header(headers, name).unwrap_or_default().split(',').map(|item| item.trim().to_ascii_lowercase()).collect();
    items.sort();
    items
}

#[actix_web::test]
async fn cors_is_off_by_default() {
    for settings in [&[][..], &[("CORS_ORIGINS", "")]] {
        let server = server(settings).await;
        let simple = server.request(Method::GET, "/.well-known/jwks.json").header("origin", APP).send().await.unwrap();
        assert_eq!(simple.status(), StatusCode::OK);
        assert!(!has_cors_headers(simple.headers()) && header(simple.headers(), "vary").is_none(), "{simple:?}");
        let refused = preflight(&server, "/v1/login", APP, "POST", "content-type").await;
        assert_eq!((refused.status().as_u16(), header(refused.headers(), "allow")), (405, Some("POST")));
        assert!(!has_cors_headers(refused.headers()), "{refused:?}");
    }
}

#[actix_web::test]
async fn a_preflight_request_of_an_allowed_origin_is_answered() {
    let server = server(&[SETTING]).await;
    let wanted = "authorization,content-type,accept-language,dpop,idempotency-key";
    for origin in [APP, LOCAL] {
        for (path, method) in [("/v1/login", "POST"), ("/v1/me", "PATCH"), ("/v1/me", "DELETE"), ("/nothing", "PUT")] {
            let answer = preflight(&server, path, origin, method, wanted).await;
            assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
            let headers = answer.headers();
            assert_eq!(allowed_origin(headers), Some(origin));
            let methods = ["delete", "get", "head", "patch", "post", "put"];
            assert_eq!(list(headers, "access-control-allow-methods"), methods);
            let names = ["accept-language", "authorization", "content-type", "dpop", "idempotency-key"];
            assert_eq!(list(headers, "access-control-allow-headers"), names);
            assert_eq!(header(headers, "access-control-max-age"), Some("7200"));
            assert!(!headers.contains_key("access-control-allow-credentials"));
            assert!(list(headers, "vary").contains(&"origin".to_owned()));
            assert_eq!(answer.text().await.unwrap(), "");
        }
    }
    // They are no requests to the API: neither their number nor a failure appears in the metrics.
    assert_eq!(server.metric("doorstep_http_requests_total", "").await, 0.0);
}

#[actix_web::test]
async fn a_preflight_request_of_another_origin_method_or_header_is_refused() {
    let server = server(&[SETTING]).await;
    for (origin, method, headers) in [
        ("https://evil.example.com", "POST", "content-type"),
        ("https://app.example.com.evil.example", "POST", "content-type"),
        ("http://app.example.com", "POST", "content-type"),
        ("https://app.example.com:8443", "POST", "content-type"),
        ("http://localhost", "POST", "content-type"),
        ("null", "POST", "content-type"),
        (APP, "TRACE", "content-type"),
        (APP, "POST", "x-other"),
    ] {
        let answer = preflight(&server, "/v1/login", origin, method, headers).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{origin} {method} {headers}: {answer:?}");
        assert!(!has_cors_headers(answer.headers()), "{answer:?}");
    }
    assert_eq!(server.metric("doorstep_http_requests_total", "").await, 0.0);
}

/// One response of each kind: a success, and errors of handlers, extractors, the router and the framework.
async fn responses(server: &TestServer, origin: Option<&str>) -> Vec<Response> {
    let ticket = server.new_ticket(&fresh_phone()).await;
    let over_budget =
        json!({"phone_number": fresh_phone(), "captcha_id": server.captcha().await, "captcha_answer": "letmein"});
    let mut all = Vec::new();
    for (method, path, body, status) in [
        (Method::GET, "/.well-known/jwks.json", Value::Null, 200),
        (Method::POST, "/v1/captchas", json!({}), 201),
        (Method::GET, "/v1/me", Value::Null, 401),
        (Method::GET, "/nothing", Value::Null, 404),
        (Method::GET, "/v1/login", Value::Null, 405),
        (Method::POST, "/v1/login", json!({"phone_number": "x".repeat(100_000)}), 413),
        (Method::POST, "/v1/login", json!([]), 400),
        (Method::POST, "/v1/login", json!({"phone_number": "1", "password": "x"}), 422),
        (Method::POST, "/v1/register/resend-code", json!({"ticket": ticket}), 429),
        (Method::POST, "/v1/register/send-code", over_budget, 503),
        (Method::OPTIONS, "/v1/login", Value::Null, 405),
    ] {
        let request = server.request(method.clone(), path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{method} {path}: {response:?}");
        all.push(response);
    }
    all
}

/// The budget is used up by the first message.
const LIMITS: (&str, &str) = ("SMS_BUDGET_REGION_HOUR", "1");

#[actix_web::test]
async fn pages_of_an_allowed_origin_can_read_every_response() {
    let server = server(&[SETTING, LIMITS]).await;
    for response in responses(&server, Some(LOCAL)).await {
        let headers = response.headers();
        assert_eq!(allowed_origin(headers), Some(LOCAL), "{response:?}");
        let readable = list(headers, "access-control-expose-headers");
        for name in [
            "retry-after",
            "age",
            "dpop-nonce",
            "idempotency-replayed",
            "x-request-id",
            "captcha-id",
            "captcha-expires-in",
        ] {
            assert!(readable.contains(&name.to_owned()), "{name}: {response:?}");
        }
        assert!(list(headers, "vary").contains(&"origin".to_owned()), "{response:?}");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        assert!(headers.contains_key("x-request-id"), "{response:?}");
    }
}

#[actix_web::test]
async fn pages_of_another_origin_and_apps_get_the_response_without_permission() {
    for origin in [Some("https://evil.example.com"), Some("null"), None] {
        let server = server(&[SETTING, LIMITS]).await;
        for response in responses(&server, origin).await {
            assert_eq!(allowed_origin(response.headers()), None, "{response:?}");
            // A cache must not give this response to a page of an allowed origin.
            assert!(list(response.headers(), "vary").contains(&"origin".to_owned()), "{response:?}");
        }
    }
}

#[actix_web::test]
async fn every_origin_can_be_allowed() {
    let server = server(&[("CORS_ORIGINS", "*"), LIMITS]).await;
    for response in responses(&server, Some("https://any.example")).await {
        assert_eq!(allowed_origin(response.headers()), Some("*"), "{response:?}");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
    }
    let answer = preflight(&server, "/v1/login", "https://any.example", "POST", "content-type").await;
    assert_eq!((answer.status(), allowed_origin(answer.headers())), (StatusCode::OK, Some("*")));
}

/// A browser that sends its body too slowly can read the error.
#[actix_web::test]
async fn a_page_can_read_a_timeout() {
    let server = server(&[SETTING]).await;
    let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!("POST /v1/login HTTP/1.1\r\nHost: doorstep\r\nOrigin: {APP}\r\nContent-Type: application/json");
    socket.write_all(format!("{head}\r\nContent-Length: 100\r\n\r\n{{").as_bytes()).await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let (status, lines) = head.split_once("\r\n").unwrap();
    let origin = lines.lines().filter_map(|line| line.split_once(": "));
    let origin = origin.filter(|(name, _)| name.eq_ignore_ascii_case("access-control-allow-origin"));
    let origin: Vec<_> = origin.map(|(_, value)| HeaderValue::from_str(value).unwrap()).collect();
    assert_eq!((status.split(' ').nth(1), &origin[..]), (Some("408"), &[HeaderValue::from_static(APP)][..]), "{text}");
}

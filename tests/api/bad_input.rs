//! Invalid requests: each kind gets one error code and changes nothing.

use crate::server_tests;
use crate::test_server::{BYPASS, PASSWORD, Response, TestServer, fresh_phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

server_tests!(
    invalid_json_is_malformed_json,
    json_of_the_wrong_shape_names_the_field,
    only_one_json_content_type_is_accepted,
    an_empty_chunked_body_is_no_body,
    bodies_over_16_kib_are_rejected,
    unknown_paths_and_methods_are_rejected,
    invalid_phone_numbers_are_rejected,
    invalid_tickets_and_captcha_ids_are_rejected,
    invalid_codes_are_rejected_and_use_no_attempt,
    invalid_profiles_are_rejected,
    invalid_passwords_are_rejected,
    invalid_requests_send_nothing_and_do_not_use_up_the_captcha,
);

const ENDPOINTS: [&str; 19] = [
    "/v1/captchas",
    "/v1/register/send-code",
    "/v1/register/resend-code",
    "/v1/register/verify-code",
    "/v1/register/set-password",
    "/v1/register/submit-profile",
    "/v1/register/status",
    "/v1/login",
    "/v1/login/send-code",
    "/v1/login/resend-code",
    "/v1/login/verify-code",
    "/v1/token/refresh",
    "/v1/password-reset/send-code",
    "/v1/password-reset/resend-code",
    "/v1/password-reset/verify-code",
    "/v1/password-reset/set-password",
    "/v1/account-deletion/send-code",
    "/v1/account-deletion/resend-code",
    "/v1/account-deletion/verify-code",
];

async fn raw(server: &TestServer, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = server.request(Method::POST, path).header("content-type", content_type).body(body);
    server.send(request, path).await
}

/// Mistake 3 in docs/mistakes.md: a missing field, or a body that was not a JSON object, caused a 500.
async fn invalid_json_is_malformed_json(server: TestServer) {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"{\"ticket\": }",
        b"phone_number=13800138000",
        b"{\"ticket\":\"\xff\xfe\"}",
        b"{\"ticket\":\"\\ud800\"}",
        b"{} {}",
        b"\xef\xbb\xbf{}",
        b"{\"ticket\":\"a\nb\"}",
    ];
    for path in ENDPOINTS {
        for body in bodies {
            raw(&server, path, "application/json", body).await.assert_error(400, "malformed_json");
        }
        raw(&server, path, "application/json", deep.clone()).await.assert_error(400, "malformed_json");
    }
}

async fn json_of_the_wrong_shape_names_the_field(server: TestServer) {
    for path in ENDPOINTS {
        for body in [json!([]), json!("text"), json!(1), json!(null), json!(true)] {
            server.post(path, body).await.assert_error(400, "malformed_request");
        }
        let unknown = json!({"surprise": 1});
        server.post(path, unknown).await.assert_field_error(400, "malformed_request", "surprise", "unknown_field");
    }
    for path in &ENDPOINTS[1..] {
        server.post(path, json!({})).await.assert_error(400, "malformed_request");
    }
    // Serde would deserialize an array into a struct.
    let ticket = "A".repeat(64);
    for (path, items) in [
        ("/v1/captchas", json!([null])),
        ("/v1/register/status", json!([ticket])),
        ("/v1/register/verify-code", json!([ticket, "123456"])),
        ("/v1/register/set-password", json!([ticket, PASSWORD, null])),
    ] {
        server.post(path, items).await.assert_field_error(400, "malformed_request", "", "invalid_type");
    }
    let path = "/v1/register/send-code";
    let body = |phone: Value| json!({"phone_number": phone, "captcha_id": "A".repeat(22), "captcha_answer": "x"});
    for phone in [json!(13_800_138_000_u64), json!(null), json!(["13800138000"]), json!({"number": "1"}), json!(1.5)] {
        server.post(path, body(phone)).await.assert_field_error(
            400,
            "malformed_request",
            "phone_number",
            "invalid_type",
        );
    }
    let missing = json!({"phone_number": "13800138000", "captcha_id": "x"});
    server.post(path, missing).await.assert_field_error(400, "malformed_request", "captcha_answer", "required");
    let twice = "{\"ticket\":\"a\",\"ticket\":\"b\"}";
    let response = raw(&server, "/v1/register/status", "application/json", twice).await;
    response.assert_field_error(400, "malformed_request", "ticket", "duplicate_field");
    // The response does not repeat the input, which may be a secret in the wrong field.
    let secret = json!({"ticket": {"password": "hush-hush"}});
    assert!(!server.post("/v1/register/status", secret).await.body.to_string().contains("hush"));
}

async fn only_one_json_content_type_is_accepted(server: TestServer) {
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=gbk", ""]
    {
        let response = raw(&server, "/v1/captchas", content_type, "{}").await;
        response.assert_error(415, "unsupported_media_type");
    }
    let none = server.request(Method::POST, "/v1/captchas").body("{}");
    server.send(none, "/v1/captchas").await.assert_error(415, "unsupported_media_type");
    let two = server.request(Method::POST, "/v1/captchas").header("content-type", "application/json");
    let two = two.header("content-type", "text/plain").body("{}");
    server.send(two, "/v1/captchas").await.assert_error(415, "unsupported_media_type");
    let packed = server.request(Method::POST, "/v1/captchas").header("content-encoding", "gzip").json(&json!({}));
    server.send(packed, "/v1/captchas").await.assert_error(415, "unsupported_media_type");
    for content_type in ["application/json", "Application/JSON; charset=UTF-8", "application/json; charset=utf8"] {
        assert_eq!(raw(&server, "/v1/captchas", content_type, "{}").await.status, StatusCode::CREATED);
    }
    let plain = server.request(Method::POST, "/v1/captchas").header("content-encoding", "identity").json(&json!({}));
    assert_eq!(server.send(plain, "/v1/captchas").await.status, StatusCode::CREATED);
}

/// Proxies forward a request without a body in this form.
async fn an_empty_chunked_body_is_no_body(server: TestServer) {
    let user = server.create_user().await;
    let send = async |path: &str, headers: &str, body: &str| {
        let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
        let authorization = format!("Authorization: Bearer {}\r\n", user.access_token);
        let head = format!("POST {path} HTTP/1.1\r\nHost: doorstep\r\nConnection: close\r\n{authorization}{headers}");
        let request = format!("{head}Transfer-Encoding: chunked\r\n\r\n{body}0\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).await.unwrap();
        response.split(' ').nth(1).unwrap().to_owned()
    };
    let (body, json) = ("d\r\n{\"surprise\":1}\r\n", "Content-Type: application/json\r\n");
    assert_eq!(send("/v1/logout", "", "2\r\n{}\r\n").await, "415");
    assert_eq!(send("/v1/logout", json, body).await, "400");
    assert_eq!(send("/v1/register/status", "", "").await, "415");
    assert_eq!(send("/v1/me/deletion/send-code", "Idempotency-Key: one\r\n", "").await, "200");
    assert_eq!(send("/v1/logout", "", "").await, "204");
    server.me(&user.access_token).await.assert_error(401, "token_invalid");
}

async fn bodies_over_16_kib_are_rejected(server: TestServer) {
    let body = |size: usize| format!("{{\"ticket\":\"{}\"}}", "a".repeat(size - 13));
    let path = "/v1/register/status";
    let response = raw(&server, path, "application/json", body(16 * 1_024)).await;
    response.assert_error(422, "validation_failed");
    let response = raw(&server, path, "application/json", body(16 * 1_024 + 1)).await;
    response.assert_error(413, "payload_too_large");
    let response = raw(&server, path, "application/json", body(1_000_000)).await;
    response.assert_error(413, "payload_too_large");
}

/// The service rejects an announced length over the limit without waiting for the body.
#[actix_web::test]
async fn a_large_content_length_is_rejected_before_the_body_arrives() {
    let server = TestServer::new(crate::test_server::BackEnds::Embedded).await;
    server.stalled_body("/v1/captchas", 1_000_000).await.assert_error(413, "payload_too_large");
}

async fn unknown_paths_and_methods_are_rejected(server: TestServer) {
    for path in ["/", "/v1", "/v2/captchas", "/v1/register/", "/v1/register/send-code/", "/v1/%00", "/v1/captchas%2f.."]
    {
        server.send(server.request(Method::GET, path), path).await.assert_error(404, "not_found");
    }
    for path in ENDPOINTS {
        for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
            let response = server.send(server.request(method, path), path).await;
            response.assert_error(405, "method_not_allowed");
            assert_eq!(response.headers["allow"], "POST");
        }
    }
    let response = server.send(server.request(Method::PUT, "/v1/me"), "/v1/me").await;
    response.assert_error(405, "method_not_allowed");
    assert_eq!(response.headers["allow"], "GET, HEAD, PATCH, POST, DELETE");
    let head = server.request(Method::HEAD, "/healthz").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
}

/// Mistake 1 in docs/mistakes.md: a pattern without an end anchor, JSON numbers.
async fn invalid_phone_numbers_are_rejected(server: TestServer) {
    let body = |phone: &str| json!({"phone_number": phone, "captcha_id": "A".repeat(22), "captcha_answer": "x"});
    let long = "1".repeat(10_000);
    let cases = [
        ("13800000000abc", "invalid_format"),
        ("１３８００１３８００", "invalid_format"),
        ("一三八〇〇一三八〇〇〇", "invalid_format"),
        ("13800138000 ext. 5", "invalid_format"),
        ("13800138000;ext=5", "invalid_format"),
        ("1380013800", "invalid_format"),
        ("010-12345678", "invalid_format"),
        ("13800138000\u{0}", "invalid_format"),
        ("+86\n13800138000", "invalid_format"),
        ("<script>", "invalid_format"),
        ("", "too_short"),
        ("   ", "too_short"),
        (&long, "too_long"),
    ];
    for (phone, reason) in cases {
        let response = server.post("/v1/register/send-code", body(phone)).await;
        response.assert_field_error(422, "validation_failed", "phone_number", reason);
    }
    for phone in ["+14155552671", "+852 5123 4567", "+4915112345678"] {
        let response = server.post("/v1/register/send-code", body(phone)).await;
        response.assert_field_error(422, "region_not_supported", "phone_number", "not_allowed");
    }
}

async fn invalid_tickets_and_captcha_ids_are_rejected(server: TestServer) {
    let long = "A".repeat(10_000);
    for ticket in
        ["", "x", "../../etc/passwd", "flow:{a}:b", "*", "\u{0}", "票", &"A".repeat(63), &"+".repeat(64), &long]
    {
        for path in ENDPOINTS {
            let body = match path.rsplit('/').next() {
                Some("verify-code") => json!({"ticket": ticket, "code": "123456"}),
                Some("set-password") => json!({"ticket": ticket, "password": PASSWORD}),
                Some("submit-profile") => json!({"ticket": ticket, "nickname": "x"}),
                Some("resend-code" | "status") => json!({"ticket": ticket}),
                _ => continue,
            };
            server.post(path, body).await.assert_field_error(422, "validation_failed", "ticket", "invalid_format");
        }
        let body = json!({"phone_number": fresh_phone(), "captcha_id": ticket, "captcha_answer": "x"});
        let response = server.post("/v1/register/send-code", body).await;
        response.assert_field_error(422, "validation_failed", "captcha_id", "invalid_format");
        let response = server.post("/v1/captchas", json!({"replaces": ticket})).await;
        response.assert_field_error(422, "validation_failed", "replaces", "invalid_format");
    }
    // A well-formed ticket that does not exist.
    let unknown = "A".repeat(64);
    server.post("/v1/register/status", json!({"ticket": unknown})).await.assert_error(410, "ticket_expired");
    server.post("/v1/register/resend-code", json!({"ticket": unknown})).await.assert_error(410, "ticket_expired");
    server.verify_code(&unknown, "123456").await.assert_error(410, "ticket_expired");
    server.set_password(&unknown).await.assert_error(410, "ticket_expired");
    server.submit_profile(&unknown).await.assert_error(410, "ticket_expired");
    for (captcha_answer, reason) in
        [("", "too_short"), (" ", "too_short"), (&*"x".repeat(33), "too_long"), (&*long, "too_long")]
    {
        let body =
            json!({"phone_number": fresh_phone(), "captcha_id": "A".repeat(22), "captcha_answer": captcha_answer});
        let response = server.post("/v1/register/send-code", body).await;
        response.assert_field_error(422, "validation_failed", "captcha_answer", reason);
    }
}

async fn invalid_codes_are_rejected_and_use_no_attempt(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    for code in
        ["", "12345", "1234567", " 12345", "12345a", "１２３４５", "一二三四五六", "-123456", "+12345", "1e5", "12 456"]
    {
        let response = server.verify_code(&ticket, code).await;
        response.assert_field_error(422, "validation_failed", "code", "invalid_format");
    }
    let number = json!({"ticket": ticket, "code": 123_456});
    let response = server.post("/v1/register/verify-code", number).await;
    response.assert_field_error(400, "malformed_request", "code", "invalid_type");
    let status = server.post("/v1/register/status", json!({"ticket": ticket})).await;
    assert_eq!(status.number("attempts_left"), 5, "an invalid code used an attempt");
}

async fn invalid_profiles_are_rejected(server: TestServer) {
    let ticket = server.ticket_with_password(&fresh_phone()).await;
    let long = "x".repeat(10_000);
    let cases = [
        ("nickname", json!(""), "too_short"),
        ("nickname", json!("   "), "too_short"),
        ("nickname", json!("x".repeat(33)), "too_long"),
        ("nickname", json!(long), "too_long"),
        ("nickname", json!("a\u{0}b"), "invalid_characters"),
        ("nickname", json!("a\nb"), "invalid_characters"),
        ("nickname", json!("a\u{202e}b"), "invalid_characters"),
        ("gender", json!("f"), "not_allowed"),
        ("birthday", json!("2023-02-29"), "invalid_format"),
        ("birthday", json!("30/09/2001"), "invalid_format"),
        ("birthday", json!("２００１-０９-３０"), "invalid_format"),
        ("birthday", json!("1899-12-31"), "out_of_range"),
        ("birthday", json!("2999-01-01"), "out_of_range"),
        ("avatar_url", json!("https://evil.example/a.png"), "not_allowed"),
        ("avatar_url", json!("a.png"), "invalid_format"),
        ("avatar_url", json!(long), "too_long"),
    ];
    for (field, value, reason) in cases {
        let mut profile = json!({"ticket": ticket, "nickname": "小明"});
        profile[field] = value;
        let response = server.post("/v1/register/submit-profile", profile).await;
        response.assert_field_error(422, "validation_failed", field, reason);
    }
    for (field, value) in [
        ("nickname", json!(1)),
        ("gender", json!(1)),
        ("birthday", json!(20_010_930)),
        ("nickname", json!(null)),
        ("device_name", json!(1)),
    ] {
        let mut profile = json!({"ticket": ticket, "nickname": "小明"});
        profile[field] = value;
        let response = server.post("/v1/register/submit-profile", profile).await;
        response.assert_field_error(400, "malformed_request", field, "invalid_type");
    }
    assert_eq!(server.submit_profile(&ticket).await.status, StatusCode::CREATED, "the flow is unusable");
}

/// Mistake 14 in docs/mistakes.md: passwords of any length were hashed.
async fn invalid_passwords_are_rejected(server: TestServer) {
    let ticket = server.verified_ticket(&fresh_phone()).await;
    let cases = [
        ("", "too_short"),
        ("seven77", "too_short"),
        (&*"x".repeat(129), "too_long"),
        (&*"字".repeat(129), "too_long"),
        (&*"x".repeat(15_000), "too_long"),
        ("nul\u{0}nul nul", "invalid_characters"),
    ];
    for (password, reason) in cases {
        let response = server.post("/v1/register/set-password", json!({"ticket": ticket, "password": password})).await;
        response.assert_field_error(422, "validation_failed", "password", reason);
    }
    for password in ["八个字的密码也行", "pässwörd with ümlauts", &"xk4".repeat(42)] {
        let response = server.post("/v1/register/set-password", json!({"ticket": ticket, "password": password})).await;
        assert_eq!(response.status, StatusCode::OK, "{password}: {response:?}");
    }
}

async fn invalid_requests_send_nothing_and_do_not_use_up_the_captcha(server: TestServer) {
    let phone = fresh_phone();
    let captcha = server.captcha().await;
    for body in [
        json!({"phone_number": phone, "captcha_id": captcha}),
        json!({"phone_number": "x", "captcha_id": captcha, "captcha_answer": BYPASS}),
    ] {
        assert!(server.post("/v1/register/send-code", body).await.status.is_client_error());
    }
    assert_eq!(server.sms.requests(), 0);
    let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
    assert_eq!(server.post("/v1/register/send-code", body).await.status, StatusCode::OK, "the captcha is used up");
}

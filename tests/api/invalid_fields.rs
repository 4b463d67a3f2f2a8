//! Bodies with several invalid fields: all are reported at once.

use crate::server_tests;
use crate::test_server::{TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};

server_tests!(all_invalid_fields_of_a_body_are_reported_at_once);

/// Bodies with several fields: method, path, body, and the fields that are invalid in it.
fn bodies_with_invalid_fields() -> Vec<(Method, &'static str, Value, &'static [&'static str])> {
    let (ticket, code, password) = ("short", "12", "short");
    let captcha = json!({"phone_number": "x", "captcha_id": "x", "captcha_answer": "", "client_id": "other"});
    let send_code: &[&str] = &["captcha_answer", "captcha_id", "client_id", "phone_number"];
    let profile = json!({
        "ticket": ticket, "nickname": "", "avatar_url": "x", "gender": "x", "birthday": "x",
    });
    let work = json!({"challenge": "x", "nonce": "x"});
    let create = json!({"kind": "x", "theme": "x", "replaces": "x", "proof_of_work": work});
    let set_password = json!({"ticket": ticket, "password": password, "password_confirm": "other"});
    let login = json!({"phone_number": "x", "password": password, "captcha_id": "x"});
    let new_phone = json!({"phone_number": "x", "current_password": password, "client_id": "other"});
    let put = json!({"current_password": password, "new_password": password});
    let put_by_code = json!({"ticket": ticket, "code": code, "new_password": password});
    let put_by_both = json!({"current_password": password, "ticket": ticket, "code": code, "new_password": password});
    let patch = json!({"nickname": null, "avatar_url": "x", "gender": "x", "birthday": "x"});
    let upload = json!({"content_type": "x", "content_length": 0});
    let deletion = json!({"password": password, "ticket": ticket, "code": code});
    vec![
        (
            Method::POST,
            "/v1/captchas",
            create,
            &["kind", "proof_of_work.challenge", "proof_of_work.nonce", "replaces", "theme"],
        ),
        (Method::POST, "/v1/register/send-code", captcha.clone(), send_code),
        (Method::POST, "/v1/login/send-code", captcha, send_code),
        (Method::POST, "/v1/register/verify-code", json!({"ticket": ticket, "code": code}), &["code", "ticket"]),
        (Method::POST, "/v1/register/set-password", set_password, &["password", "password_confirm", "ticket"]),
        (
            Method::POST,
            "/v1/register/submit-profile",
            profile,
            &["avatar_url", "birthday", "gender", "nickname", "ticket"],
        ),
        (Method::POST, "/v1/login", login, &["captcha_answer", "captcha_id", "password", "phone_number"]),
        (Method::POST, "/v1/login/verify-code", json!({"ticket": ticket, "code": code}), &["code", "ticket"]),
        (Method::PATCH, "/v1/me", patch, &["avatar_url", "birthday", "gender", "nickname"]),
        (Method::PUT, "/v1/me/password", put, &["current_password", "new_password"]),
        (Method::PUT, "/v1/me/password", put_by_code, &["code", "new_password", "ticket"]),
        (Method::PUT, "/v1/me/password", put_by_both, &["code", "current_password", "new_password", "ticket"]),
        (
            Method::POST,
            "/v1/me/phone/confirm/verify-code",
            json!({"ticket": ticket, "code": code}),
            &["code", "ticket"],
        ),
        (Method::POST, "/v1/me/phone/send-code", new_phone, &["client_id", "current_password", "phone_number"]),
        (Method::POST, "/v1/me/avatar", upload, &["content_length", "content_type"]),
        (Method::DELETE, "/v1/me", deletion, &["code", "password", "ticket"]),
    ]
}

/// Mistake of many forms: the user corrects one field, and learns of the next.
async fn all_invalid_fields_of_a_body_are_reported_at_once(server: TestServer) {
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    for (method, path, body, fields) in bodies_with_invalid_fields() {
        let request = server.request(method, path).bearer_auth(&token).json(&body);
        let response = server.send(request, path).await;
        response.assert_error(422, "validation_failed");
        let errors = response.body["errors"].as_array().unwrap();
        let found: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(found, fields, "{path}");
        let pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        let expected: Vec<String> = fields.iter().map(|field| format!("#/{}", field.replace('.', "/"))).collect();
        assert_eq!(pointers, expected, "{path}");
    }
}

//! Requests whose body arrives slowly: the session ends between the head and the last byte, and nothing may be changed.

use crate::server_tests;
use crate::test_server::{PASSWORD, TestServer, fresh_phone};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NEW_PASSWORD: &str = "staple battery horse";

server_tests!(
    a_session_that_ended_before_the_last_byte_changes_nothing,
    a_keyed_request_of_a_session_that_ended_changes_nothing,
    a_password_reset_stops_a_phone_change_whose_body_is_late,
    a_late_body_of_a_living_session_is_accepted,
);

/// Request of which the head and the first byte of the body are sent.
pub struct LateRequest {
    socket: TcpStream,
    rest: Vec<u8>,
}

impl LateRequest {
    pub async fn start(
        server: &TestServer,
        method: &Method,
        path: &str,
        token: &str,
        header: &str,
        body: &Value,
    ) -> Self {
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: doorstep\r\nContent-Type: application/json\r\nAuthorization: Bearer \
             {token}\r\n{header}Connection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
        let (first, rest) = body.as_bytes().split_at(1);
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(first).await.unwrap();
        socket.flush().await.unwrap();
        Self { socket, rest: rest.to_vec() }
    }

    /// Sends the rest, and returns the status and the error code.
    pub async fn finish(mut self) -> (u16, String) {
        self.socket.write_all(&self.rest).await.unwrap();
        let mut text = String::new();
        self.socket.read_to_string(&mut text).await.unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let code = serde_json::from_str::<Value>(body).map(|body| body["code"].as_str().unwrap_or_default().to_owned());
        (status, code.unwrap_or_default())
    }
}

/// Every endpoint for signed-in users that has a body, with a body that would succeed.
async fn requests(server: &TestServer, user: &TestUser) -> Vec<(Method, &'static str, Value)> {
    let (new, other) = (fresh_phone(), fresh_phone());
    let change = json!({"phone_number": new, "current_password": PASSWORD});
    let sent = server.call(Method::POST, "/v1/me/phone/send-code", &user.access_token, change).await;
    let (ticket, code) = (sent.text("ticket"), server.sms.code_for(&new).unwrap());
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, json!({})).await;
    let (deletion, deletion_code) = (sent.text("ticket"), server.sms.code_for(&user.phone).unwrap());
    vec![
        (Method::PATCH, "/v1/me", json!({"nickname": "Eve"})),
        (Method::PUT, "/v1/me/password", json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD})),
        (Method::POST, "/v1/me/phone/send-code", json!({"phone_number": other, "current_password": PASSWORD})),
        (Method::POST, "/v1/me/phone/resend-code", json!({"ticket": ticket})),
        (Method::POST, "/v1/me/phone/verify-code", json!({"ticket": ticket, "code": code})),
        (Method::POST, "/v1/me/phone/confirm/send-code", json!({})),
        (Method::POST, "/v1/me/phone/confirm/resend-code", json!({"ticket": ticket})),
        (Method::POST, "/v1/me/phone/confirm/verify-code", json!({"ticket": ticket, "code": code})),
        (Method::POST, "/v1/me/password/send-code", json!({})),
        (Method::POST, "/v1/me/password/resend-code", json!({"ticket": ticket})),
        (
            Method::PUT,
            "/v1/me/password",
            json!({"ticket": deletion, "code": deletion_code, "new_password": NEW_PASSWORD}),
        ),
        (Method::POST, "/v1/me/deletion/send-code", json!({})),
        (Method::POST, "/v1/me/deletion/resend-code", json!({"ticket": deletion})),
        (Method::DELETE, "/v1/me", json!({"password": PASSWORD})),
        (Method::DELETE, "/v1/me", json!({"ticket": deletion, "code": deletion_code})),
        (Method::POST, "/v1/me/avatar", json!({"content_type": "image/png", "content_length": 100})),
        (Method::POST, "/v1/logout", json!({"everywhere": true})),
    ]
}

async fn a_session_that_ended_before_the_last_byte_changes_nothing(server: TestServer) {
    let owner = server.create_user().await;
    end_session_during(&server, &owner, &server.new_session(&owner.phone).await, false).await;
}

async fn a_keyed_request_of_a_session_that_ended_changes_nothing(server: TestServer) {
    let owner = server.create_user().await;
    end_session_during(&server, &owner, &server.new_session(&owner.phone).await, true).await;
}

/// Sends every request in the session of the thief, and lets the owner end it before the last byte of each.
pub async fn end_session_during(server: &TestServer, owner: &TestUser, thief: &TestUser, keyed: bool) {
    let mut late = Vec::new();
    for (n, (method, path, body)) in requests(server, thief).await.into_iter().enumerate() {
        let header = if keyed { format!("Idempotency-Key: late-{n}\r\n") } else { String::new() };
        let request = LateRequest::start(server, &method, path, &thief.access_token, &header, &body).await;
        late.push((method, path, request));
    }
    let messages = server.sms.requests();
    let sessions = server.call(Method::GET, "/v1/sessions", &thief.access_token, Value::Null).await;
    let current = sessions.body["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true);
    let path = format!("/v1/sessions/{}", current.unwrap()["id"].as_str().unwrap());
    let ended = server.call_path(Method::DELETE, &path, "/v1/sessions/{id}", &owner.access_token, Value::Null).await;
    ended.assert_status(204);
    for (method, path, request) in late {
        assert_eq!(request.finish().await, (401, "token_invalid".to_owned()), "{method} {path}");
    }
    assert_eq!(server.sms.requests(), messages, "a message was sent for a session that had ended");
    assert_eq!(server.me(&owner.access_token).await.body, owner.profile, "the account was changed");
    server.log_in(&owner.phone, PASSWORD).await.assert_status(200);
    server.refresh(&owner.refresh_token).await.assert_status(200);
}

/// Trial A1: a thief has a session and the password, requests a change of number, and keeps its body back.
async fn a_password_reset_stops_a_phone_change_whose_body_is_late(server: TestServer) {
    let owner = server.create_user().await;
    let thief = server.new_session(&owner.phone).await;
    let new = fresh_phone();
    let change = json!({"phone_number": new, "current_password": PASSWORD});
    let sent = server.call(Method::POST, "/v1/me/phone/send-code", &thief.access_token, change).await;
    let body = json!({"ticket": sent.text("ticket"), "code": server.sms.code_for(&new).unwrap()});
    let path = "/v1/me/phone/verify-code";
    let late = LateRequest::start(&server, &Method::POST, path, &thief.access_token, "", &body).await;
    let (ticket, code) = server.ticket_and_code("password-reset", &owner.phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    server
        .post("/v1/password-reset/set-password", json!({"ticket": ticket, "password": NEW_PASSWORD}))
        .await
        .assert_status(204);
    assert_eq!(late.finish().await, (401, "token_invalid".to_owned()));
    server.log_in(&owner.phone, NEW_PASSWORD).await.assert_status(200);
    server.log_in(&new, PASSWORD).await.assert_error(401, "credentials_invalid");
}

async fn a_late_body_of_a_living_session_is_accepted(server: TestServer) {
    let user = server.create_user().await;
    let body = json!({"nickname": "Late"});
    let late = LateRequest::start(&server, &Method::PATCH, "/v1/me", &user.access_token, "", &body).await;
    assert_eq!(late.finish().await.0, 200);
    assert_eq!(server.me(&user.access_token).await.body["nickname"], "Late");
}

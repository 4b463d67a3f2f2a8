//! Known devices: sign-in with a device token, and what forgets a device.

use crate::device_key::DeviceKey;
use crate::dpop::{dpop_server, proof};
use crate::limits::BEHIND_A_PROXY;
use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const WRONG: &str = "wrong horse battery";
const DAY: Duration = Duration::from_secs(86_400);

server_tests!(
    every_sign_in_returns_a_device_token,
    a_device_token_is_the_same_for_the_life_of_the_device,
    a_known_device_signs_in_after_wrong_passwords_of_strangers,
    a_known_device_has_ten_wrong_passwords_a_day,
    a_known_device_has_sixty_attempts_an_hour,
    a_token_of_another_account_counts_on_the_usual_limits,
    ten_uses_with_another_number_end_a_token,
    any_other_text_is_no_token,
    a_sign_out_keeps_the_device_unless_it_forgets_it,
    ending_a_session_forgets_its_device,
    a_sign_out_everywhere_forgets_every_device,
    a_password_change_keeps_only_the_device_that_changes_it,
    a_password_reset_forgets_every_device,
    a_device_is_known_for_180_days,
    the_list_of_sessions_names_known_devices,
    new_devices_take_no_place_of_older_ones,
);

impl TestServer {
    /// Signs in with the password and a device token.
    pub async fn log_in_on(&self, token: &str, phone: &str, password: &str) -> Response {
        self.post("/v1/login", json!({"phone_number": phone, "password": password, "device_token": token})).await
    }

    /// Uses up the wrong passwords of a number: without a token, sign-in with the password is suspended.
    pub async fn use_up_wrong_passwords(&self, phone: &str) {
        for _ in 0..10 {
            self.log_in_with_captcha(phone, WRONG).await.assert_error(401, "credentials_invalid");
        }
        self.log_in_with_captcha(phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
    }

    /// Tells whether the account knows the device: then wrong passwords of strangers do not stop it. Uses no session.
    async fn knows(&self, token: &str, phone: &str) -> bool {
        self.use_up_wrong_passwords(phone).await;
        let response = self.log_in_on(token, phone, PASSWORD).await;
        self.advance(Duration::from_secs(3_600));
        response.status == 200
    }
}

/// User, and the device token of a session.
async fn user_with_device(server: &TestServer) -> (TestUser, String) {
    let user = server.create_user().await;
    let token = server.log_in(&user.phone, PASSWORD).await.text("device_token");
    (user, token)
}

async fn every_sign_in_returns_a_device_token(server: TestServer) {
    let phone = fresh_phone();
    let mut tokens = vec![server.sign_up(&phone).await.text("device_token")];
    server.advance(DAY);
    tokens.push(server.log_in(&phone, PASSWORD).await.text("device_token"));
    let (ticket, code) = server.ticket_and_code("login", &phone).await;
    let by_code = server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code})).await;
    tokens.push(by_code.text("device_token"));
    for token in &tokens {
        assert_eq!(token.len(), 66);
        assert_eq!(tokens.iter().filter(|other| *other == token).count(), 1, "each is another device");
        assert!(server.knows(token, &phone).await);
    }
}

async fn a_device_token_is_the_same_for_the_life_of_the_device(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    for _ in 0..3 {
        server.advance(30 * DAY);
        let signed_in = server.log_in_on(&token, &user.phone, PASSWORD).await;
        assert_eq!(signed_in.text("device_token"), token);
        // A refresh does not change it.
        server.refresh(&signed_in.text("refresh_token")).await.assert_status(200);
    }
}

async fn a_known_device_signs_in_after_wrong_passwords_of_strangers(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    server.use_up_wrong_passwords(&user.phone).await;
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
    // Its own wrong passwords are compared, without a captcha.
    server.log_in_on(&token, &user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    server.log_in(&user.phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
}

async fn a_known_device_has_ten_wrong_passwords_a_day(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    for _ in 0..9 {
        server.log_in_on(&token, &user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    }
    for _ in 0..3 {
        server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
    }
    server.log_in_on(&token, &user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    // From now on the device counts like any other client. The number has three wrong passwords without a captcha.
    for _ in 0..3 {
        server.log_in_on(&token, &user.phone, WRONG).await.assert_error(401, "credentials_invalid");
    }
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_error(422, "captcha_required");
    server.advance(DAY - Duration::from_secs(20));
    server.use_up_wrong_passwords(&user.phone).await;
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
    server.advance(Duration::from_secs(20));
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
}

async fn a_known_device_has_sixty_attempts_an_hour(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    for _ in 0..60 {
        server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
    }
    server.use_up_wrong_passwords(&user.phone).await;
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
    server.advance(Duration::from_secs(3_600));
    server.use_up_wrong_passwords(&user.phone).await;
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
}

async fn a_token_of_another_account_counts_on_the_usual_limits(server: TestServer) {
    let (_, token) = user_with_device(&server).await;
    let other = server.create_user().await;
    for phone in [&other.phone, &fresh_phone()] {
        for _ in 0..3 {
            server.log_in_on(&token, phone, WRONG).await.assert_error(401, "credentials_invalid");
        }
        server.log_in_on(&token, phone, PASSWORD).await.assert_error(422, "captcha_required");
    }
    server.advance(Duration::from_secs(3_600));
    // A right password makes another device known there: the token is that of its own account.
    let signed_in = server.log_in_on(&token, &other.phone, PASSWORD).await;
    signed_in.assert_status(200);
    assert_ne!(signed_in.text("device_token"), token);
}

async fn ten_uses_with_another_number_end_a_token(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    for n in 0..10 {
        server.use_up_wrong_passwords(&user.phone).await;
        server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
        let response = if n % 2 == 0 {
            server.log_in_on(&token, &fresh_phone(), WRONG).await
        } else {
            let body = json!({"phone_number": fresh_phone(), "device_token": token});
            server.post("/v1/login/send-code", body).await
        };
        assert!(["credentials_invalid", "captcha_required"].contains(&response.code()), "{response:?}");
        server.advance(Duration::from_secs(3_600));
    }
    assert!(!server.knows(&token, &user.phone).await);
    let body = json!({"phone_number": user.phone, "device_token": token});
    server.post("/v1/login/send-code", body).await.assert_error(422, "captcha_required");
    server.advance(170 * DAY);
    assert!(!server.knows(&token, &user.phone).await);
}

async fn any_other_text_is_no_token(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    let forged = format!("{}{}", if token.starts_with('A') { 'B' } else { 'A' }, &token[1..]);
    server.use_up_wrong_passwords(&user.phone).await;
    for text in ["", "nonsense", &forged, &token[1..], &format!("{token}="), &"x".repeat(10_000)] {
        server.log_in_on(text, &user.phone, PASSWORD).await.assert_error(429, "phone_limit_reached");
        let body = json!({"phone_number": user.phone, "device_token": text});
        server.post("/v1/login/send-code", body).await.assert_error(422, "captcha_required");
    }
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
    let body = json!({"phone_number": user.phone, "password": PASSWORD, "device_token": 7});
    server.post("/v1/login", body).await.assert_error(400, "malformed_request");
}

async fn log_out(server: &TestServer, user: &TestUser, body: Value) {
    server.call(Method::POST, "/v1/logout", &user.access_token, body).await.assert_status(204);
}

/// Signs in on the device of this token.
async fn session_on(server: &TestServer, phone: &str, token: &str) -> TestUser {
    let signed_in = server.log_in_on(token, phone, PASSWORD).await;
    signed_in.assert_status(200);
    TestUser {
        phone: phone.to_owned(),
        access_token: signed_in.text("access_token"),
        refresh_token: signed_in.text("refresh_token"),
        profile: signed_in.body["user"].clone(),
    }
}

async fn a_sign_out_keeps_the_device_unless_it_forgets_it(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    for (body, stays_known) in [
        (Value::Null, true),
        (json!({}), true),
        (json!({"forget_device": false}), true),
        (json!({"forget_device": true}), false),
    ] {
        let session = session_on(&server, &user.phone, &token).await;
        log_out(&server, &session, body.clone()).await;
        server.me(&session.access_token).await.assert_error(401, "token_invalid");
        assert_eq!(server.knows(&token, &user.phone).await, stays_known, "{body}");
    }
    // The sign-in with a forgotten token makes another device known.
    let signed_in = server.log_in_on(&token, &user.phone, PASSWORD).await;
    assert_ne!(signed_in.text("device_token"), token);
}

async fn ending_a_session_forgets_its_device(server: TestServer) {
    let (user, lost) = user_with_device(&server).await;
    let own = server.log_in(&user.phone, PASSWORD).await.text("device_token");
    let (lost_session, own_session) =
        (session_on(&server, &user.phone, &lost).await, session_on(&server, &user.phone, &own).await);
    let id = async |session: &TestUser| {
        let listed = server.call(Method::GET, "/v1/sessions", &session.access_token, Value::Null).await;
        let sessions = listed.body["sessions"].as_array().unwrap().clone();
        sessions.iter().find(|session| session["current"] == true).unwrap()["id"].as_str().unwrap().to_owned()
    };
    for session in [&lost_session, &own_session] {
        let path = format!("/v1/sessions/{}", id(session).await);
        let token = &own_session.access_token;
        let ended = server.call_path(Method::DELETE, &path, "/v1/sessions/{id}", token, Value::Null).await;
        ended.assert_status(204);
    }
    assert_eq!((server.knows(&lost, &user.phone).await, server.knows(&own, &user.phone).await), (false, true));
}

async fn a_sign_out_everywhere_forgets_every_device(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    let session = session_on(&server, &user.phone, &token).await;
    let other = server.log_in(&user.phone, PASSWORD).await.text("device_token");
    log_out(&server, &session, json!({"everywhere": true})).await;
    for token in [&token, &other] {
        assert!(!server.knows(token, &user.phone).await);
    }
}

async fn a_password_change_keeps_only_the_device_that_changes_it(server: TestServer) {
    let (user, other) = user_with_device(&server).await;
    let own = server.log_in(&user.phone, PASSWORD).await.text("device_token");
    let session = session_on(&server, &user.phone, &own).await;
    let body = json!({"current_password": PASSWORD, "new_password": WRONG});
    server.call(Method::PUT, "/v1/me/password", &session.access_token, body).await.assert_status(200);
    for (token, is_known) in [(&other, false), (&own, true)] {
        for _ in 0..10 {
            server.log_in_with_captcha(&user.phone, PASSWORD).await.assert_error(401, "credentials_invalid");
        }
        assert_eq!(server.log_in_on(token, &user.phone, WRONG).await.status == 200, is_known);
        server.advance(Duration::from_secs(3_600));
    }
}

async fn a_password_reset_forgets_every_device(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": PASSWORD});
    server.post("/v1/password-reset/set-password", body).await.assert_status(204);
    assert!(!server.knows(&token, &user.phone).await);
}

async fn a_device_is_known_for_180_days(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    server.advance(180 * DAY - Duration::from_secs(60));
    server.use_up_wrong_passwords(&user.phone).await;
    server.log_in_on(&token, &user.phone, PASSWORD).await.assert_status(200);
    server.advance(180 * DAY);
    assert!(!server.knows(&token, &user.phone).await);
}

async fn the_list_of_sessions_names_known_devices(server: TestServer) {
    let user = server.create_user().await;
    let mut last = user.access_token.clone();
    for _ in 0..4 {
        server.advance(Duration::from_secs(60));
        last = server.log_in(&user.phone, PASSWORD).await.text("access_token");
    }
    // Six sessions on six devices: the account does not know the one of the sign-up any more.
    let listed = server.call(Method::GET, "/v1/sessions", &last, Value::Null).await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    let known: Vec<_> = sessions.iter().map(|session| session["known_device"].as_bool().unwrap()).collect();
    assert_eq!(known, [true, true, true, true, true, false], "{listed:?}");
    for session in sessions {
        let since = if session["known_device"] == true { session["created_at"].clone() } else { Value::Null };
        assert_eq!(session["device_known_since"], since);
    }
}

/// A thief has the password, and signs in on many devices: the owner's device stays known.
async fn new_devices_take_no_place_of_older_ones(server: TestServer) {
    let (user, token) = user_with_device(&server).await;
    server.advance(DAY);
    for _ in 0..8 {
        server.advance(Duration::from_secs(60));
        server.log_in(&user.phone, PASSWORD).await.assert_status(200);
    }
    assert!(server.knows(&token, &user.phone).await);
}

/// Forgetting costs the thief of a token the device, and a token without its key is worth nothing.
async fn a_token_of_a_bound_device_needs_its_key(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (user, key, thief) = (server.create_user().await, DeviceKey::new(), DeviceKey::new());
    let log_in = async |key: Option<&DeviceKey>, token: &str| {
        let body = json!({"phone_number": user.phone, "password": PASSWORD, "device_token": token});
        let mut request = server.request(Method::POST, "/v1/login").json(&body);
        if let Some(key) = key {
            request = request.header("dpop", proof(&server, key, "/v1/login"));
        }
        server.send(request, "/v1/login").await
    };
    let token = log_in(Some(&key), "").await.text("device_token");
    server.use_up_wrong_passwords(&user.phone).await;
    for wrong in [None, Some(&thief)] {
        log_in(wrong, &token).await.assert_error(429, "phone_limit_reached");
    }
    let signed_in = log_in(Some(&key), &token).await;
    signed_in.assert_status(200);
    assert_eq!(signed_in.text("device_token"), token);
    // The same for a code, of a device that is known for a day.
    server.advance(DAY);
    let path = "/v1/login/send-code";
    let body = json!({"phone_number": user.phone, "device_token": token});
    server.post(path, body.clone()).await.assert_error(422, "captcha_required");
    let request = server.request(Method::POST, path).json(&body).header("dpop", proof(&server, &key, path));
    server.send(request, path).await.assert_status(200);
}

/// The tokens of a stored response are encrypted; the device token is one of them.
async fn a_retry_gets_the_same_device_token(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[BEHIND_A_PROXY]).await;
    let user = server.create_user().await;
    let log_in = async || {
        let body = json!({"phone_number": user.phone, "password": PASSWORD});
        let request = server.request(Method::POST, "/v1/login").header("idempotency-key", "one").json(&body);
        server.send(request, "/v1/login").await
    };
    let (first, retry) = (log_in().await, log_in().await);
    assert_eq!(first.body, retry.body);
    assert_eq!(retry.headers["idempotency-replayed"], "true");
}

mod bound {
    use super::{a_retry_gets_the_same_device_token, a_token_of_a_bound_device_needs_its_key};

    crate::server_tests!(
        start: std::future::ready;
        a_token_of_a_bound_device_needs_its_key,
        a_retry_gets_the_same_device_token,
    );
}

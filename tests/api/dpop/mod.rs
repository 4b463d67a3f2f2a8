//! Sessions that are bound to a key of the device: DPoP proofs (RFC 9449) at sign-in and refresh.

mod bearer;
mod stored_responses;

use crate::device_key::{DeviceKey, claims};
use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use crate::users::TestUser;
use doorstep::ports::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const BASE: &str = "https://api.example.com/auth";
const REFRESH: &str = "/v1/token/refresh";
const LOGIN: &str = "/v1/login";
const HOUR: Duration = Duration::from_secs(3_600);

server_tests!(
    start: std::future::ready;
    every_sign_in_binds_the_session_to_the_key,
    a_bound_session_keeps_its_refresh_token,
    a_copy_of_a_bound_token_is_worth_nothing,
    a_session_is_bound_when_it_is_made_and_never_later,
    a_proof_for_another_request_is_rejected,
    a_forged_proof_is_rejected_before_anything_is_used_up,
    a_wrong_clock_gets_a_nonce,
    a_nonce_expires_after_five_minutes,
    without_public_urls_proofs_are_ignored,
    late_replays_from_two_networks_end_an_unbound_session_in_the_second_round,
);

pub async fn dpop_server(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[("PUBLIC_URLS", "https://other.example.com, https://API.example.com/auth/")]).await
}

/// Sends a request with these DPoP headers and this idempotency key.
async fn post(server: &TestServer, path: &str, proofs: &[String], key: Option<&str>, body: &Value) -> Response {
    let mut request = server.request(Method::POST, path).json(body);
    for proof in proofs {
        request = request.header("dpop", proof);
    }
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    server.send(request, path).await
}

pub fn proof(server: &TestServer, device: &DeviceKey, path: &str) -> String {
    device.proof(&format!("{BASE}{path}"), server.clock.now().timestamp())
}

async fn post_with(server: &TestServer, device: &DeviceKey, path: &str, body: &Value) -> Response {
    post(server, path, &[proof(server, device, path)], None, body).await
}

pub async fn refresh_with(server: &TestServer, device: &DeviceKey, token: &str) -> Response {
    post_with(server, device, REFRESH, &json!({"refresh_token": token})).await
}

fn login_body(user: &TestUser) -> Value {
    json!({"phone_number": user.phone, "password": PASSWORD})
}

async fn bound_session(server: &TestServer, device: &DeviceKey, user: &TestUser) -> Response {
    let response = post_with(server, device, LOGIN, &login_body(user)).await;
    response.assert_status(200);
    assert_eq!(response.body["refresh_bound"], true);
    response
}

/// Signs this user in with a key, as on one more device.
pub async fn bound_user(server: &TestServer, device: &DeviceKey, user: &TestUser) -> TestUser {
    let signed_in = bound_session(server, device, user).await;
    TestUser {
        phone: user.phone.clone(),
        access_token: signed_in.text("access_token"),
        refresh_token: signed_in.text("refresh_token"),
        profile: signed_in.body["user"].clone(),
    }
}

async fn every_sign_in_binds_the_session_to_the_key(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let device = DeviceKey::new();
    let phone = fresh_phone();
    let ticket = server.ticket_with_password(&phone).await;
    let path = "/v1/register/submit-profile";
    let signed_up = post_with(&server, &device, path, &json!({"ticket": ticket, "nickname": "小明"})).await;
    signed_up.assert_status(201);
    server.advance(HOUR);
    let body = json!({"phone_number": phone, "password": PASSWORD});
    let with_password = post_with(&server, &device, LOGIN, &body).await;
    let (ticket, code) = server.ticket_and_code("login", &phone).await;
    let path = "/v1/login/verify-code";
    let with_code = post_with(&server, &device, path, &json!({"ticket": ticket, "code": code})).await;
    for response in [signed_up, with_password, with_code] {
        assert_eq!(response.body["refresh_bound"], true, "{response:?}");
        let token = response.text("refresh_token");
        server.refresh(&token).await.assert_error(401, "refresh_key_mismatch");
        let refreshed = refresh_with(&server, &device, &token).await;
        server.me(&refreshed.text("access_token")).await.assert_status(200);
    }
    let unbound = server.log_in(&phone, PASSWORD).await;
    assert_eq!(unbound.body["refresh_bound"], false);
    server.refresh(&unbound.text("refresh_token")).await.assert_status(200);
}

async fn a_bound_session_keeps_its_refresh_token(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    let signed_in = bound_session(&server, &device, &user).await;
    let token = signed_in.text("refresh_token");
    let mut access_tokens = vec![signed_in.text("access_token")];
    // Lost answers, a second process and late retries look alike: the token is the same.
    for _ in 0..12 {
        server.advance(HOUR);
        let refreshed = refresh_with(&server, &device, &token).await;
        refreshed.assert_status(200);
        assert_eq!(refreshed.text("refresh_token"), token);
        assert_eq!(refreshed.number("refresh_expires_in"), 30 * 86_400);
        let access_token = refreshed.text("access_token");
        assert!(!access_tokens.contains(&access_token));
        access_tokens.push(access_token);
    }
    let access_token = access_tokens.last().unwrap();
    let sessions = server.call(Method::GET, "/v1/sessions", access_token, Value::Null).await;
    assert_ne!(sessions.body["sessions"][0]["last_used_at"], sessions.body["sessions"][0]["created_at"]);
    server.call(Method::POST, "/v1/logout", access_token, Value::Null).await.assert_status(204);
    refresh_with(&server, &device, &token).await.assert_error(401, "refresh_invalid");
}

async fn a_copy_of_a_bound_token_is_worth_nothing(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, thief, user) = (DeviceKey::new(), DeviceKey::new(), server.create_user().await);
    let token = bound_session(&server, &device, &user).await.text("refresh_token");
    for _ in 0..5 {
        server.advance(HOUR);
        server.refresh(&token).await.assert_error(401, "refresh_key_mismatch");
        refresh_with(&server, &thief, &token).await.assert_error(401, "refresh_key_mismatch");
        refresh_with(&server, &device, &token).await.assert_status(200);
    }
}

async fn a_session_is_bound_when_it_is_made_and_never_later(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    refresh_with(&server, &device, &user.refresh_token).await.assert_error(400, "invalid_dpop_proof");
    let next = server.refresh(&user.refresh_token).await;
    next.assert_status(200);
    let next = next.text("refresh_token");
    assert_ne!(next, user.refresh_token, "the proof has used the generation up");
    // Of a parent token and of an older one, too.
    refresh_with(&server, &device, &user.refresh_token).await.assert_error(400, "invalid_dpop_proof");
    let third = server.refresh(&next).await.text("refresh_token");
    refresh_with(&server, &device, &user.refresh_token).await.assert_error(400, "invalid_dpop_proof");
    server.refresh(&third).await.assert_status(200);
}

async fn a_proof_for_another_request_is_rejected(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    let (body, now) = (login_body(&user), server.clock.now().timestamp());
    for url in ["https://other.example.com/v1/login", "https://api.example.com:443/auth/v1/login?a=b#c"] {
        post(&server, LOGIN, &[device.proof(url, now)], None, &body).await.assert_status(200);
    }
    for url in [
        // The address of the request: `Host` decides nothing.
        &format!("{}{LOGIN}", server.url),
        "https://api.example.com/v1/login",
        "https://api.example.com/auth/v1/token/refresh",
        "http://api.example.com/auth/v1/login",
        "https://evil.example.com/auth/v1/login",
    ] {
        let rejected = post(&server, LOGIN, &[device.proof(url, now)], None, &body).await;
        rejected.assert_error(400, "invalid_dpop_proof");
    }
    let mut get = claims(&format!("{BASE}{LOGIN}"), now);
    get["htm"] = json!("GET");
    let rejected = post(&server, LOGIN, &[device.sign(&device.header(), &get)], None, &body).await;
    rejected.assert_error(400, "invalid_dpop_proof");
    assert!(!rejected.headers.contains_key("dpop-nonce"));
}

/// A faulty proof leaves the captcha, the code, the counters and the generation as they are.
async fn a_forged_proof_is_rejected_before_anything_is_used_up(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    let right = proof(&server, &device, LOGIN);
    let with_private_key = {
        let mut header = device.header();
        header["jwk"]["d"] = json!("AAAA");
        device.sign(&header, &claims(&format!("{BASE}{LOGIN}"), server.clock.now().timestamp()))
    };
    let long = {
        let mut long = claims(&format!("{BASE}{LOGIN}"), server.clock.now().timestamp());
        long["x"] = json!("x".repeat(2_000));
        device.sign(&device.header(), &long)
    };
    let faulty: [&[String]; 6] = [
        &[String::new()],
        &["nonsense".to_owned()],
        &[right.clone(), right.clone()],
        &[format!("{right}, {right}")],
        &[with_private_key],
        &[long],
    ];
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let verify = |code: &str| json!({"ticket": ticket, "code": code});
    let captcha = server.captcha().await;
    let wrong = json!({
        "phone_number": user.phone, "password": "wrong horse battery", "captcha_id": captcha, "captcha_answer": "wrong",
    });
    for proofs in faulty {
        post(&server, LOGIN, proofs, None, &wrong).await.assert_error(400, "invalid_dpop_proof");
        let wrong_code = verify(&wrong_code(&code));
        let response = post(&server, "/v1/login/verify-code", proofs, None, &wrong_code).await;
        response.assert_error(400, "invalid_dpop_proof");
        let token = json!({"refresh_token": user.refresh_token});
        post(&server, REFRESH, proofs, None, &token).await.assert_error(400, "invalid_dpop_proof");
        let response = post(&server, LOGIN, proofs, Some("one"), &login_body(&user)).await;
        response.assert_error(400, "invalid_dpop_proof");
    }
    // The captcha is not used up, no wrong password was counted, and no key was claimed.
    let body = json!({
        "phone_number": user.phone, "password": PASSWORD, "captcha_id": captcha, "captcha_answer": BYPASS,
    });
    post_with(&server, &device, LOGIN, &body).await.assert_status(200);
    let key = [proof(&server, &device, LOGIN)];
    post(&server, LOGIN, &key, Some("one"), &json!({"phone_number": user.phone, "password": PASSWORD}))
        .await
        .assert_status(200);
    let wrong = post_with(&server, &device, "/v1/login/verify-code", &verify(&wrong_code(&code))).await;
    assert_eq!(wrong.number("attempts_left"), 4);
    post_with(&server, &device, "/v1/login/verify-code", &verify(&code)).await.assert_status(200);
}

async fn a_wrong_clock_gets_a_nonce(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    let token = bound_session(&server, &device, &user).await.text("refresh_token");
    let (now, url) = (server.clock.now().timestamp(), format!("{BASE}{REFRESH}"));
    let body = json!({"refresh_token": token});
    for right in [now - 60, now, now + 60] {
        post(&server, REFRESH, &[device.proof(&url, right)], None, &body).await.assert_status(200);
    }
    for wrong in [0, now - 61, now + 61, now + 86_400 * 365] {
        let rejected = post(&server, REFRESH, &[device.proof(&url, wrong)], None, &body).await;
        rejected.assert_error(400, "use_dpop_nonce");
        let mut claims = claims(&url, wrong);
        claims["nonce"] = json!(rejected.headers["dpop-nonce"].to_str().unwrap());
        let with_nonce = device.sign(&device.header(), &claims);
        post(&server, REFRESH, &[with_nonce], None, &body).await.assert_status(200);
    }
}

async fn a_nonce_expires_after_five_minutes(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    let token = bound_session(&server, &device, &user).await.text("refresh_token");
    let (url, body) = (format!("{BASE}{REFRESH}"), json!({"refresh_token": token}));
    let send = async |nonce: &str| {
        let mut claims = claims(&url, 0);
        claims["nonce"] = json!(nonce);
        post(&server, REFRESH, &[device.sign(&device.header(), &claims)], None, &body).await
    };
    let nonce = |response: &Response| response.headers["dpop-nonce"].to_str().unwrap().to_owned();
    let rejected = send("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    rejected.assert_error(400, "use_dpop_nonce");
    let first = nonce(&rejected);
    send(&first).await.assert_status(200);
    server.advance(Duration::from_secs(300));
    send(&first).await.assert_status(200);
    server.advance(Duration::from_secs(1));
    let expired = send(&first).await;
    expired.assert_error(400, "use_dpop_nonce");
    send(&nonce(&expired)).await.assert_status(200);
}

async fn without_public_urls_proofs_are_ignored(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    let nonsense = ["nonsense".to_owned(), "nonsense".to_owned()];
    let signed_in = post(&server, LOGIN, &nonsense, None, &login_body(&user)).await;
    assert_eq!((signed_in.status.as_u16(), &signed_in.body["refresh_bound"]), (200, &json!(false)));
    let token = signed_in.text("refresh_token");
    let refreshed = refresh_with(&server, &device, &token).await;
    refreshed.assert_status(200);
    server.refresh(&refreshed.text("refresh_token")).await.assert_status(200);
}

/// The owner refreshes at home. A thief with a copy refreshes later, from another network.
async fn late_replays_from_two_networks_end_an_unbound_session_in_the_second_round(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    let from = async |address: &str, token: &str| {
        let request = server.request(Method::POST, REFRESH).header("x-forwarded-for", address);
        server.send(request.json(&json!({"refresh_token": token})), REFRESH).await
    };
    for (thief, rounds) in [("198.51.100.1", 2), ("192.0.2.1", 3)] {
        let mut token = server.create_user().await.refresh_token;
        for round in 1..=rounds {
            server.advance(HOUR);
            let owner = from("192.0.2.1", &token).await;
            server.advance(HOUR);
            let copy = from(thief, &token).await;
            if round == rounds {
                copy.assert_error(401, "refresh_reused");
                server.me(&owner.text("access_token")).await.assert_error(401, "token_expired");
                from("192.0.2.1", &owner.text("refresh_token")).await.assert_error(401, "refresh_invalid");
            } else {
                token = owner.text("refresh_token");
                assert_eq!(copy.text("refresh_token"), token);
            }
        }
    }
}

/// Makes the service return each error code of this file once.
pub async fn every_error(server: &TestServer) -> [Response; 4] {
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    let url = format!("https://api.example.com{LOGIN}");
    let body = login_body(&user);
    let invalid = post(server, LOGIN, &["nonsense".to_owned()], None, &body).await;
    let no_nonce = post(server, LOGIN, &[device.proof(&url, 0)], None, &body).await;
    let sign_in = async || {
        let proof = device.proof(&url, server.clock.now().timestamp());
        post(server, LOGIN, &[proof], Some("one"), &body).await
    };
    let signed_in = sign_in().await;
    let mismatch = server.refresh(&signed_in.text("refresh_token")).await;
    server.call(Method::POST, "/v1/logout", &signed_in.text("access_token"), Value::Null).await;
    [invalid, no_nonce, mismatch, sign_in().await]
}

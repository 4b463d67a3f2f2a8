//! Access tokens, their user, and the key set that verifies them.

use crate::server_tests;
use crate::test_server::{Response, TestServer, fresh_phone};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorstep::adapters::jwt::{KeyType, generate_key};
use doorstep::adapters::system::{OsRandom, SystemClock};
use doorstep::app::new_secret_key;
use doorstep::ports::Clock;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    an_access_token_identifies_its_user,
    other_services_can_verify_tokens_with_the_key_set,
    invalid_tokens_are_rejected,
    an_expired_token_is_rejected,
);

async fn me(server: &TestServer, authorization: &str) -> Response {
    server.send(server.request(Method::GET, "/v1/me").header("authorization", authorization), "/v1/me").await
}

async fn an_access_token_identifies_its_user(server: TestServer) {
    let phone = fresh_phone();
    let signed_in = server.sign_up(&phone).await;
    let other = server.sign_up(&fresh_phone()).await;
    let token = signed_in.text("access_token");
    for scheme in ["Bearer", "bearer"] {
        let me = me(&server, &format!("{scheme} {token}")).await;
        assert_eq!(me.body, signed_in.body["user"], "{me:?}");
    }
    assert_ne!(me(&server, &format!("Bearer {}", other.text("access_token"))).await.body, signed_in.body["user"]);
}

async fn other_services_can_verify_tokens_with_the_key_set(server: TestServer) {
    verify_with_the_key_set(&server, Algorithm::EdDSA).await;
    let keys = generate_key(KeyType::P256, &OsRandom);
    let settings = [("SECRET_KEY", &*new_secret_key(&SystemClock, &OsRandom)), ("JWT_KEYS", &keys)];
    let server = TestServer::with(server.back_ends(), &settings).await;
    verify_with_the_key_set(&server, Algorithm::ES256).await;
}

async fn verify_with_the_key_set(server: &TestServer, algorithm: Algorithm) {
    let signed_in = server.sign_up(&fresh_phone()).await;
    let request = server.request(Method::GET, "/.well-known/jwks.json");
    let keys = server.send(request, "/.well-known/jwks.json").await;
    assert_eq!(keys.headers["content-type"], "application/json");
    assert!(!keys.body.to_string().contains("\"d\""), "the key set contains a private key");
    let keys: JwkSet = serde_json::from_value(keys.body).unwrap();
    let token = signed_in.text("access_token");
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), algorithm));
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&["doorstep"]);
    rules.set_audience(&["doorstep"]);
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &rules).unwrap().claims;
    assert_eq!(claims["sub"], signed_in.body["user"]["id"]);
    let issued = claims["iat"].as_i64().unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - issued, 900);
    assert_eq!(issued, server.clock.now().timestamp());
    for claim in ["sid", "jti"] {
        assert!(claims[claim].is_string(), "{claim}");
    }
    assert_eq!(claims["client_id"], "doorstep");
    server.me(&token).await.assert_status(200);
}

async fn invalid_tokens_are_rejected(server: TestServer) {
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    let unsigned = |header: Value| {
        let payload = token.split('.').nth(1).unwrap();
        format!("{}.{payload}.", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    let request = server.request(Method::GET, "/v1/me");
    server.send(request, "/v1/me").await.assert_error(401, "token_missing");
    for authorization in ["", "Bearer", "Bearer ", "Basic YTpi", "Token x"] {
        me(&server, authorization).await.assert_error(401, "token_missing");
    }
    let truncated = &token[..token.len() - 4];
    let invalid = [
        "x".to_owned(),
        "a.b.c".to_owned(),
        truncated.to_owned(),
        format!("{token}AAAA"),
        unsigned(json!({"typ": "at+jwt", "alg": "none"})),
        unsigned(json!({"typ": "at+jwt", "alg": "HS256"})),
        "A".repeat(6_000),
    ];
    for token in invalid {
        let rejected = me(&server, &format!("Bearer {token}")).await;
        rejected.assert_error(401, "token_invalid");
        assert_eq!(rejected.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    }
}

async fn an_expired_token_is_rejected(server: TestServer) {
    let token = format!("Bearer {}", server.sign_up(&fresh_phone()).await.text("access_token"));
    server.advance(Duration::from_secs(899));
    assert_eq!(me(&server, &token).await.status.as_u16(), 200);
    server.advance(Duration::from_secs(1));
    me(&server, &token).await.assert_error(401, "token_expired");
}

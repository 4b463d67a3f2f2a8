//! Access tokens, the key set, and whose they are.

use crate::house::{Answer, House, fresh_phone};
use crate::over_both_back_ends;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorstep::ports::Clock;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

over_both_back_ends!(
    a_token_tells_whose_it_is,
    other_services_verify_with_the_key_set_alone,
    bad_tokens_are_refused,
    an_expired_token_is_told,
);

async fn me(house: &House, authorization: &str) -> Answer {
    house.send(house.request(Method::GET, "/v1/me").header("authorization", authorization), "/v1/me").await
}

async fn a_token_tells_whose_it_is(house: House) {
    let phone = fresh_phone();
    let signed_in = house.sign_up(&phone).await;
    let stranger = house.sign_up(&fresh_phone()).await;
    let token = signed_in.text("access_token");
    for scheme in ["Bearer", "bearer"] {
        let me = me(&house, &format!("{scheme} {token}")).await;
        assert_eq!(me.body, signed_in.body["user"], "{me:?}");
    }
    assert_ne!(me(&house, &format!("Bearer {}", stranger.text("access_token"))).await.body, signed_in.body["user"]);
}

async fn other_services_verify_with_the_key_set_alone(house: House) {
    let signed_in = house.sign_up(&fresh_phone()).await;
    let request = house.request(Method::GET, "/.well-known/jwks.json");
    let keys = house.send(request, "/.well-known/jwks.json").await;
    assert_eq!(keys.headers["content-type"], "application/json");
    assert!(!keys.body.to_string().contains("\"d\""), "public parts only");
    let keys: JwkSet = serde_json::from_value(keys.body).unwrap();
    let token = signed_in.text("access_token");
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), Algorithm::EdDSA));
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&["doorstep"]);
    rules.set_audience(&["doorstep"]);
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &rules).unwrap().claims;
    assert_eq!(claims["sub"], signed_in.body["user"]["id"]);
    let issued = claims["iat"].as_i64().unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - issued, 900);
    assert_eq!(issued, house.clock.now().timestamp());
    for claim in ["sid", "jti"] {
        assert!(claims[claim].is_string(), "{claim}");
    }
}

async fn bad_tokens_are_refused(house: House) {
    let token = house.sign_up(&fresh_phone()).await.text("access_token");
    let unsigned = |header: Value| {
        let payload = token.split('.').nth(1).unwrap();
        format!("{}.{payload}.", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    let request = house.request(Method::GET, "/v1/me");
    house.send(request, "/v1/me").await.assert_refused(401, "token_missing");
    for authorization in ["", "Bearer", "Bearer ", "Basic YTpi", "Token x"] {
        me(&house, authorization).await.assert_refused(401, "token_missing");
    }
    let truncated = &token[..token.len() - 4];
    let bad = [
        "x".to_owned(),
        "a.b.c".to_owned(),
        truncated.to_owned(),
        format!("{token}AAAA"),
        unsigned(json!({"typ": "at+jwt", "alg": "none"})),
        unsigned(json!({"typ": "at+jwt", "alg": "HS256"})),
        "A".repeat(6_000),
    ];
    for token in bad {
        let refused = me(&house, &format!("Bearer {token}")).await;
        refused.assert_refused(401, "token_invalid");
        assert_eq!(refused.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    }
}

async fn an_expired_token_is_told(house: House) {
    let token = format!("Bearer {}", house.sign_up(&fresh_phone()).await.text("access_token"));
    house.advance(Duration::from_secs(899));
    assert_eq!(me(&house, &token).await.status.as_u16(), 200);
    house.advance(Duration::from_secs(1));
    me(&house, &token).await.assert_refused(401, "token_expired");
}

use super::*;
use crate::adapters::system::OsRandom;
use crate::ports::AccessTokens;
use serde_json::Value;
use std::process::{Command, Stdio};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "app";

fn tokens(pem: &str) -> Tokens {
    Tokens::from_pem(pem, ISSUER, AUDIENCE).unwrap()
}

fn pem_from(seed: [u8; 32]) -> String {
    struct Fixed([u8; 32]);
    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0);
        }
    }
    generate_key(&Fixed(seed))
}

/// A time in 2017: `verify` must not use the system clock.
fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_500_000_000 + second, 0).unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        user_id: UserId(Uuid::from_u128(1)),
        session_id: SessionId(Uuid::from_u128(2)),
        issued_at: at(0),
        expires_at: at(900),
        token_id: Uuid::from_u128(3),
    }
}

fn part(token: &str, at: usize) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Returns a token with a valid signature over the given header and claims.
fn forge(pem: &str, header: &Value, claims: &Value) -> String {
    let encoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = Ed25519KeyPair::from_pkcs8(&BASE64_STANDARD.decode(body).unwrap()).unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[test]
fn a_signed_token_verifies_until_it_expires() {
    let tokens = tokens(&pem_from([1; 32]));
    let token = tokens.sign(&claims()).unwrap();
    assert_eq!(tokens.verify(&token, at(0)), Ok(claims()));
    assert_eq!(tokens.verify(&token, at(899)), Ok(claims()));
    assert_eq!(tokens.verify(&token, at(900)), Err(TokenError::Expired));
    let set: Value = serde_json::from_str(tokens.jwks()).unwrap();
    assert_eq!(part(&token, 0), json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": set["keys"][0]["kid"] }));
    let expected = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": claims().user_id.0.to_string(), "sid": claims().session_id.0.to_string(),
        "iat": at(0).timestamp(), "exp": at(900).timestamp(), "jti": claims().token_id.to_string(),
    });
    assert_eq!(part(&token, 1), expected);
}

/// Uses RFC 8037 appendix A: the private key of A.1, the public key of A.2, the thumbprint of A.3.
#[test]
fn the_public_key_and_its_id_equal_the_rfc_8037_example() {
    let seed = BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let set: Value = serde_json::from_str(tokens(&pem_from(seed.try_into().unwrap())).jwks()).unwrap();
    let expected = json!({ "keys": [{
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    }] });
    // Equality also proves that the private part ("d") is absent.
    assert_eq!(set, expected);
}

#[test]
fn a_token_of_an_old_key_still_verifies() {
    let (old, new) = (pem_from([1; 32]), pem_from([2; 32]));
    let token = tokens(&old).sign(&claims()).unwrap();
    let rotated = tokens(&format!("{new}\n{old}"));
    assert_eq!(rotated.verify(&token, at(0)), Ok(claims()));
    let token = rotated.sign(&claims()).unwrap();
    assert_eq!(tokens(&new).verify(&token, at(0)), Ok(claims()));
    assert_eq!(tokens(&old).verify(&token, at(0)), Err(TokenError::Invalid), "the old keys do not include this kid");
    let set: Value = serde_json::from_str(rotated.jwks()).unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn a_token_with_one_wrong_header_field_or_claim_is_rejected() {
    let pem = pem_from([1; 32]);
    let tokens = tokens(&pem);
    let good = tokens.sign(&claims()).unwrap();
    let (header, body) = (part(&good, 0), part(&good, 1));
    assert_eq!(tokens.verify(&forge(&pem, &header, &body), at(0)), Ok(claims()), "`forge` signs correctly");
    let with = |value: &Value, name: &str, other: Value| {
        let mut value = value.clone();
        value[name] = other;
        value
    };
    let without = |value: &Value, name: &str| {
        let mut value = value.clone();
        value.as_object_mut().unwrap().remove(name);
        value
    };
    for other in [
        with(&header, "typ", json!("JWT")),
        without(&header, "typ"),
        with(&header, "kid", json!("unknown")),
        without(&header, "kid"),
        with(&header, "alg", json!("none")),
        with(&header, "alg", json!("HS256")),
        with(&header, "alg", json!("ES256")),
        with(&header, "crit", json!(["exp"])),
    ] {
        assert_eq!(tokens.verify(&forge(&pem, &other, &body), at(0)), Err(TokenError::Invalid), "{other}");
    }
    let mut bodies = vec![
        with(&body, "iss", json!("https://evil.example.com")),
        with(&body, "aud", json!("other")),
        with(&body, "sub", json!("not a uuid")),
        with(&body, "exp", json!("tomorrow")),
        with(&body, "exp", json!(i64::MAX)),
    ];
    bodies.push(with(&body, "padding", json!("x".repeat(MAX_TOKEN_BYTES))));
    bodies.extend(["iss", "aud", "sub", "sid", "iat", "exp", "jti"].map(|name| without(&body, name)));
    for other in bodies {
        assert_eq!(tokens.verify(&forge(&pem, &header, &other), at(0)), Err(TokenError::Invalid), "{other}");
    }
}

#[test]
fn a_token_with_another_signature_is_rejected() {
    let pem = pem_from([1; 32]);
    let tokens = tokens(&pem);
    let good = tokens.sign(&claims()).unwrap();
    let (header, body) = (part(&good, 0), part(&good, 1));
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();

    let other_key = forge(&pem_from([2; 32]), &header, &body);
    let mut other_user = body.clone();
    other_user["sub"] = json!(Uuid::from_u128(9).to_string());
    let tampered = format!("{head}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(other_user.to_string()));
    let mut unsigned = header.clone();
    unsigned["alg"] = json!("none");
    let none = format!("{}.{payload}.", BASE64_URL_SAFE_NO_PAD.encode(unsigned.to_string()));
    // Algorithm confusion: the attacker uses the public key as the secret of an HMAC.
    let public = PublicKey::of(&Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap());
    let hmac_header = Header { alg: Algorithm::HS256, ..tokens.header.clone() };
    let confused = jsonwebtoken::encode(&hmac_header, &body, &EncodingKey::from_secret(&public.bytes)).unwrap();

    for token in [&other_key, &tampered, &none, &confused, "", ".", "..", "a.b.c", &good[..good.len() - 1]] {
        assert_eq!(tokens.verify(token, at(0)), Err(TokenError::Invalid), "{token}");
    }
}

#[test]
fn a_token_that_differs_in_one_character_from_a_cached_one_is_rejected() {
    let tokens = tokens(&pem_from([1; 32]));
    let good = tokens.sign(&claims()).unwrap();
    assert_eq!(tokens.verify(&good, at(0)), Ok(claims()));
    for at_byte in 0..good.len() {
        let other = if good.as_bytes()[at_byte] == b'A' { "B" } else { "A" };
        let tampered = format!("{}{other}{}", &good[..at_byte], &good[at_byte + 1..]);
        // Twice: a rejected token must not enter the cache.
        for _ in 0..2 {
            assert_eq!(tokens.verify(&tampered, at(0)), Err(TokenError::Invalid), "{tampered}");
        }
    }
    assert_eq!(tokens.verify(&good, at(0)), Ok(claims()));
}

#[test]
fn a_cached_token_expires_on_time() {
    let tokens = tokens(&pem_from([1; 32]));
    let good = tokens.sign(&claims()).unwrap();
    let cached = || tokens.verified.get(&fingerprint(&good));
    assert_eq!(tokens.verify(&good, at(900)), Err(TokenError::Expired));
    assert_eq!(cached(), None, "an expired token is in the cache");
    for _ in 0..3 {
        assert_eq!(tokens.verify(&good, at(899)), Ok(claims()));
        assert_eq!(cached(), Some(claims()));
        assert_eq!(tokens.verify(&good, at(900)), Err(TokenError::Expired));
    }
}

/// Each `Tokens` has its own cache: a token is valid only for the keys, issuer and audience that verified it.
#[test]
fn a_token_of_another_audience_is_rejected() {
    let pem = pem_from([1; 32]);
    let (own, other) = (tokens(&pem), Tokens::from_pem(&pem, ISSUER, "other").unwrap());
    let good = own.sign(&claims()).unwrap();
    assert_eq!(own.verify(&good, at(0)), Ok(claims()));
    assert_eq!(other.verify(&good, at(0)), Err(TokenError::Invalid));
}

#[test]
fn an_invalid_pem_is_rejected_with_the_reason() {
    let load = |pem: &str| Tokens::from_pem(pem, ISSUER, AUDIENCE).map(|_| ()).unwrap_err();
    let good = pem_from([1; 32]);
    let block = |label: &str, bytes: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(bytes))
    };
    assert_eq!(load(""), KeyError::Missing);
    assert_eq!(load("ed25519:AAAA"), KeyError::Missing);
    assert_eq!(load(&block("ENCRYPTED PRIVATE KEY", b"x")), KeyError::Missing);
    assert_eq!(load(&good.replace("-----END PRIVATE KEY-----", "")), KeyError::Malformed);
    assert_eq!(load(&format!("{good}{}", block("PUBLIC KEY", b"x"))), KeyError::NotPrivate(2));
    assert_eq!(load(&format!("{good}{}", block("PRIVATE KEY", b"x"))), KeyError::NotEd25519(2));
    assert_eq!(load(&format!("{good}{good}")), KeyError::Repeated(2));
}

/// Runs only if OpenSSL is installed: OpenSSL must read a key of this service, and the service one of OpenSSL.
#[test]
fn keys_are_compatible_with_openssl() {
    let openssl = |arguments: &[&str], input: &str| -> Option<Vec<u8>> {
        let command = Command::new("openssl").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = command else { return None };
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        Some(output.stdout)
    };
    let pem = generate_key(&OsRandom);
    let Some(public) = openssl(&["pkey", "-pubout", "-outform", "DER"], &pem) else { return };
    let x = BASE64_URL_SAFE_NO_PAD.encode(&public[public.len() - 32..]);
    assert!(tokens(&pem).jwks().contains(&x));
    let openssl_key = openssl(&["genpkey", "-algorithm", "ed25519"], "").unwrap();
    tokens(&String::from_utf8(openssl_key).unwrap());
}

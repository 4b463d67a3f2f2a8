use super::*;
use crate::adapters::system::OsRandom;
use crate::ports::{AccessTokens, Random};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;
use std::process::{Command, Stdio};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "app";

fn tokens(pem: &str) -> Tokens {
    Tokens::from_pem(pem, ISSUER, AUDIENCE).unwrap()
}

const BOTH: [(KeyType, &str); 2] = [(KeyType::Ed25519, "EdDSA"), (KeyType::P256, "ES256")];

struct Fixed([u8; 32]);

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0);
    }
}

fn pem_from(seed: [u8; 32]) -> String {
    generate_key(KeyType::Ed25519, &Fixed(seed))
}

fn p256_pem_from(seed: [u8; 32]) -> String {
    generate_key(KeyType::P256, &Fixed(seed))
}

fn der_of(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64_STANDARD.decode(body).unwrap()
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
    let der = der_of(pem);
    let signature = match Ed25519KeyPair::from_pkcs8(&der) {
        Ok(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        Err(_) => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
            pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
        }
    };
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_signed_token_verifies_until_it_expires() {
    for (key_type, algorithm) in BOTH {
        let tokens = tokens(&generate_key(key_type, &Fixed([1; 32])));
        let token = tokens.sign(&claims(), None).unwrap();
        assert_eq!(tokens.verify(&token, at(0)), Ok(claims()));
        assert_eq!(tokens.verify(&token, at(899)), Ok(claims()));
        assert_eq!(tokens.verify(&token, at(900)), Err(TokenError::Expired));
        let set: Value = serde_json::from_str(tokens.jwks()).unwrap();
        assert_eq!(set["keys"][0]["alg"], algorithm);
        assert_eq!(part(&token, 0), json!({ "typ": "at+jwt", "alg": algorithm, "kid": set["keys"][0]["kid"] }));
        let expected = json!({
            "iss": ISSUER, "aud": AUDIENCE, "client_id": AUDIENCE, "sub": claims().user_id.0.to_string(),
            "sid": claims().session_id.0.to_string(), "iat": at(0).timestamp(), "exp": at(900).timestamp(),
            "jti": claims().token_id.to_string(),
        });
        assert_eq!(part(&token, 1), expected);
    }
}

#[test]
fn a_token_names_the_app_that_signed_in() {
    let tokens = tokens(&pem_from([1; 32]));
    let app = ClientId::parse("shop-ios").unwrap();
    let token = tokens.sign(&claims(), Some(&app)).unwrap();
    assert_eq!(part(&token, 1)["client_id"], "shop-ios");
    assert_eq!(tokens.verify(&token, at(0)), Ok(claims()));
}

/// Tokens of the version before have no claim `client_id`. They are valid until they expire.
#[test]
fn a_token_without_a_client_verifies() {
    let pem = pem_from([1; 32]);
    let tokens = tokens(&pem);
    let good = tokens.sign(&claims(), None).unwrap();
    let mut body = part(&good, 1);
    body.as_object_mut().unwrap().remove("client_id");
    assert_eq!(tokens.verify(&forge(&pem, &part(&good, 0), &body), at(0)), Ok(claims()));
}

/// Uses the key and the thumbprint of RFC 9449, figures 2 and 15 (sections 4.1 and 6.1).
#[test]
fn the_id_of_an_ec_key_equals_the_rfc_9449_example() {
    let [x, y] = ["l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"];
    let coordinate = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let key = PublicKey::new(KeyType::P256, &[vec![4], coordinate(x), coordinate(y)].concat()).unwrap();
    let expected = json!({
        "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256",
        "kid": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
    });
    assert_eq!(key.jwk(), expected);
}

#[test]
fn keys_of_both_algorithms_rotate() {
    let (ed, ec) = (pem_from([1; 32]), p256_pem_from([1; 32]));
    for (old, new) in [(&ed, &ec), (&ec, &ed)] {
        let token = tokens(old).sign(&claims(), None).unwrap();
        let rotated = tokens(&format!("{new}{old}"));
        assert_eq!(rotated.verify(&token, at(0)), Ok(claims()));
        let token = rotated.sign(&claims(), None).unwrap();
        assert_eq!(tokens(new).verify(&token, at(0)), Ok(claims()));
        assert_eq!(tokens(old).verify(&token, at(0)), Err(TokenError::Invalid));
    }
}

/// A token of one key that names the other key, with the algorithm of either: the algorithm is that of the named key.
#[test]
fn the_named_key_decides_the_algorithm() {
    let (ed, ec) = (pem_from([1; 32]), p256_pem_from([1; 32]));
    let both = tokens(&format!("{ed}{ec}"));
    let good = both.sign(&claims(), None).unwrap();
    let set: Value = serde_json::from_str(both.jwks()).unwrap();
    let ids = [0, 1].map(|at| set["keys"][at]["kid"].clone());
    let with = |alg: &str, kid: &Value| json!({ "typ": "at+jwt", "alg": alg, "kid": kid });
    let mut accepted = Vec::new();
    for (at_pem, pem) in [&ed, &ec].into_iter().enumerate() {
        for alg in ["EdDSA", "ES256", "HS256", "none"] {
            for (at_id, id) in ids.iter().enumerate() {
                let token = forge(pem, &with(alg, id), &part(&good, 1));
                if both.verify(&token, at(0)).is_ok() {
                    accepted.push((at_pem, alg, at_id));
                }
            }
        }
    }
    assert_eq!(accepted, [(0, "EdDSA", 0), (1, "ES256", 1)]);
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
    let token = tokens(&old).sign(&claims(), None).unwrap();
    let rotated = tokens(&format!("{new}\n{old}"));
    assert_eq!(rotated.verify(&token, at(0)), Ok(claims()));
    let token = rotated.sign(&claims(), None).unwrap();
    assert_eq!(tokens(&new).verify(&token, at(0)), Ok(claims()));
    assert_eq!(tokens(&old).verify(&token, at(0)), Err(TokenError::Invalid), "the old keys do not include this kid");
    let set: Value = serde_json::from_str(rotated.jwks()).unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn a_token_with_one_wrong_header_field_or_claim_is_rejected() {
    let pem = pem_from([1; 32]);
    let tokens = tokens(&pem);
    let good = tokens.sign(&claims(), None).unwrap();
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
    let good = tokens.sign(&claims(), None).unwrap();
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
    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let mut hmac_header: Header = serde_json::from_value(header).unwrap();
    hmac_header.alg = Algorithm::HS256;
    let secret = EncodingKey::from_secret(pair.public_key().as_ref());
    let confused = jsonwebtoken::encode(&hmac_header, &body, &secret).unwrap();

    for token in [&other_key, &tampered, &none, &confused, "", ".", "..", "a.b.c", &good[..good.len() - 1]] {
        assert_eq!(tokens.verify(token, at(0)), Err(TokenError::Invalid), "{token}");
    }
}

#[test]
fn a_token_that_differs_in_one_character_from_a_cached_one_is_rejected() {
    for (key_type, _) in BOTH {
        let tokens = tokens(&generate_key(key_type, &Fixed([1; 32])));
        let good = tokens.sign(&claims(), None).unwrap();
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
}

#[test]
fn a_cached_token_expires_on_time() {
    let tokens = tokens(&pem_from([1; 32]));
    let good = tokens.sign(&claims(), None).unwrap();
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
    let good = own.sign(&claims(), None).unwrap();
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
    assert_eq!(load(&format!("{good}{}", block("PRIVATE KEY", b"x"))), KeyError::Unsupported(2));
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
    for (key_type, generate) in [
        (KeyType::Ed25519, &["genpkey", "-algorithm", "ed25519"][..]),
        (KeyType::P256, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ] {
        let pem = generate_key(key_type, &OsRandom);
        let Some(public) = openssl(&["pkey", "-pubout", "-outform", "DER"], &pem) else { return };
        // The last coordinate of a point is `y`.
        let last = BASE64_URL_SAFE_NO_PAD.encode(&public[public.len() - 32..]);
        assert!(tokens(&pem).jwks().contains(&last));
        let openssl_key = openssl(generate, "").unwrap();
        tokens(&String::from_utf8(openssl_key).unwrap());
    }
    let other = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "").unwrap();
    let loaded = Tokens::from_pem(&String::from_utf8(other).unwrap(), ISSUER, AUDIENCE).map(|_| ()).unwrap_err();
    assert_eq!(loaded, KeyError::Unsupported(1));
}

/// The number 0 is no private key on the curve, and neither is the largest one.
#[test]
fn a_number_that_is_no_key_is_drawn_again() {
    struct Draws(std::sync::Mutex<Vec<u8>>);
    impl Random for Draws {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.lock().unwrap().pop().unwrap());
        }
    }
    let draws = Draws(std::sync::Mutex::new(vec![1, 0, 0xff]));
    assert_eq!(generate_key(KeyType::P256, &draws), p256_pem_from([1; 32]));
    let lines = p256_pem_from([1; 32]).lines().map(str::len).collect::<Vec<_>>();
    assert!(lines[1..lines.len() - 2].iter().all(|length| *length == 64), "{lines:?}");
}

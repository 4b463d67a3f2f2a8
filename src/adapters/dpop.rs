//! DPoP proofs (RFC 9449 section 4): a JWT that the client signs with its own key. ES256 is the only algorithm: the
//! Secure Enclave of iOS and the Keystore of Android have it.

use crate::domain::dpop::{DpopProof, Thumbprint};
use crate::ports::DpopProofs;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// Reader of proofs. It has no state.
pub struct Es256Proofs;

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    /// RFC 7515 section 4.1.11: extensions that must be understood. This service supports none.
    crit: Option<IgnoredAny>,
}

/// Public key (RFC 7517). A private part means that the client gives its key away.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    /// Required by the RFC, and not stored: docs/adr/0024 says why.
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    nonce: Option<String>,
}

impl DpopProofs for Es256Proofs {
    fn read(&self, proof: &str) -> Option<DpopProof> {
        if proof.len() > DpopProof::LONGEST {
            return None;
        }
        let (message, signature) = proof.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Header = json(header)?;
        if header.typ != "dpop+jwt" || header.alg != "ES256" || header.crit.is_some() {
            return None;
        }
        let (x, y) = header.jwk.coordinates()?;
        let claims: Claims = json(claims)?;
        if claims.jti.is_empty() {
            return None;
        }
        // SEC 1 section 2.3.3: an uncompressed point. The library checks that it is on the curve.
        let point = [&[4][..], &x, &y].concat();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).verify(message.as_bytes(), &signature).ok()?;
        let Claims { htm: method, htu: url, iat: issued_at, nonce, .. } = claims;
        Some(DpopProof { key: Thumbprint::of_p256(&x, &y), method, url, issued_at, nonce })
    }
}

impl Jwk {
    fn coordinates(&self) -> Option<([u8; 32], [u8; 32])> {
        let is_private = [&self.d, &self.k, &self.p, &self.q].into_iter().any(Option::is_some);
        if self.kty != "EC" || self.crv != "P-256" || is_private {
            return None;
        }
        let coordinate = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok();
        Some((coordinate(&self.x)?, coordinate(&self.y)?))
    }
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::{Value, json};

    /// RFC 9449 section 4.1.
    const PUBLISHED: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0\
        VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQS\
        IsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1\
        wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-\
        FNyJK70nfbV37xRZT3Lg";

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }

        fn header(&self) -> Value {
            let point = self.0.public_key().as_ref();
            let coordinate = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
            let jwk =
                json!({"kty": "EC", "crv": "P-256", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..])});
            json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk})
        }

        fn sign(&self, header: &str, claims: &str) -> String {
            let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
            let message = format!("{header}.{claims}");
            let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
            format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
        }
    }

    fn claims() -> Value {
        json!({"jti": "1", "htm": "POST", "htu": "https://api.example.com/v1/login", "iat": 1_795_000_000})
    }

    #[test]
    fn the_published_proof_is_read() {
        let proof = Es256Proofs.read(PUBLISHED).unwrap();
        assert_eq!(proof.key.as_str(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!((proof.method.as_str(), proof.url.as_str()), ("POST", "https://server.example.com/token"));
        assert!(proof.issued_at == 1_562_262_616.0 && proof.nonce.is_none());
    }

    #[test]
    fn every_changed_character_makes_a_proof_invalid() {
        for at in 0..PUBLISHED.len() {
            let mut changed = PUBLISHED.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Es256Proofs.read(&changed), None, "{at}");
            assert_eq!(Es256Proofs.read(&PUBLISHED[..at]), None, "{at}");
        }
    }

    #[test]
    fn a_proof_of_another_form_is_rejected() {
        let signer = Signer::new();
        let read =
            |header: &Value, claims: &Value| Es256Proofs.read(&signer.sign(&header.to_string(), &claims.to_string()));
        let (header, right) = (signer.header(), claims());
        assert!(read(&header, &right).is_some());
        let with = |object: &Value, path: &str, value: Value| {
            let mut object = object.clone();
            let (parent, name) = path.rsplit_once('/').unwrap();
            object.pointer_mut(parent).unwrap()[name] = value;
            object
        };
        for (path, value) in [
            ("/typ", json!("JWT")),
            ("/typ", json!("DPOP+JWT")),
            ("/alg", json!("none")),
            ("/alg", json!("HS256")),
            ("/alg", json!("ES384")),
            ("/crit", json!(["exp"])),
            ("/jwk", json!(null)),
            ("/jwk/d", json!("AAAA")),
            ("/jwk/k", json!("AAAA")),
            ("/jwk/kty", json!("RSA")),
            ("/jwk/crv", json!("P-384")),
            ("/jwk/x", json!("AAAA")),
            // On no curve.
            ("/jwk/x", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            // Right bytes, other base64url.
            ("/jwk/x", json!(format!("{}=", header["jwk"]["x"].as_str().unwrap()))),
        ] {
            assert_eq!(read(&with(&header, path, value.clone()), &right), None, "{path} {value}");
        }
        for (path, value) in [
            ("/jti", json!("")),
            ("/jti", json!(null)),
            ("/htm", json!(null)),
            ("/htu", json!(7)),
            ("/iat", json!(null)),
            ("/iat", json!("1795000000")),
            ("/nonce", json!(7)),
        ] {
            assert_eq!(read(&header, &with(&right, path, value.clone())), None, "{path} {value}");
        }
        let twice = |text: &str| text.replacen('{', r#"{"alg":"ES256","#, 1);
        assert_eq!(Es256Proofs.read(&signer.sign(&twice(&header.to_string()), &right.to_string())), None);
        let other_key = Signer::new().header();
        assert_eq!(read(&other_key, &right), None);
    }

    #[test]
    fn a_proof_of_more_than_2_kib_is_rejected() {
        let signer = Signer::new();
        let of_length = |length: usize| {
            let claims = claims().as_object().cloned().map(|mut claims| {
                claims.insert("x".to_owned(), json!("x".repeat(length)));
                Value::from(claims)
            });
            signer.sign(&signer.header().to_string(), &claims.unwrap().to_string())
        };
        let longest = (0..2_000).rev().map(of_length).find(|proof| proof.len() <= DpopProof::LONGEST).unwrap();
        assert!(longest.len() > DpopProof::LONGEST - 4 && Es256Proofs.read(&longest).is_some());
        assert_eq!(Es256Proofs.read(&of_length(2_000)), None);
    }

    #[test]
    fn text_that_is_no_proof_is_rejected() {
        for text in ["", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "é", &"x".repeat(2_048)] {
            assert_eq!(Es256Proofs.read(text), None, "{text:.20}");
        }
    }
}

//! Key of a device, and the DPoP proofs that it signs (RFC 9449).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub struct DeviceKey(EcdsaKeyPair);

impl DeviceKey {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub fn header(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let coordinate = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..])});
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk})
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = format!("{header}.{claims}");
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// Creates a proof for a POST to this URL, at this time in seconds since 1970.
    pub fn proof(&self, url: &str, at: i64) -> String {
        self.sign(&self.header(), &claims(url, at))
    }
}

/// Claims of a proof. Every proof has another `jti`.
pub fn claims(url: &str, at: i64) -> Value {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let jti = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
    json!({"jti": jti, "htm": "POST", "htu": url, "iat": at})
}

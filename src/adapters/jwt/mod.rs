//! Access tokens: JWT profile for OAuth 2.0 access tokens (RFC 9068). Ed25519 (RFC 8037) is the only algorithm.

use crate::domain::session::{AccessClaims, SessionId};
use crate::domain::user::UserId;
use crate::ports::{self, Dependency, DependencyError, Random, TokenError};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Why a text contains no usable signing keys. The message quotes no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("no PKCS#8 private key (BEGIN PRIVATE KEY) found")]
    Missing,
    #[error("not well-formed PEM")]
    Malformed,
    /// Number of the PEM block, from 1.
    #[error("block {0} is not a PKCS#8 private key (BEGIN PRIVATE KEY)")]
    NotPrivate(usize),
    #[error("block {0} is not an Ed25519 key")]
    NotEd25519(usize),
    #[error("block {0} repeats an earlier key")]
    Repeated(usize),
}

const TYPE: &str = "at+jwt";
/// Tokens of this service have about 420 bytes. A longer text than 4 KiB is rejected without parsing.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Number of verified tokens in the cache, about one megabyte.
const CACHED_TOKENS: usize = 8_192;

/// SHA-256 of a whole token, signature included. No other text has it, so two tokens with equal claims are two entries.
type Fingerprint = [u8; 32];

/// Signs and verifies access tokens. Signs with the first key and accepts signatures of all keys.
///
/// Key rotation: add the new key as the last one. Move it to the first place when every verifier has fetched it. Remove
/// the old key when its last token has expired.
pub struct Tokens {
    issuer: String,
    audience: String,
    header: Header,
    signing_key: EncodingKey,
    keys: Vec<(String, DecodingKey)>,
    validation: Validation,
    /// Claims of verified tokens: an app sends the same token with every request until it refreshes. Verifying a token
    /// takes about 46 µs, finding it here half a microsecond (docs/performance.md).
    verified: Cache<Fingerprint, AccessClaims>,
    jwks: String,
}

impl Tokens {
    /// Loads one or more PKCS#8 private keys in PEM (`-----BEGIN PRIVATE KEY-----`).
    pub fn from_pem(pem: &str, issuer: &str, audience: &str) -> Result<Self, KeyError> {
        let mut signing = None;
        let mut public: Vec<PublicKey> = Vec::new();
        for (at, section) in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()).enumerate() {
            let (kind, der) = section.map_err(|_| KeyError::Malformed)?;
            let der = Zeroizing::new(der);
            if kind != SectionKind::PrivateKey {
                return Err(KeyError::NotPrivate(at + 1));
            }
            let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| KeyError::NotEd25519(at + 1))?;
            let key = PublicKey::of(&pair);
            if public.iter().any(|earlier| earlier.id == key.id) {
                return Err(KeyError::Repeated(at + 1));
            }
            signing.get_or_insert_with(|| (EncodingKey::from_ed_der(&der), key.id.clone()));
            public.push(key);
        }
        let (signing_key, id) = signing.ok_or(KeyError::Missing)?;
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            header: Header { typ: Some(TYPE.to_owned()), kid: Some(id), ..Header::new(Algorithm::EdDSA) },
            signing_key,
            jwks: json!({ "keys": public.iter().map(PublicKey::jwk).collect::<Vec<_>>() }).to_string(),
            keys: public.into_iter().map(|key| (key.id, DecodingKey::from_ed_der(&key.bytes))).collect(),
            validation: validation(issuer, audience),
            verified: Cache::new(CACHED_TOKENS),
        })
    }

    /// Returns the claims of a token if it is valid in every respect except its expiry, which is not checked here.
    fn read(&self, token: &str) -> Option<AccessClaims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        // RFC 7515 section 4.1.11: `crit` names extensions that must be understood; this service supports none.
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return None;
        }
        let key = self.key(&header.kid?)?;
        jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?.claims.read()
    }

    fn key(&self, id: &str) -> Option<&DecodingKey> {
        self.keys.iter().find(|(key_id, _)| key_id == id).map(|(_, key)| key)
    }
}

/// Returns the checks of the library. Expiry is not one of them: the library would use the system clock, but the time
/// comes from the caller.
fn validation(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation
}

/// Public key, with which other services verify tokens.
struct PublicKey {
    /// RFC 7638 thumbprint of the key (SHA-256): the same key has the same id in every process.
    id: String,
    bytes: Vec<u8>,
}

impl PublicKey {
    fn of(pair: &Ed25519KeyPair) -> Self {
        let bytes = pair.public_key().as_ref().to_vec();
        let x = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
        // RFC 7638 section 3: the required members in this order, without white space (RFC 8037 section 2 names them).
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let id = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        Self { id, bytes }
    }

    fn jwk(&self) -> serde_json::Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(&self.bytes);
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "use": "sig", "alg": "EdDSA" })
    }
}

/// Claims of an access token (RFC 9068 section 2.2). Times are in seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Claims {
    fn read(&self) -> Option<AccessClaims> {
        Some(AccessClaims {
            user_id: UserId(Uuid::parse_str(&self.sub).ok()?),
            session_id: SessionId(Uuid::parse_str(&self.sid).ok()?),
            issued_at: DateTime::from_timestamp(self.iat, 0)?,
            expires_at: DateTime::from_timestamp(self.exp, 0)?,
            token_id: Uuid::parse_str(&self.jti).ok()?,
        })
    }
}

impl ports::AccessTokens for Tokens {
    /// Signs the claims. Fractions of a second are cut off.
    fn sign(&self, claims: &AccessClaims) -> Result<String, DependencyError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.user_id.0.to_string(),
            sid: claims.session_id.0.to_string(),
            iat: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            jti: claims.token_id.to_string(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.signing_key).map_err(|error| DependencyError::Broken {
            dependency: Dependency::TokenSigning,
            reason: error.to_string(),
        })
    }

    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        let fingerprint = fingerprint(token);
        let cached = self.verified.get(&fingerprint);
        let is_cached = cached.is_some();
        let claims = cached.or_else(|| self.read(token)).ok_or(TokenError::Invalid)?;
        // RFC 7519 section 4.1.4: a token is not accepted at or after `exp`.
        if now >= claims.expires_at {
            return Err(TokenError::Expired);
        }
        if !is_cached {
            self.verified.insert(fingerprint, claims.clone());
        }
        Ok(claims)
    }

    fn jwks(&self) -> &str {
        &self.jwks
    }
}

fn fingerprint(token: &str) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}

/// Bytes before the 32 bytes of an Ed25519 key in PKCS#8 version 1 (RFC 8410 section 7). OpenSSL reads and writes this
/// format.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Creates a new key for [`Tokens::from_pem`], as PEM.
#[must_use]
pub fn generate_key(random: &dyn Random) -> String {
    let mut der = Zeroizing::new([0; 48]);
    der[..16].copy_from_slice(&PKCS8_PREFIX);
    random.fill(&mut der[16..]);
    // 48 bytes are 64 characters: one line of PEM.
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64_STANDARD.encode(&der[..]))
}

#[cfg(test)]
mod tests;

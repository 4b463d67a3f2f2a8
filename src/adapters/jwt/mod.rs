//! Access tokens: JWT profile for OAuth 2.0 access tokens (RFC 9068), signed with EdDSA or ES256 as each key says.

mod keys;

pub use keys::{KeyError, KeyType, generate_key};

use crate::domain::client_id::ClientId;
use crate::domain::session::{AccessClaims, SessionId};
use crate::domain::user::UserId;
use crate::ports::{self, Dependency, DependencyError, TokenError};
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, Validation};
use keys::{PublicKey, SigningKey, encoded};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

const TYPE: &str = "at+jwt";
/// Tokens of this service have about 420 bytes. A longer text than 4 KiB is rejected without parsing.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Number of verified tokens in the cache, about one megabyte.
const CACHED_TOKENS: usize = 8_192;

/// SHA-256 of a whole token, signature included. No other text has it, so two tokens with equal claims are two entries.
type Fingerprint = [u8; 32];

/// Signs and verifies access tokens. Signs with the first key and accepts signatures of all keys, whichever algorithm
/// each has.
///
/// Key rotation: add the new key as the last one. Move it to the first place when every verifier has fetched it. Remove
/// the old key when its last token has expired.
pub struct Tokens {
    issuer: String,
    audience: String,
    /// First part of each token.
    header: String,
    signing_key: SigningKey,
    keys: Vec<VerifyingKey>,
    /// Claims of verified tokens: an app sends the same token with every request until it refreshes. Verifying a token
    /// takes about 46 µs, finding it here half a microsecond (docs/performance.md).
    verified: Cache<Fingerprint, AccessClaims>,
    jwks: String,
}

impl Tokens {
    /// Loads one or more PKCS#8 private keys in PEM (`-----BEGIN PRIVATE KEY-----`).
    pub fn from_pem(pem: &str, issuer: &str, audience: &str) -> Result<Self, KeyError> {
        let keys = SigningKey::all_from_pem(pem)?;
        let public = || keys.iter().map(|key| &key.public);
        let verifying = public().map(|key| VerifyingKey::new(key, issuer, audience)).collect();
        let jwks = json!({ "keys": public().map(PublicKey::jwk).collect::<Vec<_>>() }).to_string();
        let first = keys.into_iter().next().ok_or(KeyError::Missing)?;
        let header = json!({ "typ": TYPE, "alg": first.public.algorithm(), "kid": first.public.id });
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            header: encoded(header.to_string().as_bytes()),
            signing_key: first,
            keys: verifying,
            verified: Cache::new(CACHED_TOKENS),
            jwks,
        })
    }

    /// Returns the claims of a token if it is valid in every respect except its expiry, which is not checked here.
    fn read(&self, token: &str) -> Option<AccessClaims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        // RFC 7515 section 4.1.11: `crit` names extensions that must be understood; this service supports none.
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return None;
        }
        let kid = header.kid?;
        let key = self.keys.iter().find(|key| key.id == kid)?;
        jsonwebtoken::decode::<Claims>(token, &key.decoding, &key.validation).ok()?.claims.read()
    }
}

/// Key that verifies tokens.
struct VerifyingKey {
    id: String,
    decoding: DecodingKey,
    validation: Validation,
}

impl VerifyingKey {
    /// Creates the key with the checks of the library. The only algorithm is that of the key: a token with its `kid`
    /// and another `alg` is rejected (RFC 8725 section 3.1). Expiry is not checked: the library would use the system
    /// clock, but the time comes from the caller.
    fn new(key: &PublicKey, issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(key.algorithm());
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        Self { id: key.id.clone(), decoding: key.decoding(), validation }
    }
}

/// Claims of an access token (RFC 9068 section 2.2). Times are in seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    /// App that signed in. This service does not read it, and tokens of earlier versions do not have it.
    #[serde(skip_deserializing)]
    client_id: String,
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
    fn sign(&self, claims: &AccessClaims, client_id: Option<&ClientId>) -> Result<String, DependencyError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.user_id.0.to_string(),
            sid: claims.session_id.0.to_string(),
            client_id: client_id.map_or(&*self.audience, ClientId::as_str).to_owned(),
            iat: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            jti: claims.token_id.to_string(),
        };
        let failed = |reason| DependencyError::Broken { dependency: Dependency::TokenSigning, reason };
        let claims = serde_json::to_vec(&claims).map_err(|error| failed(error.to_string()))?;
        let message = format!("{}.{}", self.header, encoded(&claims));
        self.signing_key.sign(message).map_err(|error| failed(error.to_string()))
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

#[cfg(test)]
mod tests;

//! Access tokens.

use super::DependencyError;
use crate::domain::client_id::ClientId;
use crate::domain::session::AccessClaims;
use chrono::{DateTime, Utc};

/// Signs and verifies access tokens.
pub trait AccessTokens: Send + Sync {
    /// Signs the claims. The claim `client_id` is the app that signed in, and the audience if the app has sent no id.
    /// It is for the services that verify the token: this service does not read it.
    fn sign(&self, claims: &AccessClaims, client_id: Option<&ClientId>) -> Result<String, DependencyError>;
    /// Returns the claims. MUST check signature, algorithm, type, issuer, audience and expiry.
    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenError>;
    /// Public keys, a JSON Web Key Set (RFC 7517).
    fn jwks(&self) -> &str;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    Invalid,
    Expired,
}

//! Access tokens.

use super::DependencyError;
use crate::domain::session::AccessClaims;
use chrono::{DateTime, Utc};

/// Signs and verifies access tokens.
pub trait AccessTokens: Send + Sync {
    fn sign(&self, claims: &AccessClaims) -> Result<String, DependencyError>;
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

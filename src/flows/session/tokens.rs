//! Access and refresh tokens of a session.

use crate::domain::client_id::ClientId;
use crate::domain::session::{AccessClaims, Generation, RefreshToken};
use crate::domain::user::UserId;
use crate::flows::{Error, Service};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// Tokens for a signed-in device.
pub struct Tokens {
    pub access: String,
    pub access_expires_in: Duration,
    pub refresh: RefreshToken,
    /// Time after which the session ends without a refresh.
    pub refresh_expires_in: Duration,
    /// Binding to the device: a refresh needs a proof of its key.
    pub bound: bool,
    pub generation: Generation,
}

/// Creates the tokens of one generation of a session that ends at `expires_at` in any case.
pub(in crate::flows) fn tokens(
    service: &Service,
    user_id: UserId,
    generation: Generation,
    expires_at: DateTime<Utc>,
    bound: bool,
    client_id: Option<&ClientId>,
) -> Result<Tokens, Error> {
    let (now, policy) = (service.now(), &service.policy.session);
    let left = (expires_at - now).to_std().unwrap_or_default();
    let access_ttl = policy.access_ttl.min(left);
    let claims = AccessClaims {
        user_id,
        session_id: generation.session,
        issued_at: now,
        expires_at: now + access_ttl,
        token_id: service.new_id(),
    };
    Ok(Tokens {
        access: service.ports.tokens.sign(&claims, client_id)?,
        access_expires_in: access_ttl,
        refresh: RefreshToken::issue(&service.keys.refresh, generation),
        refresh_expires_in: policy.idle.min(left),
        bound,
        generation,
    })
}

//! Signed-in devices: opening a session, and telling whose a request is.

use super::{Refusal, Service};
use crate::domain::session::{AccessClaims, DeviceName, Generation, NewSession, RefreshToken, SessionId};
use crate::domain::user::{User, UserId};
use crate::ports::TokenRefusal;
use std::time::Duration;

/// What a signed-in device gets.
pub struct Tokens {
    pub access: String,
    pub access_expires_in: Duration,
    pub refresh: RefreshToken,
    /// Without a refresh the session ends after this.
    pub refresh_expires_in: Duration,
}

pub(super) struct Opened {
    pub session: NewSession,
    pub tokens: Tokens,
}

/// Makes a session and its tokens, before anything is stored: a token that cannot be signed must not leave a session behind.
pub(super) fn open(service: &Service, user_id: UserId, device_name: Option<DeviceName>) -> Result<Opened, Refusal> {
    let (now, policy) = (service.now(), &service.policy.session);
    let id = SessionId::new(now, service.random());
    let claims = AccessClaims {
        user_id,
        session_id: id,
        issued_at: now,
        expires_at: now + policy.access_life,
        token_id: service.fresh_id(),
    };
    let tokens = Tokens {
        access: service.ports.tokens.sign(&claims)?,
        access_expires_in: policy.access_life,
        refresh: RefreshToken::issue(&service.keys.refresh, Generation { session: id, number: 0 }),
        refresh_expires_in: policy.idle,
    };
    let session = NewSession { id, user_id, device_name, created_at: now, expires_at: now + policy.absolute };
    Ok(Opened { session, tokens })
}

/// The user behind an access token, if her session is alive: our own endpoints ask the database, so that a session that was
/// ended is refused at once.
pub async fn authenticate(service: &Service, token: &str) -> Result<User, Refusal> {
    let now = service.now();
    let claims = service.ports.tokens.verify(token, now).map_err(|refusal| match refusal {
        TokenRefusal::Invalid => Refusal::TokenInvalid,
        TokenRefusal::Expired => Refusal::TokenExpired,
    })?;
    let user = service.ports.users.by_session(claims.session_id, now).await?;
    user.filter(|user| user.id == claims.user_id).ok_or(Refusal::TokenInvalid)
}

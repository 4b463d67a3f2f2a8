//! Signed-in devices: opening a session, keeping it, ending it, and telling whose a request is.

pub mod devices;
pub mod refresh;

pub use refresh::refresh;

use super::{Error, Service};
use crate::domain::password::PasswordHash;
use crate::domain::session::{AccessClaims, DeviceName, Generation, NewSession, RefreshToken, SessionId};
use crate::domain::user::{User, UserId};
use crate::ports::{Proof, TokenError};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// What a signed-in device gets.
pub struct Tokens {
    pub access: String,
    pub access_expires_in: Duration,
    pub refresh: RefreshToken,
    /// Without a refresh the session ends after this.
    pub refresh_expires_in: Duration,
}

/// A person on a device of hers.
pub struct SignedIn {
    pub user: User,
    pub tokens: Tokens,
}

/// Who sends a request, and from which of her devices.
pub struct Caller {
    pub user: User,
    pub session: SessionId,
}

pub(super) struct Opened {
    pub session: NewSession,
    pub tokens: Tokens,
}

/// Makes a session and its tokens, before anything is stored: a token that cannot be signed must not leave a session behind.
pub(super) fn open(service: &Service, user_id: UserId, device_name: Option<DeviceName>) -> Result<Opened, Error> {
    let now = service.now();
    let (id, expires_at) = (SessionId::new(now, service.random()), now + service.policy.session.absolute);
    let tokens = tokens(service, user_id, Generation { session: id, number: 0 }, expires_at)?;
    Ok(Opened { session: NewSession { id, user_id, device_name, created_at: now, expires_at }, tokens })
}

/// Signs an existing user in, if `proof` still holds; `None` if it does not.
pub(super) async fn sign_in(
    service: &Service,
    user: User,
    proof: &Proof,
    rehashed: Option<&PasswordHash>,
    device_name: Option<DeviceName>,
) -> Result<Option<SignedIn>, Error> {
    let Opened { session, tokens } = open(service, user.id, device_name)?;
    let done = service.ports.users.sign_in(&session, proof, rehashed, &service.policy.session).await?;
    Ok(done.then_some(SignedIn { user, tokens }))
}

/// The tokens of one generation of a session that ends at `expires_at` in any case.
fn tokens(service: &Service, user_id: UserId, of: Generation, expires_at: DateTime<Utc>) -> Result<Tokens, Error> {
    let (now, policy) = (service.now(), &service.policy.session);
    let left = (expires_at - now).to_std().unwrap_or_default();
    let access_life = policy.access_life.min(left);
    let claims = AccessClaims {
        user_id,
        session_id: of.session,
        issued_at: now,
        expires_at: now + access_life,
        token_id: service.fresh_id(),
    };
    Ok(Tokens {
        access: service.ports.tokens.sign(&claims)?,
        access_expires_in: access_life,
        refresh: RefreshToken::issue(&service.keys.refresh, of),
        refresh_expires_in: policy.idle.min(left),
    })
}

/// Whose access token this is, if the session is alive: our own endpoints ask the database, so that a session that was
/// ended is refused at once.
pub async fn authenticate(service: &Service, token: &str) -> Result<Caller, Error> {
    let now = service.now();
    let claims = service.ports.tokens.verify(token, now).map_err(|error| match error {
        TokenError::Invalid => Error::TokenInvalid,
        TokenError::Expired => Error::TokenExpired,
    })?;
    let user = service.ports.users.by_session(claims.session_id, now).await?;
    let user = user.filter(|user| user.id == claims.user_id).ok_or(Error::TokenInvalid)?;
    Ok(Caller { user, session: claims.session_id })
}

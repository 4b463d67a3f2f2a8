//! Authenticating a request by its access token.

use crate::domain::session::SessionId;
use crate::domain::user::User;
use crate::flows::{Error, Service};
use crate::ports::TokenError;

/// Signed-in sender of a request, and their session.
pub struct Caller {
    pub user: User,
    pub session: SessionId,
}

/// Verifies the token and looks its session up in the database, so that an ended session is refused at once. A session
/// that is known to have ended needs no query.
pub async fn authenticate(service: &Service, token: &str) -> Result<Caller, Error> {
    let now = service.now();
    let claims = service.ports.tokens.verify(token, now).map_err(|error| match error {
        TokenError::Invalid => Error::TokenInvalid,
        TokenError::Expired => Error::TokenExpired,
    })?;
    if service.dead_sessions.contains(claims.session_id, now) {
        return Err(Error::TokenInvalid);
    }
    let user = service.ports.users.by_session(claims.session_id, now).await?;
    if user.is_none() {
        service.dead_sessions.add(claims.session_id, now);
    }
    let user = user.filter(|user| user.id == claims.user_id).ok_or(Error::TokenInvalid)?;
    Ok(Caller { user, session: claims.session_id })
}

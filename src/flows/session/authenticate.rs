//! Authenticating a request by its access token.

use crate::domain::session::SessionId;
use crate::domain::user::User;
use crate::flows::{Error, Service};
use crate::ports::{TokenError, fairness};

/// Signed-in sender of a request, and their session.
pub struct Caller {
    pub user: User,
    pub session: SessionId,
}

/// Verifies the token and looks its session up in the database, so that an ended session is refused at once.
pub async fn authenticate(service: &Service, token: &str) -> Result<Caller, Error> {
    let now = service.now();
    let claims = service.ports.tokens.verify(token, now).map_err(|error| match error {
        TokenError::Invalid => Error::TokenInvalid,
        TokenError::Expired => Error::TokenExpired,
    })?;
    fairness::identify(claims.session_id);
    let user = service.ports.users.by_session(claims.session_id, now).await?;
    let user = user.filter(|user| user.id == claims.user_id).ok_or(Error::TokenInvalid)?;
    Ok(Caller { user, session: claims.session_id })
}

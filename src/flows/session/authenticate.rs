//! Authenticating a request by its access token.

use crate::domain::session::{AccessClaims, Authority, SessionId};
use crate::domain::user::{AccountVersion, User};
use crate::flows::{Error, Service};
use crate::ports::{TokenError, fairness};

/// Signed-in sender of a request, and their session.
pub struct Caller {
    pub user: User,
    pub session: SessionId,
}

impl Caller {
    /// Condition of every write of the request.
    pub(in crate::flows) const fn authority(&self) -> Authority {
        Authority { session: self.session, account: AccountVersion::of(&self.user) }
    }
}

/// Verifies the signature and the lifetime of a token. This needs no database, so it comes before the body is read.
pub fn verify(service: &Service, token: &str) -> Result<AccessClaims, Error> {
    service.ports.tokens.verify(token, service.now()).map_err(|error| match error {
        TokenError::Invalid => Error::TokenInvalid,
        TokenError::Expired => Error::TokenExpired,
    })
}

/// Looks the session of a verified token up, so that an ended session is refused at once. A session that is known to
/// have ended needs no query. MUST come after the whole body has been read: a client may send it slowly, and the
/// session may end meanwhile.
pub async fn authenticate(service: &Service, claims: &AccessClaims) -> Result<Caller, Error> {
    fairness::identify(claims.session_id);
    let now = service.now();
    if service.dead.sessions.contains(claims.session_id, now) {
        return Err(Error::TokenInvalid);
    }
    let user = service.ports.users.by_session(claims.session_id, now).await?;
    if user.is_none() {
        service.dead.sessions.add(claims.session_id, now);
    }
    let user = user.filter(|user| user.id == claims.user_id).ok_or(Error::TokenInvalid)?;
    Ok(Caller { user, session: claims.session_id })
}

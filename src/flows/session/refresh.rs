//! Refresh-token rotation.

use super::tokens::{Tokens, tokens};
use crate::domain::session::{Generation, RefreshToken};
use crate::flows::{Error, Service};
use crate::ports::{Event, Refreshed, fairness};

/// Exchanges a refresh token for the next pair of tokens. One SQL statement decides (see
/// [`crate::ports::Users::refresh`]). A device that lost the response retries with the same token and gets the same
/// next token. A copied token ends the session.
pub async fn refresh(service: &Service, token: &str) -> Result<Tokens, Error> {
    let presented = RefreshToken::open(&service.keys.refresh, token).map_err(|_| Error::RefreshInvalid)?;
    let (session, now) = (presented.session, service.now());
    fairness::identify(session);
    if service.dead.sessions.contains(session, now) || service.dead.refresh_tokens.contains(presented, now) {
        return Err(Error::RefreshInvalid);
    }
    match service.ports.users.refresh(presented, now, &service.policy.session).await? {
        Refreshed::Yes { user, number, again, expires_at } => {
            if again {
                service.ports.telemetry.record(Event::RefreshReplayed { revoked: false });
                tracing::info!(session = %session.0, "refresh token replayed");
            }
            tokens(service, user, Generation { session, number }, expires_at)
        }
        Refreshed::Reused { user } => {
            service.ports.telemetry.record(Event::RefreshReplayed { revoked: true });
            tracing::warn!(user = %user.0, session = %session.0, "refresh token reuse detected: session revoked");
            Err(Error::RefreshReused)
        }
        Refreshed::Ended => {
            service.dead.refresh_tokens.add(presented, now);
            Err(Error::RefreshInvalid)
        }
    }
}

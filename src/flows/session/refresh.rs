//! Refresh of the tokens.

use super::tokens::{Tokens, tokens};
use crate::domain::dpop::Thumbprint;
use crate::domain::refresh::{Refresh, RefreshBlock};
use crate::domain::session::{Generation, RefreshToken};
use crate::flows::{Error, Service};
use crate::ports::{Event, Refreshed, fairness};
use std::net::IpAddr;

pub struct RefreshTokens<'a> {
    pub token: &'a str,
    /// Key of the request's DPoP proof.
    pub key: Option<Thumbprint>,
    pub client: IpAddr,
}

/// Exchanges a refresh token for the next pair of tokens. One SQL statement decides (see
/// [`crate::ports::Users::refresh`]). A device that lost the response retries with the same token and gets the same
/// next token. A copied token ends the session. A session that is bound to a key keeps its token.
pub async fn refresh(service: &Service, request: RefreshTokens<'_>) -> Result<Tokens, Error> {
    let presented = RefreshToken::open(&service.keys.refresh, request.token).map_err(|_| Error::RefreshInvalid)?;
    let (session, bound, now) = (presented.session, request.key.is_some(), service.now());
    fairness::identify(session);
    if service.dead.sessions.contains(session, now) || service.dead.refresh_tokens.contains(presented, now) {
        return Err(Error::RefreshInvalid);
    }
    let from = RefreshBlock::new(&service.keys.refresh_block, session, &service.ip_block(request.client));
    let request = Refresh { presented, key: request.key, from };
    match service.ports.users.refresh(&request, now, &service.policy.session).await? {
        Refreshed::Yes { user, number, again, expires_at, client_id } => {
            if again {
                service.ports.telemetry.record(Event::RefreshReplayed { revoked: false });
                tracing::info!(session = %session.0, "refresh token replayed");
            }
            tokens(service, user, Generation { session, number }, expires_at, bound, client_id.as_ref())
        }
        Refreshed::Reused { user } => {
            service.ports.telemetry.record(Event::RefreshReplayed { revoked: true });
            tracing::warn!(user = %user.0, session = %session.0, "refresh token reuse detected: session revoked");
            Err(Error::RefreshReused)
        }
        // The session lives on: neither result may be remembered as dead, because another request has the key.
        Refreshed::KeyMismatch => {
            tracing::warn!(session = %session.0, "refresh token used without its key");
            Err(Error::RefreshKeyMismatch)
        }
        Refreshed::NotBound => Err(Error::DpopProofInvalid),
        Refreshed::Ended => {
            service.dead.refresh_tokens.add(presented, now);
            Err(Error::RefreshInvalid)
        }
    }
}

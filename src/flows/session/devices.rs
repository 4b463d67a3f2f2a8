//! Devices of a user: list and sign-out.

use super::authenticate::Caller;
use crate::domain::session::{Session, SessionId};
use crate::domain::user::AccountVersion;
use crate::flows::{Error, Service};
use chrono::{DurationRound, TimeDelta};

/// Lists the active sessions of the caller, the most recently used first.
pub async fn list(service: &Service, caller: &Caller) -> Result<Vec<Session>, Error> {
    let sessions = service.ports.users.sessions(caller.user.id, service.now(), &service.policy.session).await?;
    Ok(sessions.into_iter().map(to_the_hour).collect())
}

/// Rounds the last use down to the hour. A thief of a refresh token must not learn to the minute when the owner
/// refreshes. Otherwise they could time their replays to look like the owner's retries.
fn to_the_hour(session: Session) -> Session {
    let hour = session.last_used_at.duration_trunc(TimeDelta::hours(1)).unwrap_or(session.last_used_at);
    Session { last_used_at: hour.max(session.created_at), ..session }
}

/// Signs this device out. It stays a known device, unless `forget` is set.
pub async fn log_out(service: &Service, caller: &Caller, forget: bool) -> Result<(), Error> {
    let (users, authority, now) = (&service.ports.users, caller.authority(), service.now());
    // `false`: a concurrent call has ended the session, or has changed the credentials: the session may live on.
    let ended = if forget {
        users.end_device(&authority, caller.session, now).await?
    } else {
        users.end_session(&authority, caller.session, now).await?
    };
    if ended { Ok(()) } else { Err(Error::TokenInvalid) }
}

/// Signs every device out and forgets it, including this one.
pub async fn log_out_everywhere(service: &Service, caller: &Caller) -> Result<(), Error> {
    // `false`: the credentials were changed concurrently, which has ended the other sessions.
    let ended = service.ports.users.end_sessions(&caller.authority(), service.now()).await?;
    if ended { Ok(()) } else { Err(Error::TokenInvalid) }
}

/// Signs one device of the caller out and forgets it. The own device stays known.
pub async fn end(service: &Service, caller: &Caller, session: SessionId) -> Result<(), Error> {
    let (users, authority, now) = (&service.ports.users, caller.authority(), service.now());
    if session == caller.session {
        return log_out(service, caller, false).await;
    }
    if users.end_device(&authority, session, now).await? {
        return Ok(());
    }
    // The session is unknown or has ended, or the credentials were changed concurrently: then it may live on.
    let user = users.by_session(caller.session, now).await?;
    let has_authority = user.is_some_and(|user| AccountVersion::of(&user) == authority.account);
    Err(if has_authority { Error::SessionNotFound } else { Error::TokenInvalid })
}

//! A person's devices: to look at, and to sign out.

use super::Caller;
use crate::domain::session::{Session, SessionId};
use crate::flows::{Error, Service};
use chrono::{DurationRound, TimeDelta};

/// Her living sessions, the most recently used first.
pub async fn list(service: &Service, caller: &Caller) -> Result<Vec<Session>, Error> {
    let sessions = service.ports.users.sessions(caller.user.id, service.now(), &service.policy.session).await?;
    Ok(sessions.into_iter().map(to_the_hour).collect())
}

/// Who copied a refresh token must not learn to the minute when its owner refreshes: he could time his own replays so that
/// they look like her retries.
fn to_the_hour(session: Session) -> Session {
    let hour = session.last_used_at.duration_trunc(TimeDelta::hours(1)).unwrap_or(session.last_used_at);
    Session { last_used_at: hour.max(session.created_at), ..session }
}

/// Signs this device out.
pub async fn log_out(service: &Service, caller: &Caller) -> Result<(), Error> {
    // Already ended by a call at the same time: what was asked for is so.
    service.ports.users.end_session(caller.user.id, caller.session, service.now()).await.map(drop)?;
    Ok(())
}

/// Signs every device out, this one too.
pub async fn log_out_everywhere(service: &Service, caller: &Caller) -> Result<(), Error> {
    Ok(service.ports.users.end_sessions(caller.user.id, service.now()).await?)
}

/// Signs one of her devices out.
pub async fn end(service: &Service, caller: &Caller, session: SessionId) -> Result<(), Error> {
    let ended = service.ports.users.end_session(caller.user.id, session, service.now()).await?;
    if ended { Ok(()) } else { Err(Error::SessionNotFound) }
}

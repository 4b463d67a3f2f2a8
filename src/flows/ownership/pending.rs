//! Pending acts of an account: its signed-in owner sees, approves and refuses them.

use super::ask::{after, wait};
use crate::domain::ownership::OwnershipPolicy;
use crate::domain::pending::{ActKind, Decision, PendingAct, PendingId};
use crate::domain::user::AccountVersion;
use crate::flows::session::Caller;
use crate::flows::{Error, Service};
use crate::ports::{EvidenceQuery, Whose};
use chrono::{DateTime, Utc};

/// Lists the acts that wait, or that can be done now. The refused ones are not listed.
pub async fn list(service: &Service, caller: &Caller) -> Result<Vec<PendingAct>, Error> {
    let acts = service.ports.users.pending(AccountVersion::of(&caller.user), service.now()).await?;
    Ok(acts.into_iter().filter(|act| act.refused_at.is_none()).collect())
}

/// Allows the act at once. The device of the session must have been known for [`OwnershipPolicy::hold`]: a thief who
/// has just signed in with a stolen SIM must not approve the own act.
pub async fn approve(service: &Service, caller: &Caller, act: PendingId) -> Result<(), Error> {
    must_be_known(service, caller).await?;
    let expires_at = after(service.now(), service.policy.ownership.approved_life);
    resolve(service, caller, act, Decision::Approve, expires_at).await
}

/// Refuses the act. It cannot be asked for again for [`OwnershipPolicy::refusal`]. Every session can refuse; that of a
/// device that is new only cancels the act: a thief who has just signed in must not lock the owner out for long.
pub async fn refuse(service: &Service, caller: &Caller, act: PendingId) -> Result<(), Error> {
    let decision = match must_be_known(service, caller).await {
        Ok(()) => Decision::Refuse,
        Err(Error::DeviceTooNew { .. }) => Decision::Cancel,
        Err(error) => return Err(error),
    };
    let expires_at = after(service.now(), service.policy.ownership.refusal);
    resolve(service, caller, act, decision, expires_at).await
}

async fn must_be_known(service: &Service, caller: &Caller) -> Result<(), Error> {
    let (now, OwnershipPolicy { hold, .. }) = (service.now(), &service.policy.ownership);
    let query = EvidenceQuery { whose: Whose::User(caller.user.id), act: ActKind::SignIn, now };
    let found = service.ports.users.evidence(&query).await?.ok_or(Error::TokenInvalid)?;
    match found.device_of(caller.session) {
        Some(device) if device.is_known_for(*hold, now) => Ok(()),
        device => {
            let since = device.map_or(now, |device| device.since);
            Err(Error::DeviceTooNew { retry_after: wait(after(since, *hold), now) })
        }
    }
}

async fn resolve(
    service: &Service,
    caller: &Caller,
    act: PendingId,
    decision: Decision,
    expires_at: DateTime<Utc>,
) -> Result<(), Error> {
    let (users, by) = (&service.ports.users, caller.authority());
    if users.resolve(&by, act, decision, service.now(), expires_at).await? {
        tracing::info!(user = %caller.user.id.0, ?decision, "pending act resolved");
        return Ok(());
    }
    Err(Error::PendingNotFound)
}

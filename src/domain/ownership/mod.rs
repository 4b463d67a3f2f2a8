//! Ownership: whether a right code is enough. Carriers give numbers to the next person, and SIMs are stolen. A right
//! code proves who holds the SIM today, and no more.
//!
//! Every endpoint where a code to the number of an account is right asks [`decide`], before anything is given or done.

use super::pending::{ActKind, PendingAct, PendingId};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Numbers of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnershipPolicy {
    /// An account that was neither used nor proven for this time is dormant: 90 days, the shortest time after which
    /// carriers in China give a number to the next person. `None`: no account is dormant.
    pub stale: Option<Duration>,
    /// A proof of the phone is old after this time: 180 days. `None`: no proof becomes old.
    pub confirm: Option<Duration>,
    /// A detached account keeps its sessions if one of them is active and was used within this time: 30 days.
    pub in_use: Duration,
    /// Time that an act is held: 24 hours, in which a person looks at the phone.
    pub hold: Duration,
    /// Time after which a detached account is deleted: 180 days, twice the time that makes it dormant.
    pub reclaim: Duration,
    /// Time in which a held act can be done after it is ready: 7 days.
    pub ready_life: Duration,
    /// Time in which an approved act can be done: an hour, because the person who asked is waiting.
    pub approved_life: Duration,
    /// Time in which a refused act cannot be asked for again: 7 days.
    pub refusal: Duration,
}

impl Default for OwnershipPolicy {
    fn default() -> Self {
        Self {
            stale: Some(90 * DAY),
            confirm: Some(180 * DAY),
            in_use: 30 * DAY,
            hold: DAY,
            reclaim: 180 * DAY,
            ready_life: 7 * DAY,
            approved_life: Duration::from_secs(3_600),
            refusal: 7 * DAY,
        }
    }
}

impl OwnershipPolicy {
    /// Returns whether the user should prove the phone again: after [`Self::confirm`], or after [`Self::stale`] if this
    /// is shorter, because the carrier may have given the number to another person by then.
    #[must_use]
    pub fn is_confirm_due(&self, proven_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.confirm.is_some_and(|span| {
            let span = self.stale.map_or(span, |stale| span.min(stale));
            is_older(proven_at, span, now)
        })
    }

    /// Returns the time until a password that was set with a code alone counts for an act that cannot be undone: the
    /// code of a stolen SIM must not be enough. `None`: it counts now.
    #[must_use]
    pub fn settles_in(&self, reset_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Duration> {
        let age = (now - reset_at?).to_std().unwrap_or_default();
        self.hold.checked_sub(age).filter(|left| !left.is_zero())
    }

    /// Returns whether a password counts for an act that cannot be undone (see [`Self::settles_in`]).
    #[must_use]
    pub fn is_settled(&self, reset_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        self.settles_in(reset_at, now).is_none()
    }

    /// Returns whether an account was neither proven nor used for a long time. `used_at` may be earlier than the last
    /// use: an account that is dormant by this may be in use.
    #[must_use]
    pub fn is_stale(&self, proven_at: DateTime<Utc>, used_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.stale.is_some_and(|span| is_older(proven_at.max(used_at), span, now))
    }
}

fn is_older(time: DateTime<Utc>, span: Duration, now: DateTime<Utc>) -> bool {
    TimeDelta::from_std(span).is_ok_and(|span| now - time >= span)
}

/// Facts about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Last proof of the phone.
    pub proven_at: DateTime<Utc>,
    /// Last sign-in or refresh, also of sessions that have ended.
    pub used_at: DateTime<Utc>,
}

/// State of an account, as the rule sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// Neither proven nor used for a long time: the number probably belongs to another person.
    Dormant,
    /// Used lately, but the phone was not proven for a long time.
    OldProof,
    /// Everything else.
    Current,
}

impl AccountState {
    /// The person who has the phone can get an account of their own with it.
    #[must_use]
    pub const fn can_start_anew(self) -> bool {
        !matches!(self, Self::Current)
    }
}

impl Facts {
    #[must_use]
    pub fn state(&self, policy: &OwnershipPolicy, now: DateTime<Utc>) -> AccountState {
        if policy.is_stale(self.proven_at, self.used_at, now) {
            AccountState::Dormant
        } else if policy.is_confirm_due(self.proven_at, now) {
            AccountState::OldProof
        } else {
            AccountState::Current
        }
    }
}

/// Evidence besides the code. For an irreversible act ([`ActKind::is_irreversible`]) only old evidence counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The password is right.
    pub password: bool,
    /// The request comes from a known device of the account.
    pub device: bool,
}

/// Answer of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The act is done. It uses up this pending act, if there is one.
    Enter { uses: Option<PendingId> },
    /// Nothing is given. The person can prove the account with more, or start anew.
    Dormant,
    /// The account loses its number and its sessions, and is deleted later.
    Detach,
    /// The act is held from now on.
    Hold,
    /// The act is held already, until then.
    Held { until: DateTime<Utc> },
    /// The owner has refused the act. It can be asked for again then.
    Refused { until: DateTime<Utc> },
}

/// The rule. `pending` is the pending act of this kind, and `target` what the act is about.
#[must_use]
pub fn decide(
    act: ActKind,
    state: AccountState,
    evidence: Evidence,
    pending: Option<&PendingAct>,
    target: Option<&str>,
    now: DateTime<Utc>,
) -> Outcome {
    use AccountState::{Current, Dormant};
    use ActKind::{Deletion, NumberClaim, PasswordReset, PhoneChange, SignIn};
    let is_proven = match act {
        SignIn | PasswordReset | Deletion => evidence.password || evidence.device,
        PhoneChange => evidence.password && evidence.device,
        NumberClaim => false,
    };
    match (act, state) {
        // The held act of the same kind has no purpose any more.
        _ if is_proven => Outcome::Enter { uses: pending.filter(|act| act.refused_at.is_none()).map(|act| act.id) },
        (SignIn | PasswordReset, Current) => Outcome::Enter { uses: None },
        (SignIn | PasswordReset, Dormant) => Outcome::Dormant,
        (Deletion | NumberClaim, Dormant) => Outcome::Detach,
        _ => held(pending, target, now),
    }
}

fn held(pending: Option<&PendingAct>, target: Option<&str>, now: DateTime<Utc>) -> Outcome {
    let Some(act) = pending else { return Outcome::Hold };
    if act.refused_at.is_some() {
        return Outcome::Refused { until: act.expires_at };
    }
    let is_ready = act.approved_at.is_some() || act.ready_at <= now;
    if is_ready && act.target.as_deref() == target {
        return Outcome::Enter { uses: Some(act.id) };
    }
    // Another target waits until the pending act is done, refused or expired.
    Outcome::Held { until: if is_ready { act.expires_at } else { act.ready_at } }
}

#[cfg(test)]
mod tests;

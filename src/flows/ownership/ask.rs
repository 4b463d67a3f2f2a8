//! Asks the rule of [`crate::domain::ownership`], and holds the act if the rule says so.

use crate::domain::device::KnownDevice;
use crate::domain::ownership::{AccountState, Evidence, Outcome, OwnershipPolicy, decide};
use crate::domain::pending::{ActKind, NewPending, PendingId};
use crate::domain::phone::Phone;
use crate::domain::question::Reason;
use crate::domain::session::{DeviceName, SessionId};
use crate::domain::user::{AccountVersion, User};
use crate::flows::account::notice::{self, Notice};
use crate::flows::{Error, InQuestion, NamedDevice, Service};
use crate::ports::{AccountEvidence, Detach, EvidenceQuery, Whose};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// Act on an account, and the evidence that the client gives besides the code.
#[derive(Default)]
pub(in crate::flows) struct Question {
    /// Device that the client's token names.
    pub device: Option<NamedDevice>,
    /// The password was right.
    pub password: bool,
    /// Subject of the act: the new number, or the account that claims the number.
    pub target: Option<String>,
    /// Session that asks: the act ends with it.
    pub session: Option<SessionId>,
    pub device_name: Option<DeviceName>,
    /// Notice that is sent when the act is held.
    pub notice: Option<Notice>,
}

/// The act may be done.
pub(in crate::flows) enum Admitted {
    Enter(Box<Entered>),
    /// The account loses its number instead.
    Detach(Box<Detach>),
}

pub(in crate::flows) struct Entered {
    pub user: User,
    /// Device of the client, if the account knows it.
    pub known: Option<KnownDevice>,
    /// Pending act that the act uses up.
    pub uses: Option<PendingId>,
}

impl Admitted {
    /// Returns the entry, for acts that never detach an account.
    pub(in crate::flows) fn entered(self) -> Result<Entered, Error> {
        match self {
            Self::Enter(entered) => Ok(*entered),
            Self::Detach(_) => Err(Error::TicketExpired),
        }
    }
}

/// Asks the rule whether the act may be done. `account` is the account that the code was sent for.
pub(in crate::flows) async fn ask(
    service: &Service,
    act: ActKind,
    whose: Whose,
    account: AccountVersion,
    question: Question,
) -> Result<Admitted, Error> {
    let (now, policy) = (service.now(), &service.policy.ownership);
    // A signed-in user has an account, and does not start anew.
    let is_public = matches!(whose, Whose::Phone(_)) && act != ActKind::NumberClaim;
    let query = EvidenceQuery { whose, act, now };
    // Otherwise the account was deleted since the code was sent, or got another phone or a new password.
    let found = service.ports.users.evidence(&query).await?.ok_or(Error::TicketExpired)?;
    if AccountVersion::of(&found.account.user) != account {
        return Err(Error::TicketExpired);
    }
    let known = known_device(service, &found, act, &question).await?;
    let counts = |device: &KnownDevice| !act.is_irreversible() || device.is_known_for(policy.hold, now);
    let evidence = Evidence { password: question.password, device: known.as_ref().is_some_and(counts) };
    let is_test = found.account.user.phone.as_ref().is_some_and(|phone| service.test_phone(phone).is_some());
    let state = found.facts.state(policy, now);
    let start_anew = is_public && state.can_start_anew();
    let target = question.target.as_deref();
    let in_question = |reason| Error::InQuestion(InQuestion { act, reason, start_anew, expires_in: None });
    let held = |until| in_question(Reason::Held(wait(until, now)));
    let refused = |until| in_question(Reason::Refused(wait(until, now)));
    let pending = found.pending.as_ref().filter(|act| !act.is_replaced_by(question.session, target));
    // Its code is fixed, and known to the operator's staff and to reviewers: nothing is protected by waiting.
    let outcome =
        if is_test { Outcome::Enter { uses: None } } else { decide(act, state, evidence, pending, target, now) };
    match outcome {
        Outcome::Enter { uses } => Ok(Admitted::Enter(Box::new(Entered { user: found.account.user, known, uses }))),
        Outcome::Dormant => Err(in_question(Reason::Dormant)),
        Outcome::Detach => {
            let phone = found.account.user.phone.clone().ok_or(Error::TicketExpired)?;
            Ok(Admitted::Detach(Box::new(detach(service, account, phone, now))))
        }
        Outcome::Held { until } => Err(held(until)),
        Outcome::Refused { until } => Err(refused(until)),
        Outcome::Hold => {
            let (new, notice) = new_pending(service, act, account, question, now);
            let held_now = new.id;
            let act = service.ports.users.hold(&new).await?.ok_or(Error::TicketExpired)?;
            if act.id == held_now {
                tracing::info!(user = %account.user.0, act = act.kind.as_str(), "act held");
                notice.into_iter().for_each(|notice| notice::send(service, notice));
            }
            Err(if act.refused_at.is_some() { refused(act.expires_at) } else { held(act.ready_at) })
        }
    }
}

/// Returns the state of the account of a phone, and its user, without holding anything. `account` is the account that
/// the code was sent for.
pub(in crate::flows) async fn state_of(
    service: &Service,
    phone: Phone,
    account: AccountVersion,
) -> Result<(AccountState, User), Error> {
    let (now, policy) = (service.now(), &service.policy.ownership);
    let query = EvidenceQuery { whose: Whose::Phone(phone), act: ActKind::SignIn, now };
    let found = service.ports.users.evidence(&query).await?;
    let found = found.filter(|found| AccountVersion::of(&found.account.user) == account).ok_or(Error::TicketExpired)?;
    Ok((found.facts.state(policy, now), found.account.user))
}

/// Returns the device of the session that asks, or the device of the token, if the account knows it.
///
/// The device of a session counts for a change of number, with the password. It does not count for a deletion: a code
/// in the app is not worth more than a code without it.
async fn known_device(
    service: &Service,
    found: &AccountEvidence,
    act: ActKind,
    question: &Question,
) -> Result<Option<KnownDevice>, Error> {
    if act == ActKind::PhoneChange {
        // The session is signed in already: its key was checked then.
        return Ok(question.session.and_then(|session| found.device_of(session)).cloned());
    }
    match &question.device {
        Some(named) => named.among(service, &found.devices).await,
        None => Ok(None),
    }
}

fn new_pending(
    service: &Service,
    kind: ActKind,
    account: AccountVersion,
    question: Question,
    now: DateTime<Utc>,
) -> (NewPending, Option<Notice>) {
    let policy = &service.policy.ownership;
    let ready_at = after(now, policy.hold);
    let Question { target, session, device_name, notice, .. } = question;
    let (id, expires_at) = (PendingId(service.new_id()), after(ready_at, policy.ready_life));
    let act = NewPending { id, account, kind, target, session, device_name, asked_at: now, ready_at, expires_at };
    (act, notice)
}

/// Account that loses its phone, unless its owner proves it or signs in after `as_of`.
pub(in crate::flows) fn detach(
    service: &Service,
    account: AccountVersion,
    phone: Phone,
    as_of: DateTime<Utc>,
) -> Detach {
    let (now, OwnershipPolicy { in_use, stale, reclaim, .. }) = (service.now(), &service.policy.ownership);
    // A session that is idle for too long has ended, and a dormant account is not in use.
    let in_use = service.policy.session.idle.min(*in_use).min(stale.unwrap_or(*in_use));
    let (in_use_since, deletes_at) = (before(now, in_use), after(now, *reclaim));
    Detach { account, phone, as_of, in_use_since, deletes_at, uses: None }
}

pub(super) fn before(time: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(span).ok().and_then(|span| time.checked_sub_signed(span)).unwrap_or_default()
}

pub(super) fn after(time: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(span).ok().and_then(|span| time.checked_add_signed(span)).unwrap_or(time)
}

pub(super) fn wait(until: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (until - now).to_std().unwrap_or_default()
}

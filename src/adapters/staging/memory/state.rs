//! Entries in the memory of one process, and the operations on them under its lock.

use super::shared::Shared;
use crate::adapters::staging::expiring::Expiring;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::completion::Completion;
use crate::domain::flow::{Proven, Purpose, Step, Transition};
use crate::domain::password::PasswordHash;
use crate::domain::question::OpenQuestion;
use crate::domain::ticket::FlowKey;
use crate::ports::NewFlow;
use chrono::{DateTime, Utc};
use std::time::Duration;
use uuid::Uuid;

/// Limit's name and subject.
pub(super) type CounterKey = (&'static str, String);

pub(super) struct State {
    /// Time when the lock was taken: one operation happens at one time.
    pub(super) now: DateTime<Utc>,
    pub(super) captchas: Expiring<CaptchaId, CaptchaAnswer>,
    pub(super) flows: Expiring<FlowKey, Stored>,
    /// Flows whose right code a caller is redeeming, with this caller.
    pub(super) claims: Expiring<FlowKey, Uuid>,
    pub(super) counters: Expiring<CounterKey, u32>,
    pub(super) shared: Expiring<CounterKey, Shared>,
    /// Times at which the events of a sliding window leave it, the oldest event first.
    pub(super) events: Expiring<CounterKey, Vec<DateTime<Utc>>>,
    pub(super) requests: Expiring<String, Request>,
    /// Refunds that were made.
    pub(super) refunds: Expiring<Uuid, ()>,
}

pub(super) struct Stored {
    /// Flow as it was opened; its attempts and passwords are those that are left.
    pub(super) new: NewFlow,
    pub(super) step: Step,
    pub(super) password_hash: Option<PasswordHash>,
    pub(super) completion: Option<Completion>,
    pub(super) question: Option<OpenQuestion>,
    pub(super) ip_blocks: Vec<String>,
    pub(super) provider: Option<String>,
    pub(super) sends: u32,
    /// Last resend, if it was not cancelled.
    pub(super) resend: Option<Uuid>,
}

/// Request with an idempotency key.
pub(super) struct Request {
    pub(super) fingerprint: String,
    pub(super) owner: Uuid,
    /// `None` while it is being handled.
    pub(super) response: Option<String>,
}

impl Stored {
    pub(super) fn proven(&self) -> Proven {
        Proven { phone: self.new.phone.clone(), account: self.new.account, password_proven: self.new.password_proven }
    }
}

impl State {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            captchas: Expiring::default(),
            flows: Expiring::default(),
            claims: Expiring::default(),
            counters: Expiring::default(),
            shared: Expiring::default(),
            events: Expiring::default(),
            requests: Expiring::default(),
            refunds: Expiring::default(),
        }
    }

    /// Returns the flow if it may make this transition; otherwise its step, or `None` if there is no such flow. Without
    /// a purpose, every purpose is allowed.
    pub(super) fn check(
        &mut self,
        key: &FlowKey,
        purpose: Option<Purpose>,
        transition: &Transition,
    ) -> Result<&mut Stored, Option<Step>> {
        let flow = self.flows.get_mut(key, self.now);
        let flow = flow.filter(|flow| purpose.is_none_or(|purpose| purpose == flow.new.purpose)).ok_or(None)?;
        if transition.allows(flow.step) { Ok(flow) } else { Err(Some(flow.step)) }
    }

    /// Makes a transition that [`State::check`] has allowed. Returns the remaining lifetime.
    pub(super) fn advance(&mut self, key: &FlowKey, transition: &Transition, ttl: Duration) -> Duration {
        if let Some(flow) = self.flows.get_mut(key, self.now) {
            let restarts = transition.restarts_ttl(flow.step);
            flow.step = transition.to.unwrap_or(flow.step);
            if restarts {
                self.flows.renew(key, ttl, self.now);
            }
        }
        self.flows.left(key, self.now).unwrap_or_default()
    }
}

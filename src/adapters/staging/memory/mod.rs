//! Staging in the memory of one process, behind one lock: for development, and for small services that need no second
//! process. Whatever is not finished when the process ends is lost.

mod idempotency;
mod counters;
mod state;

use super::expiring::Expiring;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::flow::{self, Flow, Purpose, Step};
use crate::domain::password::PasswordHash;
use crate::domain::policy::{CodePolicy, PhoneLimits};
use crate::domain::ticket::FlowKey;
use crate::ports::{
    Advance, Cancel, Clock, CodeCheck, DependencyError, NewFlow, PasswordTurn, Resend, Reservation, Reserved, Staging,
};
use async_trait::async_trait;
use state::{CounterKey, Progress, State, Stored};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// See the module. Never fails.
pub struct MemoryStaging {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl MemoryStaging {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            now: clock.now(),
            captchas: Expiring::default(),
            flows: Expiring::default(),
            counters: Expiring::default(),
            members: Expiring::default(),
            answers: Expiring::default(),
        };
        Self { clock, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = self.clock.now();
        state
    }
}

#[async_trait]
impl Staging for MemoryStaging {
    async fn put_captcha(&self, id: &CaptchaId, answer: &CaptchaAnswer, life: Duration) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        state.captchas.put(id.clone(), answer.clone(), life, now);
        Ok(())
    }

    async fn take_captcha(&self, id: &CaptchaId) -> Result<Option<CaptchaAnswer>, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        Ok(state.captchas.take(id, now))
    }

    async fn open_flow(
        &self,
        key: &FlowKey,
        flow: &NewFlow,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Reserved, DependencyError> {
        let mut state = self.state();
        let resend_in = match state.reserve(key.subject, limits) {
            Ok(cooldown) => cooldown,
            Err(refusal) => return Ok(Reserved::No(refusal)),
        };
        let stored = Stored {
            purpose: flow.purpose,
            phone: flow.phone.clone(),
            account: flow.account,
            decoy: flow.decoy,
            client: flow.client.clone(),
            ip_blocks: vec![flow.origin.clone()],
            provider: None,
            attempts: 0,
            sends: 1,
            passwords: 0,
            progress: Progress::CodeSent,
        };
        let now = state.now;
        state.flows.put(*key, stored, policy.life, now);
        Ok(Reserved::Yes { resend_in })
    }

    async fn reserve_resend(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Resend, DependencyError> {
        let mut state = self.state();
        match state.flow(key, purpose).map(|flow| flow.step()) {
            None => return Ok(Resend::Gone),
            Some(Step::CodeSent) => {}
            Some(step) => return Ok(Resend::WrongStep(step)),
        }
        let resend_in = match state.reserve(key.subject, limits) {
            Ok(cooldown) => cooldown,
            Err(refusal) => return Ok(Resend::No(refusal)),
        };
        let expires_in = state.flows.left(key, state.now).unwrap_or_default();
        let Some(flow) = state.flow(key, purpose) else { return Ok(Resend::Gone) };
        flow.sends += 1;
        Ok(Resend::Yes(Reservation {
            phone: flow.phone.clone(),
            decoy: flow.decoy,
            client: flow.client.clone(),
            send: flow.sends,
            attempts_left: policy.attempts.saturating_sub(flow.attempts),
            expires_in,
            resend_in,
        }))
    }

    async fn cancel_send(&self, key: &FlowKey, cancel: Cancel) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        if state.flows.get_mut(key, now).is_none() {
            return Ok(());
        }
        // A cooldown counts one, so taking it back ends it.
        state.refund(&CounterKey::Cooldown(key.subject));
        if cancel.refund {
            state.refund(&CounterKey::Hour(key.subject));
            state.refund(&CounterKey::Day(key.subject));
        }
        if cancel.end {
            state.flows.take(key, now);
        }
        Ok(())
    }

    async fn record_sent(&self, key: &FlowKey, provider: &str, origin: Option<&str>) -> Result<(), DependencyError> {
        if let Some(flow) = self.state().waiting(key) {
            flow.provider = Some(provider.to_owned());
            flow.ip_blocks.extend(origin.map(str::to_owned));
        }
        Ok(())
    }

    async fn clear_ip_blocks(&self, key: &FlowKey) -> Result<bool, DependencyError> {
        let mut state = self.state();
        Ok(state.waiting(key).is_some_and(|flow| !std::mem::take(&mut flow.ip_blocks).is_empty()))
    }

    async fn check_code(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<CodeCheck, DependencyError> {
        let mut state = self.state();
        let (checked, now) = (state.check(key, purpose, right, policy, limits), state.now);
        if let (CodeCheck::Right(_), Some(flow)) = (&checked, state.flow(key, purpose)) {
            flow.progress = Progress::PhoneVerified;
            state.flows.renew(key, policy.verified_life, now);
        }
        Ok(checked)
    }

    async fn claim_code(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<CodeCheck, DependencyError> {
        let mut state = self.state();
        let (checked, now) = (state.check(key, purpose, right, policy, limits), state.now);
        if let CodeCheck::Right(_) = checked {
            if let Some(retry_after) = state.counters.left(&CounterKey::Claim(*key), now) {
                return Ok(CodeCheck::Busy { retry_after });
            }
            state.counters.put(CounterKey::Claim(*key), 1, policy.claim, now);
        }
        Ok(checked)
    }

    async fn release_code(&self, key: &FlowKey) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        state.counters.take(&CounterKey::Claim(*key), now);
        Ok(())
    }

    async fn read_flow(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
    ) -> Result<Option<Flow>, DependencyError> {
        let mut state = self.state();
        let resend_in = state.counters.left(&CounterKey::Cooldown(key.subject), state.now).unwrap_or_default();
        let expires_in = state.flows.left(key, state.now).unwrap_or_default();
        let Some(stored) = state.flow(key, purpose) else { return Ok(None) };
        let state = match &stored.progress {
            Progress::CodeSent => {
                flow::State::CodeSent { attempts_left: policy.attempts.saturating_sub(stored.attempts), resend_in }
            }
            Progress::PhoneVerified => flow::State::PhoneVerified,
            Progress::PasswordSet(hash) => flow::State::PasswordSet { password_hash: hash.clone() },
        };
        Ok(Some(Flow { phone: stored.phone.clone(), state, expires_in }))
    }

    async fn begin_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
    ) -> Result<PasswordTurn, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        let Some(flow) = state.flow(key, purpose) else { return Ok(PasswordTurn::Gone) };
        if flow.step() == Step::CodeSent {
            return Ok(PasswordTurn::WrongStep(Step::CodeSent));
        }
        if flow.passwords >= policy.passwords {
            return Ok(PasswordTurn::Exhausted { retry_after: state.flows.left(key, now).unwrap_or_default() });
        }
        flow.passwords += 1;
        Ok(PasswordTurn::Granted(flow.proven()))
    }

    async fn cancel_password(&self, key: &FlowKey) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        if let Some(flow) = state.flows.get_mut(key, now) {
            flow.passwords = flow.passwords.saturating_sub(1);
        }
        Ok(())
    }

    async fn set_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        hash: &PasswordHash,
        policy: &CodePolicy,
    ) -> Result<Advance, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        let Some(flow) = state.flow(key, purpose) else { return Ok(Advance::Gone) };
        if flow.step() == Step::CodeSent {
            return Ok(Advance::WrongStep(Step::CodeSent));
        }
        let first = flow.step() == Step::PhoneVerified;
        flow.progress = Progress::PasswordSet(hash.clone());
        if first {
            state.flows.renew(key, policy.verified_life, now);
        }
        Ok(Advance::Done { expires_in: state.flows.left(key, now).unwrap_or_default() })
    }

    async fn end_flow(&self, key: &FlowKey) -> Result<bool, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        Ok(state.flows.take(key, now).is_some())
    }

    async fn ping(&self) -> Result<(), DependencyError> {
        Ok(())
    }
}

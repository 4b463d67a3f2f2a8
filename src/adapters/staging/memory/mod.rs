//! Staging in the memory of one process, behind one lock: for development; production does not start with it. All
//! entries are lost when the process ends.

mod counters;
mod idempotency;
mod shared;
mod sliding;
mod state;

use crate::domain::captcha::{CaptchaAnswer, CaptchaAttempt, CaptchaId};
use crate::domain::flow::{self, Flow, Purpose, Step, Transition};
use crate::domain::limits::{Counter, Limit};
use crate::domain::ticket::FlowKey;
use crate::ports::{
    Admission, Advance, CancelledSend, CaptchaCheck, Change, Clock, CodeAttempt, CodeCheck, DependencyError, NewFlow,
    OnRight, Resend, ReservedResend, Staging, Verified,
};
use async_trait::async_trait;
use state::{State, Stored};
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// See the module. Never fails.
pub struct MemoryStaging {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl MemoryStaging {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(State::new(clock.now()));
        Self { clock, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = self.clock.now();
        state
    }
}

#[async_trait]
impl Staging for MemoryStaging {
    async fn put_captcha(
        &self,
        id: &CaptchaId,
        answer: &CaptchaAnswer,
        ttl: Duration,
        limits: &[Counter],
    ) -> Result<Admission, DependencyError> {
        let mut state = self.state();
        let (admission, now) = (state.admit(limits), state.now);
        if matches!(admission, Admission::Allowed(_)) {
            state.captchas.put(id.clone(), answer.clone(), ttl, now);
        }
        Ok(admission)
    }

    async fn redeem_captcha(
        &self,
        attempt: &CaptchaAttempt,
        limits: &[Counter],
    ) -> Result<CaptchaCheck, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        Ok(match state.captchas.take(&attempt.id, now) {
            None => CaptchaCheck::Gone,
            Some(answer) if attempt.solves(&answer) => CaptchaCheck::Right(state.admit(limits)),
            Some(_) => CaptchaCheck::Wrong,
        })
    }

    async fn delete_captcha(&self, id: &CaptchaId) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        state.captchas.take(id, now);
        Ok(())
    }

    async fn open_flow(&self, key: &FlowKey, flow: &NewFlow, limits: &[Counter]) -> Result<Admission, DependencyError> {
        let mut state = self.state();
        let admission = state.admit(limits);
        if let Admission::Allowed(_) = admission {
            let stored = Stored {
                ip_blocks: Some(flow.ip_block.clone()).filter(|block| !block.is_empty()).into_iter().collect(),
                provider: flow.provider.map(str::to_owned),
                sends: 1,
                resend: None,
                step: Step::FIRST,
                password_hash: None,
                completion: None,
                question: None,
                new: flow.clone(),
            };
            let now = state.now;
            state.flows.put(*key, stored, flow.ttl, now);
        }
        Ok(admission)
    }

    async fn reserve_resend(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        id: Uuid,
        limits: &[Counter],
    ) -> Result<Resend, DependencyError> {
        let mut state = self.state();
        match state.check(key, Some(purpose), &Transition::RESEND_CODE) {
            Ok(_) => {}
            Err(None) => return Ok(Resend::Gone),
            Err(Some(step)) => return Ok(Resend::WrongStep(step)),
        }
        let counts = match state.admit(limits) {
            Admission::Allowed(counts) => counts,
            Admission::Limited(reached) => return Ok(Resend::Limited(reached)),
        };
        let expires_in = state.advance(key, &Transition::RESEND_CODE, Duration::ZERO);
        let now = state.now;
        let Some(flow) = state.flows.get_mut(key, now) else { return Ok(Resend::Gone) };
        flow.sends += 1;
        flow.resend = Some(id);
        Ok(Resend::Reserved(ReservedResend {
            phone: flow.new.phone.clone(),
            decoy: flow.new.decoy,
            client: flow.new.client.clone(),
            send: flow.sends,
            attempts_left: flow.new.attempts,
            expires_in,
            counts,
        }))
    }

    async fn cancel_send(&self, key: &FlowKey, send: CancelledSend, limits: &[Counter]) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        let reserved = match send {
            CancelledSend::First => state.flows.take(key, now).is_some(),
            CancelledSend::Resend(id) => {
                let flow = state.flows.get_mut(key, now);
                flow.and_then(|flow| flow.resend.take_if(|last| *last == id)).is_some()
            }
        };
        if reserved {
            limits.iter().for_each(|counter| state.refund(counter));
        }
        Ok(())
    }

    async fn record_sent(&self, key: &FlowKey, provider: &str, ip_block: Option<&str>) -> Result<(), DependencyError> {
        if let Ok(flow) = self.state().check(key, None, &Transition::REDEEM_CODE) {
            flow.provider = Some(provider.to_owned());
            flow.ip_blocks.extend(ip_block.map(str::to_owned));
        }
        Ok(())
    }

    async fn verify_code(&self, key: &FlowKey, attempt: &CodeAttempt) -> Result<CodeCheck, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        match state.check(key, Some(attempt.purpose), attempt.on_right.transition()) {
            Ok(_) => {}
            Err(None) => return Ok(CodeCheck::Gone),
            Err(Some(step)) => return Ok(CodeCheck::WrongStep(step)),
        }
        let wrong_codes = slice::from_ref(&attempt.wrong_codes);
        if let Some(reached) = state.reached(wrong_codes) {
            return Ok(CodeCheck::Limited(reached));
        }
        let Some(flow) = state.flows.get_mut(key, now) else { return Ok(CodeCheck::Gone) };
        if attempt.right && !flow.new.decoy {
            let (ip_blocks, provider) = (flow.ip_blocks.clone(), flow.provider.clone());
            let verified = Verified { proven: flow.proven(), ip_blocks, provider };
            match attempt.on_right {
                OnRight::Advance { transition, ttl } => drop(state.advance(key, &transition, ttl)),
                OnRight::Claim { owner, ttl, .. } => {
                    if let Some(retry_after) = state.claims.left(key, now) {
                        return Ok(CodeCheck::Busy { retry_after });
                    }
                    state.claims.put(*key, owner, ttl, now);
                }
            }
            return Ok(CodeCheck::Right(verified));
        }
        flow.new.attempts = flow.new.attempts.saturating_sub(1);
        let attempts_left = flow.new.attempts;
        state.admit(wrong_codes);
        if attempts_left > 0 {
            return Ok(CodeCheck::Wrong { attempts_left });
        }
        state.flows.take(key, now);
        Ok(CodeCheck::Exhausted)
    }

    async fn renew_code(&self, key: &FlowKey, owner: Uuid, ttl: Duration) -> Result<bool, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        let held = state.claims.get_mut(key, now).is_some_and(|holder| *holder == owner);
        if held {
            state.claims.renew(key, ttl, now);
        }
        Ok(held)
    }

    async fn release_code(&self, key: &FlowKey, owner: Uuid) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        if state.claims.get_mut(key, now).is_some_and(|holder| *holder == owner) {
            state.claims.take(key, now);
        }
        Ok(())
    }

    async fn read_flow(&self, key: &FlowKey, purpose: Purpose) -> Result<Option<Flow>, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        let resend_in = state.counters.left(&(Limit::PhoneCooldown.name(), key.phone_hash.encoded()), now);
        let expires_in = state.flows.left(key, now).unwrap_or_default();
        let Some(stored) = state.flows.get_mut(key, now).filter(|flow| flow.new.purpose == purpose) else {
            return Ok(None);
        };
        let (attempts_left, hash) = (stored.new.attempts, stored.password_hash.clone());
        let state = flow::State::new(stored.step, attempts_left, resend_in.unwrap_or_default(), hash);
        let (phone, account, consent) = (stored.new.phone.clone(), stored.new.account, stored.new.consent.clone());
        let (new_account, completion, question) = (stored.new.new_account, stored.completion, stored.question);
        Ok(state.map(|state| Flow { phone, state, account, consent, new_account, completion, question, expires_in }))
    }

    async fn advance(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        transition: &Transition,
        change: &Change,
        ttl: Duration,
    ) -> Result<Advance, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        let flow = match state.check(key, Some(purpose), transition) {
            Ok(flow) => flow,
            Err(None) => return Ok(Advance::Gone),
            Err(Some(step)) => return Ok(Advance::WrongStep(step)),
        };
        match change {
            Change::SpendPassword if flow.new.passwords == 0 => {
                return Ok(Advance::Exhausted { retry_after: state.flows.left(key, now).unwrap_or_default() });
            }
            Change::SpendPassword => flow.new.passwords -= 1,
            Change::StorePasswordHash(hash) => flow.password_hash = Some(hash.clone()),
            Change::Refunded(completion) => {
                flow.ip_blocks.clear();
                flow.completion = completion.or(flow.completion);
            }
            Change::Question(question) => {
                flow.ip_blocks.clear();
                flow.question = Some(*question);
            }
            Change::StartAnew { completion, consent, new_account } => {
                flow.new.purpose = Purpose::Register;
                flow.completion = Some(*completion);
                flow.new.consent.clone_from(consent);
                flow.new.new_account = Some(*new_account);
            }
        }
        let (proven, completion) = (flow.proven(), flow.completion);
        Ok(Advance::Done { proven, completion, expires_in: state.advance(key, transition, ttl) })
    }

    async fn refund_password(&self, key: &FlowKey, most: u32) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        if let Some(flow) = state.flows.get_mut(key, now).filter(|flow| flow.new.passwords < most) {
            flow.new.passwords += 1;
        }
        Ok(())
    }

    async fn delete_flow(&self, key: &FlowKey) -> Result<bool, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        Ok(state.flows.take(key, now).is_some())
    }

    async fn ping(&self) -> Result<(), DependencyError> {
        Ok(())
    }
}

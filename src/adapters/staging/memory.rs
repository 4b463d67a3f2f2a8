//! Staging in the memory of one process, behind one lock: for development, and for small services that need no second
//! process. Whatever is not finished when the process ends is lost.

use super::expiring::Expiring;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::flow::{self, Flow, Purpose, Step};
use crate::domain::password::PasswordHash;
use crate::domain::phone::Phone;
use crate::domain::policy::{CodePolicy, PhoneLimits, Quota};
use crate::domain::ticket::{FlowKey, Subject};
use crate::ports::{
    Advance, Cancel, Clock, CodeCheck, Counted, Counter, Failure, NewFlow, PasswordTurn, PhoneRefusal, Resend,
    Reservation, Reserved, Staging,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// See the module. Never fails.
pub struct MemoryStaging {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    /// When the lock was taken: one operation happens at one time.
    now: DateTime<Utc>,
    captchas: Expiring<CaptchaId, CaptchaAnswer>,
    flows: Expiring<FlowKey, Stored>,
    counters: Expiring<CounterKey, u32>,
}

#[derive(PartialEq, Eq, Hash)]
enum CounterKey {
    /// Not a counter, but a life like theirs: it is there while the phone must wait.
    Cooldown(Subject),
    Hour(Subject),
    Day(Subject),
    WrongCodes(Subject),
    Shared(&'static str, String),
}

struct Stored {
    purpose: Purpose,
    phone: Phone,
    decoy: bool,
    attempts: u32,
    sends: u32,
    passwords: u32,
    progress: Progress,
}

enum Progress {
    CodeSent,
    PhoneVerified,
    PasswordSet(PasswordHash),
}

impl Stored {
    const fn step(&self) -> Step {
        match self.progress {
            Progress::CodeSent => Step::CodeSent,
            Progress::PhoneVerified => Step::PhoneVerified,
            Progress::PasswordSet(_) => Step::PasswordSet,
        }
    }
}

impl MemoryStaging {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            now: clock.now(),
            captchas: Expiring::default(),
            flows: Expiring::default(),
            counters: Expiring::default(),
        };
        Self { clock, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = self.clock.now();
        state
    }
}

impl State {
    fn flow(&mut self, key: &FlowKey, purpose: Purpose) -> Option<&mut Stored> {
        self.flows.get_mut(key, self.now).filter(|flow| flow.purpose == purpose)
    }

    /// How long this counter stays full, if it is.
    fn full(&mut self, counter: &CounterKey, quota: Quota) -> Option<Duration> {
        let count = self.counters.get_mut(counter, self.now).map_or(0, |count| *count);
        (count >= quota.max).then(|| self.counters.left(counter, self.now).unwrap_or(quota.window))
    }

    fn count(&mut self, counter: CounterKey, window: Duration) -> u32 {
        if let Some(count) = self.counters.get_mut(&counter, self.now) {
            *count += 1;
            return *count;
        }
        self.counters.put(counter, 1, window, self.now);
        1
    }

    /// The last one taken back ends the window, as if it had never begun.
    fn uncount(&mut self, counter: &CounterKey) {
        match self.counters.get_mut(counter, self.now) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.counters.take(counter, self.now)),
        }
    }

    /// Reserves a send, or changes nothing.
    fn reserve(&mut self, phone: Subject, limits: &PhoneLimits) -> Result<Duration, PhoneRefusal> {
        if let Some(retry_after) = self.counters.left(&CounterKey::Cooldown(phone), self.now) {
            return Err(PhoneRefusal::Cooldown { retry_after });
        }
        let limited = [
            self.full(&CounterKey::Hour(phone), limits.hourly),
            self.full(&CounterKey::Day(phone), limits.daily),
            self.full(&CounterKey::WrongCodes(phone), limits.wrong_codes),
        ];
        if let Some(retry_after) = limited.into_iter().flatten().max() {
            return Err(PhoneRefusal::LimitReached { retry_after });
        }
        let sends = self.count(CounterKey::Hour(phone), limits.hourly.window);
        self.count(CounterKey::Day(phone), limits.daily.window);
        let place = limits.cooldowns.len().min(sends as usize).saturating_sub(1);
        let cooldown = limits.cooldowns.get(place).copied().unwrap_or_default();
        if !cooldown.is_zero() {
            self.counters.put(CounterKey::Cooldown(phone), 1, cooldown, self.now);
        }
        Ok(cooldown)
    }
}

impl From<&Counter> for CounterKey {
    fn from(counter: &Counter) -> Self {
        Self::Shared(counter.scope, counter.subject.clone())
    }
}

#[async_trait]
impl Staging for MemoryStaging {
    async fn put_captcha(&self, id: &CaptchaId, answer: &CaptchaAnswer, life: Duration) -> Result<(), Failure> {
        let mut state = self.state();
        let now = state.now;
        state.captchas.put(id.clone(), answer.clone(), life, now);
        Ok(())
    }

    async fn take_captcha(&self, id: &CaptchaId) -> Result<Option<CaptchaAnswer>, Failure> {
        let mut state = self.state();
        let now = state.now;
        Ok(state.captchas.take(id, now))
    }

    async fn count(&self, counters: &[Counter]) -> Result<Counted, Failure> {
        let mut state = self.state();
        for (index, counter) in counters.iter().enumerate() {
            if let Some(retry_after) = state.full(&counter.into(), counter.quota) {
                return Ok(Counted::Full { index, retry_after });
            }
        }
        for counter in counters {
            state.count(counter.into(), counter.quota.window);
        }
        Ok(Counted::Yes)
    }

    async fn uncount(&self, counters: &[Counter]) -> Result<(), Failure> {
        let mut state = self.state();
        for counter in counters {
            state.uncount(&counter.into());
        }
        Ok(())
    }

    async fn forget(&self, counters: &[Counter]) -> Result<(), Failure> {
        let mut state = self.state();
        let now = state.now;
        for counter in counters {
            state.counters.take(&counter.into(), now);
        }
        Ok(())
    }

    async fn open_flow(
        &self,
        key: &FlowKey,
        flow: &NewFlow,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Reserved, Failure> {
        let mut state = self.state();
        let resend_in = match state.reserve(key.subject, limits) {
            Ok(cooldown) => cooldown,
            Err(refusal) => return Ok(Reserved::No(refusal)),
        };
        let stored = Stored {
            purpose: flow.purpose,
            phone: flow.phone.clone(),
            decoy: flow.decoy,
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
    ) -> Result<Resend, Failure> {
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
            send: flow.sends,
            attempts_left: policy.attempts.saturating_sub(flow.attempts),
            expires_in,
            resend_in,
        }))
    }

    async fn cancel_send(&self, key: &FlowKey, cancel: Cancel) -> Result<(), Failure> {
        let mut state = self.state();
        let now = state.now;
        if state.flows.get_mut(key, now).is_none() {
            return Ok(());
        }
        // A cooldown counts one, so taking it back ends it.
        state.uncount(&CounterKey::Cooldown(key.subject));
        if cancel.refund {
            state.uncount(&CounterKey::Hour(key.subject));
            state.uncount(&CounterKey::Day(key.subject));
        }
        if cancel.end {
            state.flows.take(key, now);
        }
        Ok(())
    }

    async fn check_code(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<CodeCheck, Failure> {
        let mut state = self.state();
        match state.flow(key, purpose).map(|flow| flow.step()) {
            None => return Ok(CodeCheck::Gone),
            Some(Step::CodeSent) => {}
            Some(step) => return Ok(CodeCheck::WrongStep(step)),
        }
        let wrong_codes = CounterKey::WrongCodes(key.subject);
        if let Some(retry_after) = state.full(&wrong_codes, limits.wrong_codes) {
            return Ok(CodeCheck::LimitReached { retry_after });
        }
        let now = state.now;
        let Some(flow) = state.flow(key, purpose) else { return Ok(CodeCheck::Gone) };
        if right && !flow.decoy {
            flow.progress = Progress::PhoneVerified;
            let phone = flow.phone.clone();
            state.flows.renew(key, policy.verified_life, now);
            return Ok(CodeCheck::Right { phone });
        }
        flow.attempts += 1;
        let attempts_left = policy.attempts.saturating_sub(flow.attempts);
        state.count(wrong_codes, limits.wrong_codes.window);
        if attempts_left > 0 {
            return Ok(CodeCheck::Wrong { attempts_left });
        }
        state.flows.take(key, now);
        Ok(CodeCheck::Exhausted)
    }

    async fn reopen_code(&self, key: &FlowKey, purpose: Purpose, policy: &CodePolicy) -> Result<(), Failure> {
        let mut state = self.state();
        let now = state.now;
        let left = state.flows.left(key, now).unwrap_or_default();
        if let Some(flow) = state.flow(key, purpose).filter(|flow| flow.step() == Step::PhoneVerified) {
            flow.progress = Progress::CodeSent;
            state.flows.renew(key, left.min(policy.life), now);
        }
        Ok(())
    }

    async fn read_flow(&self, key: &FlowKey, purpose: Purpose, policy: &CodePolicy) -> Result<Option<Flow>, Failure> {
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
    ) -> Result<PasswordTurn, Failure> {
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
        Ok(PasswordTurn::Granted { phone: flow.phone.clone() })
    }

    async fn cancel_password(&self, key: &FlowKey) -> Result<(), Failure> {
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
    ) -> Result<Advance, Failure> {
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

    async fn end_flow(&self, key: &FlowKey) -> Result<(), Failure> {
        let mut state = self.state();
        let now = state.now;
        state.flows.take(key, now);
        Ok(())
    }

    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}

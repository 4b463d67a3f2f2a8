//! What the memory of one process keeps, and what happens to it under its lock.

use crate::adapters::staging::expiring::Expiring;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Proven, Purpose, Step};
use crate::domain::password::PasswordHash;
use crate::domain::phone::Phone;
use crate::domain::policy::{CodePolicy, PhoneLimits, Quota};
use crate::domain::ticket::{FlowKey, PhoneHash};
use crate::domain::user::AccountVersion;
use crate::ports::{CodeCheck, Counter, SendDenial, Verified};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::time::Duration;

pub(super) struct State {
    /// When the lock was taken: one operation happens at one time.
    pub(super) now: DateTime<Utc>,
    pub(super) captchas: Expiring<CaptchaId, CaptchaAnswer>,
    pub(super) flows: Expiring<FlowKey, Stored>,
    pub(super) counters: Expiring<CounterKey, u32>,
    /// How often each member was counted.
    pub(super) members: Expiring<CounterKey, HashMap<String, u32>>,
    pub(super) answers: Expiring<String, Answer>,
}

#[derive(PartialEq, Eq, Hash)]
pub(super) enum CounterKey {
    /// Not a counter, but a life like theirs: it is there while the phone must wait.
    Cooldown(PhoneHash),
    Hour(PhoneHash),
    Day(PhoneHash),
    WrongCodes(PhoneHash),
    /// There while somebody does what the right code of the flow is for.
    Claim(FlowKey),
    Shared(&'static str, String),
}

pub(super) struct Stored {
    pub(super) purpose: Purpose,
    pub(super) phone: Phone,
    pub(super) account: Option<AccountVersion>,
    pub(super) decoy: bool,
    pub(super) client: Option<ClientId>,
    pub(super) ip_blocks: Vec<String>,
    pub(super) provider: Option<String>,
    pub(super) attempts: u32,
    pub(super) sends: u32,
    pub(super) passwords: u32,
    pub(super) progress: Progress,
}

/// A request that was named.
pub(super) struct Answer {
    pub(super) fingerprint: String,
    /// None while it is being worked on.
    pub(super) text: Option<String>,
}

pub(super) enum Progress {
    CodeSent,
    PhoneVerified,
    PasswordSet(PasswordHash),
}

impl Stored {
    fn verified(&self) -> Verified {
        Verified { proven: self.proven(), ip_blocks: self.ip_blocks.clone(), provider: self.provider.clone() }
    }

    pub(super) fn proven(&self) -> Proven {
        Proven { phone: self.phone.clone(), account: self.account }
    }

    pub(super) const fn step(&self) -> Step {
        match self.progress {
            Progress::CodeSent => Step::CodeSent,
            Progress::PhoneVerified => Step::PhoneVerified,
            Progress::PasswordSet(_) => Step::PasswordSet,
        }
    }
}

impl State {
    pub(super) fn flow(&mut self, key: &FlowKey, purpose: Purpose) -> Option<&mut Stored> {
        self.flows.get_mut(key, self.now).filter(|flow| flow.purpose == purpose)
    }

    /// The flow of any purpose, if it waits for its code.
    pub(super) fn waiting(&mut self, key: &FlowKey) -> Option<&mut Stored> {
        self.flows.get_mut(key, self.now).filter(|flow| flow.step() == Step::CodeSent)
    }

    /// How long this counter stays full, if it is.
    pub(super) fn full(&mut self, counter: &CounterKey, quota: Quota) -> Option<Duration> {
        let count = self.counters.get_mut(counter, self.now).map_or(0, |count| *count);
        (count >= quota.max).then(|| self.counters.left(counter, self.now).unwrap_or(quota.window))
    }

    pub(super) fn count(&mut self, counter: CounterKey, window: Duration) -> u32 {
        if let Some(count) = self.counters.get_mut(&counter, self.now) {
            *count += 1;
            return *count;
        }
        self.counters.put(counter, 1, window, self.now);
        1
    }

    /// The last one taken back ends the window, as if it had never begun.
    pub(super) fn refund(&mut self, counter: &CounterKey) {
        match self.counters.get_mut(counter, self.now) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.counters.take(counter, self.now)),
        }
    }

    /// Reserves a send, or changes nothing.
    pub(super) fn reserve(&mut self, phone: PhoneHash, limits: &PhoneLimits) -> Result<Duration, SendDenial> {
        if let Some(retry_after) = self.counters.left(&CounterKey::Cooldown(phone), self.now) {
            return Err(SendDenial::Cooldown { retry_after });
        }
        let limited = [
            self.full(&CounterKey::Hour(phone), limits.hourly),
            self.full(&CounterKey::Day(phone), limits.daily),
            self.full(&CounterKey::WrongCodes(phone), limits.wrong_codes),
        ];
        if let Some(retry_after) = limited.into_iter().flatten().max() {
            return Err(SendDenial::LimitReached { retry_after });
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

    /// Counts a code; a right one changes nothing yet.
    pub(super) fn check(
        &mut self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> CodeCheck {
        match self.flow(key, purpose).map(|flow| flow.step()) {
            None => return CodeCheck::Gone,
            Some(Step::CodeSent) => {}
            Some(step) => return CodeCheck::WrongStep(step),
        }
        let wrong_codes = CounterKey::WrongCodes(key.subject);
        if let Some(retry_after) = self.full(&wrong_codes, limits.wrong_codes) {
            return CodeCheck::LimitReached { retry_after };
        }
        let Some(flow) = self.flow(key, purpose) else { return CodeCheck::Gone };
        if right && !flow.decoy {
            return CodeCheck::Right(flow.verified());
        }
        flow.attempts += 1;
        let attempts_left = policy.attempts.saturating_sub(flow.attempts);
        self.count(wrong_codes, limits.wrong_codes.window);
        if attempts_left > 0 {
            return CodeCheck::Wrong { attempts_left };
        }
        self.flows.take(key, self.now);
        CodeCheck::Exhausted
    }
}

impl From<&Counter> for CounterKey {
    fn from(counter: &Counter) -> Self {
        Self::Shared(counter.scope, counter.subject.clone())
    }
}

//! Staging in Redis (6 or newer), for any number of processes.
//!
//! | key | holds |
//! |---|---|
//! | `captcha:{id}` | hash: answer |
//! | `flow:{subject}:digest` | hash: purpose, phone, account, decoy, client, origins, provider, step, attempts, sends, passwords, password_hash |
//! | `claim:{subject}:digest` | exists while somebody does what the right code of the flow is for |
//! | `limit:{subject}:cooldown` | exists while the phone must wait |
//! | `limit:{subject}:hour`, `day`, `wrong` | counters of the phone |
//! | `limit:{shared}:scope:subject` | every other counter: a number, or a hash of members |
//! | `answer:{name}` | hash: fingerprint, answer |
//!
//! What stands in braces is the hash tag that puts all keys of one call into one slot of a cluster. All time is what
//! is left of a key's life: neither this process' clock nor the server's is ever read, so no two can disagree.

mod idempotency;
mod counters;
mod reply;

use super::lease::Leases;
use super::scripts;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Flow, Purpose, State};
use crate::domain::password::PasswordHash;
use crate::domain::policy::{CodePolicy, PhoneLimits, Quota};
use crate::domain::ticket::FlowKey;
use crate::ports::{
    Advance, Cancel, CodeCheck, DependencyError, NewFlow, PasswordTurn, Resend, Reservation, Reserved, Staging,
    Verified,
};
use async_trait::async_trait;
use deadpool_redis::redis::{ScriptInvocation, Value, cmd, from_redis_value};
use reply::{broken, client, done, duration, flag, list, millis, number, proven, refused, step, stored_phone, words};
use std::time::Duration;

/// See the module. Safe to share between threads; each has a connection of its own.
pub struct RedisStaging {
    leases: Leases,
}

impl RedisStaging {
    /// Takes a `redis://` or `rediss://` URL, which is a secret, and the number of threads that will ask. Connects when
    /// it is first asked, so the server may start later. For `rediss://` the process must have installed a rustls
    /// crypto provider by then; the system's certificate store decides whom to trust.
    ///
    /// # Errors
    /// [`DependencyError::Broken`] when the URL cannot be understood; the reason does not repeat it.
    pub fn connect(url: &str, threads: usize) -> Result<Self, DependencyError> {
        Ok(Self { leases: Leases::new(url, threads)? })
    }

    async fn call(&self, call: &ScriptInvocation<'_>) -> Result<Vec<String>, DependencyError> {
        let ask = |mut connection| async move { call.invoke_async::<Value>(&mut connection).await };
        from_redis_value(self.leases.run(ask).await?).map_err(|_| broken())
    }

    /// How many of them were there.
    async fn delete(&self, keys: &[String]) -> Result<usize, DependencyError> {
        // Redis calls a deletion of nothing a mistake.
        if keys.is_empty() {
            return Ok(0);
        }
        let mut delete = cmd("DEL");
        delete.arg(keys);
        let delete = &delete;
        self.leases.run(|mut connection| async move { delete.query_async(&mut connection).await }).await
    }

    /// With a claim the flow stays where it is.
    async fn check(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
        claim: Option<Duration>,
    ) -> Result<CodeCheck, DependencyError> {
        let mut call = scripts::CHECK_CODE.key(flow_key(key));
        call.key(limit_key(key, "wrong"));
        call.arg(&*purpose.text()).arg(flag(right)).arg(policy.attempts).arg(millis(policy.verified_life));
        add_quota(&mut call, limits.wrong_codes);
        call.key(claim_key(key)).arg(claim.map_or(0, millis));
        let reply = self.call(&call).await?;
        match words(&reply)[..] {
            ["gone"] => Ok(CodeCheck::Gone),
            ["step", at] => Ok(CodeCheck::WrongStep(step(at)?)),
            ["limit", wait] => Ok(CodeCheck::LimitReached { retry_after: duration(wait)? }),
            ["right", phone, account, ip_blocks, provider] => Ok(CodeCheck::Right(Verified {
                proven: proven(phone, account)?,
                ip_blocks: list(ip_blocks),
                provider: Some(provider.to_owned()).filter(|provider| !provider.is_empty()),
            })),
            ["busy", wait] => Ok(CodeCheck::Busy { retry_after: duration(wait)? }),
            ["wrong", left] => Ok(CodeCheck::Wrong { attempts_left: number(left)? }),
            ["exhausted"] => Ok(CodeCheck::Exhausted),
            _ => Err(broken()),
        }
    }
}

#[async_trait]
impl Staging for RedisStaging {
    async fn put_captcha(&self, id: &CaptchaId, answer: &CaptchaAnswer, life: Duration) -> Result<(), DependencyError> {
        let mut call = scripts::PUT_CAPTCHA.key(captcha_key(id));
        done(&self.call(call.arg(answer.expose()).arg(millis(life))).await?)
    }

    async fn take_captcha(&self, id: &CaptchaId) -> Result<Option<CaptchaAnswer>, DependencyError> {
        let reply = self.call(&scripts::TAKE_CAPTCHA.key(captcha_key(id))).await?;
        match words(&reply)[..] {
            ["gone"] => Ok(None),
            ["yes", answer] => CaptchaAnswer::parse(answer).map(Some).map_err(|_| broken()),
            _ => Err(broken()),
        }
    }

    async fn open_flow(
        &self,
        key: &FlowKey,
        flow: &NewFlow,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Reserved, DependencyError> {
        let mut call = scripts::OPEN_FLOW.prepare_invoke();
        add_reservation(&mut call, key, flow.purpose, limits);
        let account = flow.account.map_or_else(String::new, |account| account.text());
        call.arg(millis(policy.life)).arg(flow.phone.e164()).arg(flag(flow.decoy)).arg(account);
        call.arg(flow.client.as_ref().map_or("", ClientId::as_str)).arg(&flow.origin);
        add_cooldowns(&mut call, limits);
        let reply = self.call(&call).await?;
        match words(&reply)[..] {
            ["yes", cooldown] => Ok(Reserved::Yes { resend_in: duration(cooldown)? }),
            [refusal, wait] => Ok(Reserved::No(refused(refusal, wait)?)),
            _ => Err(broken()),
        }
    }

    async fn reserve_resend(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Resend, DependencyError> {
        let mut call = scripts::RESERVE_RESEND.prepare_invoke();
        add_reservation(&mut call, key, purpose, limits);
        add_cooldowns(&mut call, limits);
        let reply = self.call(&call).await?;
        match words(&reply)[..] {
            ["gone"] => Ok(Resend::Gone),
            ["step", at] => Ok(Resend::WrongStep(step(at)?)),
            ["yes", phone, decoy, app, send, attempts, life, cooldown] => Ok(Resend::Yes(Reservation {
                phone: stored_phone(phone)?,
                decoy: decoy != flag(false),
                client: client(app)?,
                send: number(send)?,
                attempts_left: policy.attempts.saturating_sub(number(attempts)?),
                expires_in: duration(life)?,
                resend_in: duration(cooldown)?,
            })),
            [refusal, wait] => Ok(Resend::No(refused(refusal, wait)?)),
            _ => Err(broken()),
        }
    }

    async fn cancel_send(&self, key: &FlowKey, cancel: Cancel) -> Result<(), DependencyError> {
        let mut call = scripts::CANCEL_SEND.key(flow_key(key));
        for name in ["cooldown", "hour", "day"] {
            call.key(limit_key(key, name));
        }
        done(&self.call(call.arg(flag(cancel.refund)).arg(flag(cancel.end))).await?)
    }

    async fn record_sent(&self, key: &FlowKey, provider: &str, origin: Option<&str>) -> Result<(), DependencyError> {
        let mut call = scripts::RECORD_SENT.key(flow_key(key));
        done(&self.call(call.arg(provider).arg(origin.unwrap_or_default())).await?)
    }

    async fn clear_ip_blocks(&self, key: &FlowKey) -> Result<bool, DependencyError> {
        let reply = self.call(&scripts::CLEAR_IP_BLOCKS.key(flow_key(key))).await?;
        match words(&reply)[..] {
            ["yes"] => Ok(true),
            ["none"] => Ok(false),
            _ => Err(broken()),
        }
    }

    async fn check_code(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<CodeCheck, DependencyError> {
        self.check(key, purpose, right, policy, limits, None).await
    }

    async fn claim_code(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<CodeCheck, DependencyError> {
        self.check(key, purpose, right, policy, limits, Some(policy.claim)).await
    }

    async fn release_code(&self, key: &FlowKey) -> Result<(), DependencyError> {
        self.delete(&[claim_key(key)]).await.map(drop)
    }

    async fn read_flow(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
    ) -> Result<Option<Flow>, DependencyError> {
        let mut call = scripts::READ_FLOW.key(flow_key(key));
        let reply = self.call(call.key(limit_key(key, "cooldown")).arg(&*purpose.text())).await?;
        let (phone, state, life) = match words(&reply)[..] {
            ["gone"] => return Ok(None),
            ["yes", phone, "code_sent", attempts, _, life, cooldown] => {
                let attempts_left = policy.attempts.saturating_sub(number(attempts)?);
                (phone, State::CodeSent { attempts_left, resend_in: duration(cooldown)? }, life)
            }
            ["yes", phone, "phone_verified", _, _, life, _] => (phone, State::PhoneVerified, life),
            ["yes", phone, "password_set", _, hash, life, _] if !hash.is_empty() => {
                (phone, State::PasswordSet { password_hash: PasswordHash::new(hash.to_owned()) }, life)
            }
            _ => return Err(broken()),
        };
        Ok(Some(Flow { phone: stored_phone(phone)?, state, expires_in: duration(life)? }))
    }

    async fn begin_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
    ) -> Result<PasswordTurn, DependencyError> {
        let mut call = scripts::BEGIN_PASSWORD.key(flow_key(key));
        let reply = self.call(call.arg(&*purpose.text()).arg(policy.passwords)).await?;
        match words(&reply)[..] {
            ["gone"] => Ok(PasswordTurn::Gone),
            ["step", at] => Ok(PasswordTurn::WrongStep(step(at)?)),
            ["exhausted", life] => Ok(PasswordTurn::Exhausted { retry_after: duration(life)? }),
            ["yes", phone, account] => Ok(PasswordTurn::Granted(proven(phone, account)?)),
            _ => Err(broken()),
        }
    }

    async fn cancel_password(&self, key: &FlowKey) -> Result<(), DependencyError> {
        done(&self.call(&scripts::CANCEL_PASSWORD.key(flow_key(key))).await?)
    }

    async fn set_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        hash: &PasswordHash,
        policy: &CodePolicy,
    ) -> Result<Advance, DependencyError> {
        let mut call = scripts::SET_PASSWORD.key(flow_key(key));
        call.arg(&*purpose.text()).arg(hash.expose()).arg(millis(policy.verified_life));
        let reply = self.call(&call).await?;
        match words(&reply)[..] {
            ["gone"] => Ok(Advance::Gone),
            ["step", at] => Ok(Advance::WrongStep(step(at)?)),
            ["done", life] => Ok(Advance::Done { expires_in: duration(life)? }),
            _ => Err(broken()),
        }
    }

    async fn end_flow(&self, key: &FlowKey) -> Result<bool, DependencyError> {
        self.delete(&[flow_key(key)]).await.map(|removed| removed > 0)
    }

    async fn ping(&self) -> Result<(), DependencyError> {
        self.leases.run(|mut connection| async move { cmd("PING").query_async(&mut connection).await }).await
    }
}

fn captcha_key(id: &CaptchaId) -> String {
    format!("captcha:{{{}}}", id.as_str())
}

fn flow_key(key: &FlowKey) -> String {
    format!("flow:{{{}}}:{}", key.subject.encoded(), key.encoded())
}

fn claim_key(key: &FlowKey) -> String {
    format!("claim:{{{}}}:{}", key.subject.encoded(), key.encoded())
}

fn limit_key(key: &FlowKey, name: &str) -> String {
    format!("limit:{{{}}}:{name}", key.subject.encoded())
}

/// What `reserve.lua` expects, up to the cooldowns.
fn add_reservation(call: &mut ScriptInvocation<'_>, key: &FlowKey, purpose: Purpose, limits: &PhoneLimits) {
    call.key(flow_key(key));
    for name in ["cooldown", "hour", "day", "wrong"] {
        call.key(limit_key(key, name));
    }
    call.arg(&*purpose.text());
    for quota in [limits.hourly, limits.daily, limits.wrong_codes] {
        add_quota(call, quota);
    }
}

fn add_quota(call: &mut ScriptInvocation<'_>, quota: Quota) {
    call.arg(quota.max).arg(millis(quota.window));
}

fn add_cooldowns(call: &mut ScriptInvocation<'_>, limits: &PhoneLimits) {
    for &cooldown in &limits.cooldowns {
        call.arg(if cooldown.is_zero() { 0 } else { millis(cooldown) });
    }
}

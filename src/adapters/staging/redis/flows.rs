//! Captchas and flows.

use super::client::RedisStaging;
use super::counters::{add_counters, admission};
use super::reply::{
    broken, client, done, duration, flag, held, list, millis, number, numbers, present, proven, reached, step,
    stored_account, stored_completion, stored_phone, stored_question, words,
};
use crate::adapters::staging::scripts::{self, ScriptCall};
use crate::domain::captcha::{CaptchaAnswer, CaptchaAttempt, CaptchaId};
use crate::domain::client_id::ClientId;
use crate::domain::consent::Consent;
use crate::domain::flow::{Flow, Proven, Purpose, State, Step, Transition};
use crate::domain::limits::{Counter, Limit};
use crate::domain::password::PasswordHash;
use crate::domain::ticket::FlowKey;
use crate::ports::{
    Admission, Advance, CancelledSend, CaptchaCheck, Change, CodeAttempt, CodeCheck, Counts, DependencyError, NewFlow,
    OnRight, Resend, ReservedResend, Staging, Verified,
};
use async_trait::async_trait;
use std::slice;
use std::time::Duration;
use uuid::Uuid;

#[async_trait]
impl Staging for RedisStaging {
    async fn put_captcha(
        &self,
        id: &CaptchaId,
        answer: &CaptchaAnswer,
        ttl: Duration,
        limits: &[Counter],
    ) -> Result<Admission, DependencyError> {
        let mut call = scripts::PUT_CAPTCHA.key(captcha_key(id));
        add_counters(call.arg(answer.expose()).arg(millis(ttl)), limits);
        admission(limits, &self.call(&call).await?)
    }

    async fn redeem_captcha(
        &self,
        attempt: &CaptchaAttempt,
        limits: &[Counter],
    ) -> Result<CaptchaCheck, DependencyError> {
        let mut call = scripts::REDEEM_CAPTCHA.key(captcha_key(&attempt.id));
        match &attempt.accepted {
            Some(answers) => call.arg(flag(false)).arg(answers[0].expose()).arg(answers[1].expose()),
            None => call.arg(flag(true)).arg("").arg(""),
        };
        add_counters(&mut call, limits);
        let reply = self.call(&call).await?;
        match words(&reply)[..] {
            ["gone"] => Ok(CaptchaCheck::Gone),
            ["wrong"] => Ok(CaptchaCheck::Wrong),
            _ => admission(limits, &reply).map(CaptchaCheck::Right),
        }
    }

    async fn delete_captcha(&self, id: &CaptchaId) -> Result<(), DependencyError> {
        self.delete(&[captcha_key(id)]).await.map(drop)
    }

    async fn open_flow(&self, key: &FlowKey, flow: &NewFlow, limits: &[Counter]) -> Result<Admission, DependencyError> {
        let account = flow.account.map_or_else(String::new, |account| account.text());
        let consent = flow.consent.as_ref().map_or_else(String::new, Consent::text);
        let new_account = flow.new_account.map_or_else(String::new, |account| account.text());
        let (attempts, passwords) = (flow.attempts.to_string(), flow.passwords.to_string());
        let fields = [
            ("purpose", &*flow.purpose.text()),
            ("phone", flow.phone.e164()),
            ("account", &account),
            ("decoy", flag(flow.decoy)),
            ("client", flow.client.as_ref().map_or("", ClientId::as_str)),
            ("ip_blocks", &flow.ip_block),
            ("provider", flow.provider.unwrap_or_default()),
            ("consent", &consent),
            ("new_account", &new_account),
            ("password_proven", if flow.password_proven { flag(true) } else { "" }),
            ("step", Step::FIRST.as_str()),
            ("sends", "1"),
            ("attempts_left", &attempts),
            ("passwords_left", &passwords),
        ];
        let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let mut call = scripts::OPEN_FLOW.key(flow_key(key));
        call.arg(millis(flow.ttl)).arg(2 * fields.len());
        for (field, value) in fields {
            call.arg(field).arg(value);
        }
        add_counters(&mut call, limits);
        admission(limits, &self.call(&call).await?)
    }

    async fn reserve_resend(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        id: Uuid,
        limits: &[Counter],
    ) -> Result<Resend, DependencyError> {
        let mut call = scripts::RESERVE_RESEND.key(flow_key(key));
        add_transition(&mut call, Some(purpose), &Transition::RESEND_CODE, Duration::ZERO);
        add_counters(call.arg(id.to_string()), limits);
        let reply = self.call(&call).await?;
        match &words(&reply)[..] {
            ["gone"] => Ok(Resend::Gone),
            ["step", at] => Ok(Resend::WrongStep(step(at)?)),
            ["limited", pairs @ ..] => Ok(Resend::Limited(reached(limits, pairs)?)),
            ["done", phone, decoy, app, send, attempts_left, left, values @ ..] => {
                Ok(Resend::Reserved(ReservedResend {
                    phone: stored_phone(phone)?,
                    decoy: *decoy != flag(false),
                    client: client(app)?,
                    send: number(send)?,
                    attempts_left: number(attempts_left)?,
                    expires_in: duration(left)?,
                    counts: Counts::new(limits, numbers(values)?),
                }))
            }
            _ => Err(broken()),
        }
    }

    async fn cancel_send(&self, key: &FlowKey, send: CancelledSend, limits: &[Counter]) -> Result<(), DependencyError> {
        let resend = match send {
            CancelledSend::First => String::new(),
            CancelledSend::Resend(id) => id.to_string(),
        };
        let mut call = scripts::CANCEL_SEND.key(flow_key(key));
        add_counters(call.arg(resend), limits);
        done(&self.call(&call).await?)
    }

    async fn record_sent(&self, key: &FlowKey, provider: &str, ip_block: Option<&str>) -> Result<(), DependencyError> {
        let mut call = scripts::RECORD_SENT.key(flow_key(key));
        add_transition(&mut call, None, &Transition::REDEEM_CODE, Duration::ZERO);
        done(&self.call(call.arg(provider).arg(ip_block.unwrap_or_default())).await?)
    }

    async fn verify_code(&self, key: &FlowKey, attempt: &CodeAttempt) -> Result<CodeCheck, DependencyError> {
        let (ttl, owner, claim_ttl) = match attempt.on_right {
            OnRight::Advance { ttl, .. } => (ttl, String::new(), Duration::ZERO),
            OnRight::Claim { owner, ttl, .. } => (Duration::ZERO, owner.to_string(), ttl),
        };
        let limits = slice::from_ref(&attempt.wrong_codes);
        let mut call = scripts::VERIFY_CODE.key(flow_key(key));
        call.key(claim_key(key));
        add_transition(&mut call, Some(attempt.purpose), attempt.on_right.transition(), ttl);
        add_counters(call.arg(flag(attempt.right)).arg(owner).arg(millis(claim_ttl)), limits);
        let reply = self.call(&call).await?;
        match &words(&reply)[..] {
            ["gone"] => Ok(CodeCheck::Gone),
            ["step", at] => Ok(CodeCheck::WrongStep(step(at)?)),
            ["limited", pairs @ ..] => Ok(CodeCheck::Limited(reached(limits, pairs)?)),
            ["right", phone, account, password, ip_blocks, provider] => Ok(CodeCheck::Right(Verified {
                proven: proven(phone, account, password)?,
                ip_blocks: list(ip_blocks),
                provider: present(provider).map(str::to_owned),
            })),
            ["busy", wait] => Ok(CodeCheck::Busy { retry_after: duration(wait)? }),
            ["wrong", left] => Ok(CodeCheck::Wrong { attempts_left: number(left)? }),
            ["exhausted"] => Ok(CodeCheck::Exhausted),
            _ => Err(broken()),
        }
    }

    async fn renew_code(&self, key: &FlowKey, owner: Uuid, ttl: Duration) -> Result<bool, DependencyError> {
        let mut call = scripts::HOLD_CODE.key(claim_key(key));
        held(&self.call(call.arg(owner.to_string()).arg(millis(ttl))).await?)
    }

    async fn release_code(&self, key: &FlowKey, owner: Uuid) -> Result<(), DependencyError> {
        let mut call = scripts::HOLD_CODE.key(claim_key(key));
        held(&self.call(call.arg(owner.to_string()).arg(0)).await?).map(drop)
    }

    async fn read_flow(&self, key: &FlowKey, purpose: Purpose) -> Result<Option<Flow>, DependencyError> {
        let cooldown = Limit::PhoneCooldown.name();
        let mut call = scripts::READ_FLOW.key(flow_key(key));
        call.key(format!("limit:{{{}}}:{cooldown}", key.phone_hash.encoded())).arg(&*purpose.text());
        match words(&self.call(&call).await?)[..] {
            ["gone"] => Ok(None),
            [
                "done",
                phone,
                account,
                at,
                attempts_left,
                hash,
                consent,
                new_account,
                completion,
                question,
                left,
                cooldown,
            ] => {
                let hash = present(hash).map(|hash| PasswordHash::new(hash.to_owned()));
                let state = State::new(step(at)?, number(attempts_left)?, duration(cooldown)?, hash);
                let (Proven { phone, account, .. }, expires_in) = (proven(phone, account, "")?, duration(left)?);
                let completion = stored_completion(completion)?;
                let consent = present(consent).map(|text| Consent::from_stored(text).ok_or_else(broken)).transpose()?;
                let new_account = stored_account(new_account)?;
                let (state, question) = (state.ok_or_else(broken)?, stored_question(question)?);
                Ok(Some(Flow { phone, state, account, consent, new_account, completion, question, expires_in }))
            }
            _ => Err(broken()),
        }
    }

    async fn advance(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        transition: &Transition,
        change: &Change,
        ttl: Duration,
    ) -> Result<Advance, DependencyError> {
        let mut call = scripts::ADVANCE.key(flow_key(key));
        add_transition(&mut call, Some(purpose), transition, ttl);
        match change {
            Change::SpendPassword => call.arg("passwords_left"),
            Change::StorePasswordHash(hash) => call.arg("").arg("password_hash").arg(hash.expose()),
            Change::Refunded(completion) => {
                call.arg("").arg("ip_blocks").arg("");
                if let Some(completion) = completion {
                    call.arg("completion").arg(completion.text());
                }
                &mut call
            }
            Change::Question(question) => call.arg("").arg("ip_blocks").arg("").arg("question").arg(question.text()),
            Change::StartAnew { completion, consent, new_account } => {
                call.arg("").arg("purpose").arg(&*Purpose::Register.text()).arg("completion").arg(completion.text());
                call.arg("new_account").arg(new_account.text());
                call.arg("consent").arg(consent.as_ref().map_or_else(String::new, Consent::text))
            }
        };
        match words(&self.call(&call).await?)[..] {
            ["gone"] => Ok(Advance::Gone),
            ["step", at] => Ok(Advance::WrongStep(step(at)?)),
            ["exhausted", left] => Ok(Advance::Exhausted { retry_after: duration(left)? }),
            ["done", phone, account, password, completion, left] => Ok(Advance::Done {
                proven: proven(phone, account, password)?,
                completion: stored_completion(completion)?,
                expires_in: duration(left)?,
            }),
            _ => Err(broken()),
        }
    }

    async fn refund_password(&self, key: &FlowKey, most: u32) -> Result<(), DependencyError> {
        done(&self.call(scripts::REFUND_PASSWORD.key(flow_key(key)).arg(most)).await?)
    }

    async fn delete_flow(&self, key: &FlowKey) -> Result<bool, DependencyError> {
        self.delete(&[flow_key(key)]).await.map(|deleted| deleted > 0)
    }

    async fn ping(&self) -> Result<(), DependencyError> {
        self.probe().await
    }
}

/// A captcha is in the slot of the limits on its request, and on what follows it: one operation does both.
fn captcha_key(id: &CaptchaId) -> String {
    format!("captcha:{{shared}}:{}", id.as_str())
}

fn flow_key(key: &FlowKey) -> String {
    format!("flow:{{{}}}:{}", key.phone_hash.encoded(), key.encoded())
}

fn claim_key(key: &FlowKey) -> String {
    format!("claim:{{{}}}:{}", key.phone_hash.encoded(), key.encoded())
}

/// Adds a transition as `flow.lua` reads it; without a purpose it is allowed for every flow.
fn add_transition(call: &mut ScriptCall, purpose: Option<Purpose>, transition: &Transition, ttl: Duration) {
    let steps = |wanted: &dyn Fn(Step) -> bool| {
        let names = transition.from.iter().filter(|step| wanted(**step)).map(|step| step.as_str());
        format!(",{},", names.collect::<Vec<_>>().join(","))
    };
    call.arg(purpose.map(Purpose::text).as_deref().unwrap_or_default());
    call.arg(steps(&|_| true)).arg(steps(&|step| transition.restarts_ttl(step)));
    call.arg(transition.to.map_or("", Step::as_str)).arg(millis(ttl));
}

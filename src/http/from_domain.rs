//! Response bodies from the values of the domain and of the flows.

use super::dto::account::User;
use super::dto::avatar::{UploadMethod, UploadPermit};
use super::dto::flow::{CodeSent, FlowStatus, NextStep, StepDone};
use super::dto::ownership::{PendingAct, PendingActs};
use super::dto::problem::{FieldProblem, Work};
use super::dto::session::{Session, Sessions, SignedIn, Tokens};
use super::error::Code;
use super::field_codes::{self, FieldError};
use super::response::{Reply, seconds};
use crate::domain::avatar::Permit;
use crate::domain::flow::{Action, Flow, State, Step};
use crate::domain::language::Language;
use crate::domain::password_mode::PasswordMode;
use crate::domain::pending::{self, ActKind};
use crate::domain::phone::Phone;
use crate::domain::proof::Challenge;
use crate::domain::session as domain;
use crate::domain::user;
use crate::flows::session::{self, Caller};
use crate::flows::{Service, avatar, otp};
use chrono::{DateTime, SecondsFormat, Utc};

impl From<otp::CodeSent> for CodeSent {
    fn from(sent: otp::CodeSent) -> Self {
        Self {
            ticket: sent.ticket.expose(),
            // The code comes first in every mode.
            step: NextStep::after(otp::CodeSent::STEP, PasswordMode::default()),
            phone_number: sent.phone.masked(),
            expires_in: seconds(sent.expires_in),
            resend_in: seconds(sent.resend_in),
            attempts_left: sent.attempts_left,
        }
    }
}

impl StepDone {
    pub(super) fn new(done: &otp::StepDone, passwords: PasswordMode) -> Self {
        Self { step: NextStep::after(done.step, passwords), expires_in: seconds(done.expires_in) }
    }
}

impl NextStep {
    pub(super) fn after(completed: Step, passwords: PasswordMode) -> Self {
        match completed.next_action(passwords) {
            Action::VerifyCode => Self::VerifyCode,
            Action::ProveAccount => Self::ProveAccount,
            Action::SetPassword => Self::SetPassword,
            Action::SubmitProfile => Self::SubmitProfile,
        }
    }
}

impl FlowStatus {
    pub(super) fn new(flow: &Flow, service: &Service) -> Self {
        let (resend_in, attempts_left) = match flow.state {
            State::CodeSent { attempts_left, resend_in } => (Some(seconds(resend_in)), Some(attempts_left)),
            State::AccountUnclear | State::PhoneVerified | State::PasswordSet { .. } => (None, None),
        };
        let step = flow.state.step();
        let phone = if step == Step::CodeSent { flow.phone.masked() } else { flow.phone.e164().to_owned() };
        let question = flow.question.filter(|_| step == Step::AccountUnclear);
        let until = question.and_then(|question| question.reason.time());
        let (step, expires_in) = (NextStep::after(step, service.policy().passwords), seconds(flow.expires_in));
        Self {
            step,
            phone_number: phone,
            expires_in,
            resend_in,
            attempts_left,
            act: question.map(|question| question.act.as_str()),
            reason: question.map(|question| Code::of(question.reason).row().name),
            start_anew: question.map(|question| question.start_anew),
            retry_after: until.map(|until| seconds((until - service.now()).to_std().unwrap_or_default())),
        }
    }
}

impl User {
    /// Account as its owner sees it now.
    pub(super) fn new(user: user::User, service: &Service) -> Self {
        let (policy, now) = (service.policy(), service.now());
        let is_confirm_due = policy.ownership.is_confirm_due(user.phone_proven_at, now);
        Self {
            consent_due: policy.legal_documents.due(&user.accepted).map(ToString::to_string).collect(),
            phone_confirm_due: user.phone.is_some() && is_confirm_due,
            has_password: policy.has_password(&user),
            id: user.id.0.to_string(),
            phone_number: user.phone.map(|phone| phone.e164().to_owned()),
            nickname: user.nickname,
            avatar_url: user.avatar_url,
            gender: user.gender.map(user::Gender::as_str),
            birthday: user.birthday.map(|date| date.to_string()),
            created_at: timestamp(user.created_at),
            updated_at: timestamp(user.updated_at),
        }
    }
}

impl From<session::Tokens> for Tokens {
    fn from(tokens: session::Tokens) -> Self {
        Self {
            access_token: tokens.access,
            token_type: "Bearer",
            expires_in: seconds(tokens.access_expires_in),
            refresh_token: tokens.refresh.expose().to_owned(),
            refresh_expires_in: seconds(tokens.refresh_expires_in),
            refresh_bound: tokens.bound,
        }
    }
}

/// Response to a sign-in. It contains tokens.
pub(super) fn signed_in<const STATUS: u16>(signed_in: session::SignedIn, service: &Service) -> Reply<SignedIn, STATUS> {
    let issued = signed_in.tokens.generation;
    Reply::with_tokens(SignedIn::new(signed_in, service), issued)
}

impl SignedIn {
    /// User who has signed in.
    fn new(signed_in: session::SignedIn, service: &Service) -> Self {
        let (tokens, device) = (Tokens::from(signed_in.tokens), signed_in.device);
        Self {
            user: User::new(signed_in.user, service),
            access_token: tokens.access_token,
            token_type: tokens.token_type,
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token,
            refresh_expires_in: tokens.refresh_expires_in,
            refresh_bound: tokens.refresh_bound,
            device_token: device.expose().to_owned(),
        }
    }
}

impl Sessions {
    /// Lists the sessions of the caller.
    pub(super) fn new(sessions: Vec<domain::Session>, caller: &Caller) -> Self {
        let one = |session: domain::Session| Session {
            id: session.id.0.to_string(),
            device_name: session.device_name,
            current: session.id == caller.session,
            created_at: timestamp(session.created_at),
            last_used_at: timestamp(session.last_used_at),
            expires_at: timestamp(session.expires_at),
            known_device: session.known_since.is_some(),
            device_known_since: session.known_since.map(timestamp),
        };
        let password_changed_at = timestamp(caller.user.password_changed_at);
        Self { sessions: sessions.into_iter().map(one).collect(), password_changed_at }
    }
}

impl PendingActs {
    /// Lists the pending acts of the caller.
    pub(super) fn new(acts: Vec<pending::PendingAct>, caller: &Caller) -> Self {
        let phone = |act: &pending::PendingAct| {
            let target = act.target.clone().filter(|_| act.kind == ActKind::PhoneChange);
            target.and_then(Phone::from_stored).map(|phone| phone.masked())
        };
        let one = |act: pending::PendingAct| PendingAct {
            id: act.id.0.to_string(),
            kind: act.kind.as_str(),
            phone_number: phone(&act),
            device_name: act.device_name,
            own: act.session == Some(caller.session),
            approved: act.approved_at.is_some(),
            asked_at: timestamp(act.asked_at),
            ready_at: timestamp(act.ready_at),
            expires_at: timestamp(act.expires_at),
        };
        Self { pending: acts.into_iter().map(one).collect() }
    }
}

impl From<avatar::Granted> for UploadPermit {
    fn from(granted: avatar::Granted) -> Self {
        let (method, url, headers, form) = match granted.permit {
            Permit::Put { url, headers } => (UploadMethod::Put, url, headers, Vec::new()),
            Permit::Form { url, fields } => (UploadMethod::Post, url, Vec::new(), fields),
        };
        Self {
            method,
            url: url.into(),
            headers: headers.into_iter().collect(),
            form: form.into_iter().collect(),
            public_url: granted.public_url.as_str().to_owned(),
            expires_in: seconds(granted.expires_in),
        }
    }
}

impl<'a> FieldProblem<'a> {
    pub(super) fn new(error: &'a FieldError, language: Language) -> Self {
        let (field, pointer) = (error.field.as_str(), error.pointer());
        Self { field, pointer, code: error.code, detail: field_codes::detail(error.code, language) }
    }
}

impl From<&Challenge> for Work {
    fn from(challenge: &Challenge) -> Self {
        let expires_in = seconds(Challenge::LIFE);
        Self { algorithm: "sha-256", challenge: challenge.text(), bits: challenge.bits(), expires_in }
    }
}

/// RFC 3339, UTC, milliseconds.
fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

//! Short-lived state that all processes share: captchas and flows.

use super::{Admission, Counters, Counts, DependencyError, IdempotencyStore};
use crate::domain::captcha::{CaptchaAnswer, CaptchaAttempt, CaptchaId};
use crate::domain::client_id::ClientId;
use crate::domain::completion::Completion;
use crate::domain::consent::Consent;
use crate::domain::flow::{Flow, FlowPolicy, Proven, Purpose, Step, Transition};
use crate::domain::limits::{Counter, Reached};
use crate::domain::new_account::NewAccount;
use crate::domain::password::PasswordHash;
use crate::domain::phone::Phone;
use crate::domain::question::OpenQuestion;
use crate::domain::ticket::FlowKey;
use crate::domain::user::AccountVersion;
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// Store of captchas and flows and, by its supertraits, of counters and idempotent responses.
///
/// Every method is one atomic operation and, over a network, one round trip. Every entry gets its expiry in the
/// operation that writes it; time is the store's own. An expired entry is the same as one that never existed.
///
/// The store executes [`Transition`]s and decides nothing: a flow of another purpose is [`Advance::Gone`], a step that
/// the transition does not allow is [`Advance::WrongStep`].
#[async_trait]
pub trait Staging: Counters + IdempotencyStore + Send + Sync {
    /// Counts on `limits` and stores the answer of a captcha. Does neither if a limit is reached.
    async fn put_captcha(
        &self,
        id: &CaptchaId,
        answer: &CaptchaAnswer,
        ttl: Duration,
        limits: &[Counter],
    ) -> Result<Admission, DependencyError>;

    /// Uses up a captcha, right or wrong, and counts on `limits` if it was right. MUST find the captcha for exactly one
    /// of many concurrent calls.
    async fn redeem_captcha(
        &self,
        attempt: &CaptchaAttempt,
        limits: &[Counter],
    ) -> Result<CaptchaCheck, DependencyError>;

    /// Deletes a captcha that nobody will solve.
    async fn delete_captcha(&self, id: &CaptchaId) -> Result<(), DependencyError>;

    /// Counts on `limits`, the limits of the phone, and stores the flow at [`Step::FIRST`]. Does neither if a limit is
    /// reached.
    async fn open_flow(&self, key: &FlowKey, flow: &NewFlow, limits: &[Counter]) -> Result<Admission, DependencyError>;

    /// Counts on `limits` for another message of a flow ([`Transition::RESEND_CODE`]). The `id` names the message if it
    /// is cancelled.
    async fn reserve_resend(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        id: Uuid,
        limits: &[Counter],
    ) -> Result<Resend, DependencyError>;

    /// Refunds `limits`. Does nothing if the message was not reserved, or is cancelled already: after a lost response,
    /// the caller does not know, and calls again. A refund of the cooldown ends it.
    async fn cancel_send(&self, key: &FlowKey, send: CancelledSend, limits: &[Counter]) -> Result<(), DependencyError>;

    /// Stores the provider that accepted the last message and, for a resend, the IP block of its client. Does nothing
    /// unless a code can be entered: after a right code, the caller has received the IP blocks already.
    async fn record_sent(&self, key: &FlowKey, provider: &str, ip_block: Option<&str>) -> Result<(), DependencyError>;

    /// Takes the result of the comparison that the caller made. A right code makes the attempt's transition. A wrong
    /// code costs one attempt of the flow and one of the phone's wrong codes; the last attempt deletes the flow. A
    /// right code costs neither. The code of a decoy is never right. Nothing is compared or counted while the phone's
    /// wrong codes are used up.
    async fn verify_code(&self, key: &FlowKey, attempt: &CodeAttempt) -> Result<CodeCheck, DependencyError>;

    /// Restarts the lifetime of a claim on a code. MUST return `false` and change nothing if this owner's claim has
    /// expired.
    async fn renew_code(&self, key: &FlowKey, owner: Uuid, ttl: Duration) -> Result<bool, DependencyError>;

    /// Releases the claim on a code: its action failed. Does nothing if this owner's claim has expired.
    async fn release_code(&self, key: &FlowKey, owner: Uuid) -> Result<(), DependencyError>;

    /// Reads a flow of this purpose.
    async fn read_flow(&self, key: &FlowKey, purpose: Purpose) -> Result<Option<Flow>, DependencyError>;

    /// Makes a transition and stores `change`. Restarts the lifetime with `ttl` if the transition says so.
    async fn advance(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        transition: &Transition,
        change: &Change,
        ttl: Duration,
    ) -> Result<Advance, DependencyError>;

    /// Refunds one password hash of the flow, which was not used. Never to more than `most`.
    async fn refund_password(&self, key: &FlowKey, most: u32) -> Result<(), DependencyError>;

    /// Deletes the flow. MUST return `true` to exactly one of many concurrent calls, if it existed.
    async fn delete_flow(&self, key: &FlowKey) -> Result<bool, DependencyError>;

    /// Returns `Ok` if the store accepts writes.
    async fn ping(&self) -> Result<(), DependencyError>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptchaCheck {
    Right(Admission),
    Wrong,
    /// Unknown, expired, or used before.
    Gone,
}

/// Flow to be stored.
#[derive(Debug, Clone)]
pub struct NewFlow {
    pub purpose: Purpose,
    pub phone: Phone,
    /// Account that the code is for; `None` at sign-up.
    pub account: Option<AccountVersion>,
    /// Tells whether the flow only looks like others: no message is sent and no code is right.
    pub decoy: bool,
    /// App that its messages are for.
    pub client: Option<ClientId>,
    /// IP block of the client that requested the first message.
    pub ip_block: String,
    /// Provider that will probably send the first message.
    pub provider: Option<&'static str>,
    /// Consent of the user, for their account.
    pub consent: Option<Consent>,
    /// Account that a sign-up will create; `None` for other purposes.
    pub new_account: Option<NewAccount>,
    /// The client has proven the password of the account before.
    pub password_proven: bool,
    /// Wrong codes until the flow is deleted.
    pub attempts: u32,
    /// Passwords that may be hashed for it.
    pub passwords: u32,
    pub ttl: Duration,
}

impl NewFlow {
    /// Flow with the numbers of the policy.
    #[must_use]
    pub const fn new(purpose: Purpose, phone: Phone, policy: &FlowPolicy) -> Self {
        Self {
            purpose,
            phone,
            account: None,
            decoy: false,
            client: None,
            ip_block: String::new(),
            provider: None,
            consent: None,
            new_account: None,
            password_proven: false,
            attempts: policy.attempts,
            passwords: policy.passwords,
            ttl: policy.code_ttl,
        }
    }
}

/// Message that was reserved and will not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledSend {
    /// First message: its flow is deleted.
    First,
    /// Resend with this id: the flow stays, because the code of an earlier message is still valid.
    Resend(Uuid),
}

#[derive(Debug, Clone)]
pub enum Resend {
    Reserved(ReservedResend),
    Limited(Reached),
    WrongStep(Step),
    /// Unknown, expired, finished, or of another purpose.
    Gone,
}

/// Further message, which the caller may send.
#[derive(Debug, Clone)]
pub struct ReservedResend {
    pub phone: Phone,
    pub decoy: bool,
    pub client: Option<ClientId>,
    /// Number of this message in its flow; the first message was 1.
    pub send: u32,
    pub attempts_left: u32,
    pub expires_in: Duration,
    pub counts: Counts,
}

/// Code that a client entered.
#[derive(Debug, Clone)]
pub struct CodeAttempt {
    pub purpose: Purpose,
    /// Result of the comparison.
    pub right: bool,
    /// Counter of the phone's wrong codes.
    pub wrong_codes: Counter,
    pub on_right: OnRight,
}

/// Effect of a right code.
#[derive(Debug, Clone, Copy)]
pub enum OnRight {
    /// The flow makes this transition. Its lifetime restarts with `ttl` if the transition says so.
    Advance { transition: Transition, ttl: Duration },
    /// The flow stays, and `owner` has `ttl` to perform the action of the code, or to renew the claim. Until then, or
    /// until the code is released, other callers get [`CodeCheck::Busy`]. If the owner fails or loses the response, the
    /// code is valid again afterwards.
    Claim { transition: Transition, owner: Uuid, ttl: Duration },
}

impl OnRight {
    #[must_use]
    pub const fn transition(&self) -> &Transition {
        match self {
            Self::Advance { transition, .. } | Self::Claim { transition, .. } => transition,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCheck {
    Right(Verified),
    /// The code was right, and another caller has claimed it.
    Busy {
        retry_after: Duration,
    },
    Wrong {
        attempts_left: u32,
    },
    /// The code was wrong, and it was the last attempt: the flow is deleted.
    Exhausted,
    /// The phone's wrong codes are used up.
    Limited(Reached),
    WrongStep(Step),
    Gone,
}

/// Flow whose code was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub proven: Proven,
    /// IP block of the client of each message.
    pub ip_blocks: Vec<String>,
    /// Provider of the last message, if known.
    pub provider: Option<String>,
}

/// Data that a transition writes.
#[derive(Debug, Clone)]
pub enum Change {
    /// Spends one of the flow's password hashes. Refused if none is left, so that one ticket has a limited cost.
    SpendPassword,
    StorePasswordHash(PasswordHash),
    /// Ends the record of the unverified codes: they are refunded now. Stores the completion, if there is one.
    Refunded(Option<Completion>),
    /// Does the same, and stores why the right code was not enough.
    Question(OpenQuestion),
    /// Makes the flow one of [`Purpose::Register`], with this completion, consent and new account.
    StartAnew {
        completion: Completion,
        consent: Option<Consent>,
        new_account: NewAccount,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advance {
    Done {
        proven: Proven,
        completion: Option<Completion>,
        expires_in: Duration,
    },
    /// The flow's password hashes are used up for its remaining lifetime.
    Exhausted {
        retry_after: Duration,
    },
    WrongStep(Step),
    Gone,
}

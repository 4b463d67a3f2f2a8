//! Short-lived state, shared by all processes.

use super::{Counters, DependencyError, IdempotencyStore};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Flow, Proven, Purpose, Step};
use crate::domain::password::PasswordHash;
use crate::domain::phone::Phone;
use crate::domain::policy::{CodePolicy, PhoneLimits};
use crate::domain::ticket::FlowKey;
use crate::domain::user::AccountVersion;
use async_trait::async_trait;
use std::time::Duration;

/// Short-lived state: captchas, flows, and, by its supertraits, counters and answers.
///
/// Every method is one atomic operation and, over a network, one round trip. Whatever is written gets its expiry in
/// the same operation; time is the store's own. An expired entry is indistinguishable from one that never was.
#[async_trait]
pub trait Staging: Counters + IdempotencyStore + Send + Sync {
    async fn put_captcha(&self, id: &CaptchaId, answer: &CaptchaAnswer, life: Duration) -> Result<(), DependencyError>;

    /// Reads and removes. Of many calls at once exactly one gets the answer.
    async fn take_captcha(&self, id: &CaptchaId) -> Result<Option<CaptchaAnswer>, DependencyError>;

    /// Reserves a send for the phone of `key` (cooldown, hour, day; refused too while the phone's wrong codes of the
    /// day are used up) and stores the flow at [`Step::CodeSent`], both or neither.
    async fn open_flow(
        &self,
        key: &FlowKey,
        flow: &NewFlow,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Reserved, DependencyError>;

    /// Reserves a further send for a living flow at [`Step::CodeSent`]. Its life and its attempts stay as they are.
    async fn reserve_resend(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Resend, DependencyError>;

    /// Takes a send of a living flow back: its cooldown ends, and the rest is as `cancel` says. Does nothing when there is no
    /// such flow, so that it can be called without knowing whether the send was ever reserved.
    async fn cancel_send(&self, key: &FlowKey, cancel: Cancel) -> Result<(), DependencyError>;

    /// Notes at a living flow which provider carried its last message, and, if that was a further one, what its client is
    /// counted by. Does nothing unless the flow is at [`Step::CodeSent`]: a right code has taken the origins that there were.
    async fn record_sent(&self, key: &FlowKey, provider: &str, origin: Option<&str>) -> Result<(), DependencyError>;

    /// Forgets what the clients of a flow at [`Step::CodeSent`] are counted by, for none of its messages went out. Whether there
    /// was something to forget: of many calls, and of a right code among them, one gets it.
    async fn clear_ip_blocks(&self, key: &FlowKey) -> Result<bool, DependencyError>;

    /// Takes the outcome of the comparison that the caller made, and counts and moves in one: a right code moves the
    /// flow to [`Step::PhoneVerified`] and gives it `verified_life`; a wrong one costs an attempt of the flow and one of the
    /// phone's wrong codes of the day; the last attempt ends the flow. A right code is not counted against either. A
    /// decoy's code is never right. While the phone's wrong codes of the day are used up, nothing is compared or counted.
    async fn check_code(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<CodeCheck, DependencyError>;

    /// The same for a flow that has no further step: what the code is for is done at once. The flow stays where it is, and a right
    /// code is given to one caller at a time: for [`CodePolicy::claim`], or until it is released, every other is told
    /// [`CodeCheck::Busy`]. So a code is not lost with a caller that could not do its work, or did not hear the answer.
    async fn claim_code(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        right: bool,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<CodeCheck, DependencyError>;

    /// Gives a claimed code back: what it is for could not be done. Does nothing when it is not claimed.
    async fn release_code(&self, key: &FlowKey) -> Result<(), DependencyError>;

    /// The flow, if it lives and is of this purpose.
    async fn read_flow(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
    ) -> Result<Option<Flow>, DependencyError>;

    /// Counts a password that is about to be hashed for a flow at [`Step::PhoneVerified`] or later; refused once the flow has
    /// had [`CodePolicy::passwords`] of them: one ticket must not buy any amount of hashing.
    async fn begin_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
    ) -> Result<PasswordTurn, DependencyError>;

    /// Takes one counted password back: it was not hashed. Never below zero; nothing if the flow is gone.
    async fn cancel_password(&self, key: &FlowKey) -> Result<(), DependencyError>;

    /// Stores the hash. The first one moves the flow to [`Step::PasswordSet`] and gives it another `verified_life`; a later one,
    /// of a person who went back, leaves its life alone, so that a proof of phone cannot be kept fresh for ever.
    async fn set_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        hash: &PasswordHash,
        policy: &CodePolicy,
    ) -> Result<Advance, DependencyError>;

    /// Removes the flow. Whether it was there: of many calls one is told so.
    async fn end_flow(&self, key: &FlowKey) -> Result<bool, DependencyError>;

    /// Answers if the store would.
    async fn ping(&self) -> Result<(), DependencyError>;
}

/// A flow to be stored.
#[derive(Debug, Clone)]
pub struct NewFlow {
    pub purpose: Purpose,
    pub phone: Phone,
    /// Whose code it is; none at sign-up.
    pub account: Option<AccountVersion>,
    /// Looks like every other flow, but no message goes out and no code is right.
    pub decoy: bool,
    /// The app that its messages are for.
    pub client: Option<ClientId>,
    /// What the client of the first send is counted by.
    pub origin: String,
}

/// Why a phone gets no further message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendDenial {
    Cooldown {
        retry_after: Duration,
    },
    /// Too many messages, or too many wrong codes, for this hour or day.
    LimitReached {
        retry_after: Duration,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    Yes { resend_in: Duration },
    No(SendDenial),
}

#[derive(Debug, Clone)]
pub enum Resend {
    Yes(Reservation),
    No(SendDenial),
    WrongStep(Step),
    /// Unknown, expired, finished, or of another purpose.
    Gone,
}

/// A further send that was granted.
#[derive(Debug, Clone)]
pub struct Reservation {
    pub phone: Phone,
    pub decoy: bool,
    pub client: Option<ClientId>,
    /// Which send of this flow it is; the first was 1.
    pub send: u32,
    pub attempts_left: u32,
    pub expires_in: Duration,
    pub resend_in: Duration,
}

/// How much of a send is taken back, besides its cooldown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancel {
    /// It is certain that no message went out: the hour and the day of the phone get it back.
    pub refund: bool,
    /// It was the flow's first: the flow is removed.
    pub end: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCheck {
    Right(Verified),
    /// It was right, and another caller does what it is for.
    Busy {
        retry_after: Duration,
    },
    Wrong {
        attempts_left: u32,
    },
    /// It was wrong and it was the last attempt: the flow is gone.
    Exhausted,
    /// The phone's wrong codes of the day are used up.
    LimitReached {
        retry_after: Duration,
    },
    WrongStep(Step),
    Gone,
}

/// A flow whose code was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub proven: Proven,
    /// What the client of each message was counted by.
    pub ip_blocks: Vec<String>,
    /// Who carried the last message, if that is known.
    pub provider: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordTurn {
    Granted(Proven),
    /// The flow has had all that it may have, and has this long to live.
    Exhausted {
        retry_after: Duration,
    },
    WrongStep(Step),
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    Done { expires_in: Duration },
    WrongStep(Step),
    Gone,
}

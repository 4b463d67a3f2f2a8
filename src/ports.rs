//! Everything that the flows need from the world, as contracts. One suite of tests runs against every implementation.

use crate::domain::avatar::{Permit, Upload};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::code::OneTimeCode;
use crate::domain::flow::{Flow, Purpose, Step};
use crate::domain::password::{Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::domain::policy::{CodePolicy, PhoneLimits, Quota};
use crate::domain::session::{AccessClaims, NewSession, SessionId};
use crate::domain::ticket::FlowKey;
use crate::domain::user::{NewUser, User};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::fmt;
use std::time::Duration;

/// The time. Flows ask only here, so that tests can move it.
pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
}

/// Unpredictable bytes. MUST be cryptographically secure outside tests.
pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    /// A fresh array of random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// Something outside the process, or a bounded resource inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    Staging,
    Database,
    PasswordHashing,
    TokenSigning,
    Drawing,
    AvatarStorage,
    Background,
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Staging => "staging",
            Self::Database => "database",
            Self::PasswordHashing => "password hashing",
            Self::TokenSigning => "token signing",
            Self::Drawing => "captcha drawing",
            Self::AvatarStorage => "avatar storage",
            Self::Background => "background task",
        })
    }
}

/// Why a port could not do its work. The reason is for the log; it MUST NOT hold a phone, a code or a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// It does not answer, or not in time. Nothing is known to have changed; the client may try again.
    #[error("{dependency} unavailable: {reason}")]
    Unavailable { dependency: Dependency, reason: String },
    /// It has more to do than it can; refused at once instead of queued.
    #[error("{0} overloaded")]
    Overloaded(Dependency),
    /// It answered what it never should: a defect here or there.
    #[error("{dependency} broken: {reason}")]
    Broken { dependency: Dependency, reason: String },
}

/// Short-lived state: captchas, flows, counters.
///
/// Every method is one atomic operation and, over a network, one round trip. Whatever is written gets its expiry in
/// the same operation; time is the store's own. An expired entry is indistinguishable from one that never was.
#[async_trait]
pub trait Staging: Send + Sync {
    async fn put_captcha(&self, id: &CaptchaId, answer: &CaptchaAnswer, life: Duration) -> Result<(), Failure>;

    /// Reads and removes. Of many calls at once exactly one gets the answer.
    async fn take_captcha(&self, id: &CaptchaId) -> Result<Option<CaptchaAnswer>, Failure>;

    /// Counts one on every counter, or, if any is full, on none and tells how long the first full one stays so.
    async fn count(&self, counters: &[Counter]) -> Result<Counted, Failure>;

    /// Takes one back from every counter, as if it had not been counted. Never below zero; a counter that has expired stays gone.
    async fn uncount(&self, counters: &[Counter]) -> Result<(), Failure>;

    /// Reserves a send for the phone of `key` (cooldown, hour, day; refused too while the phone's wrong codes of the
    /// day are used up) and stores the flow at [`Step::CodeSent`], both or neither.
    async fn open_flow(
        &self,
        key: &FlowKey,
        flow: &NewFlow,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Reserved, Failure>;

    /// Reserves a further send for a living flow at [`Step::CodeSent`]. Its life and its attempts stay as they are.
    async fn reserve_resend(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
        limits: &PhoneLimits,
    ) -> Result<Resend, Failure>;

    /// Takes a send of a living flow back: its cooldown ends, and the rest is as `cancel` says. Does nothing when there is no
    /// such flow, so that it can be called without knowing whether the send was ever reserved.
    async fn cancel_send(&self, key: &FlowKey, cancel: Cancel) -> Result<(), Failure>;

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
    ) -> Result<CodeCheck, Failure>;

    /// The flow, if it lives and is of this purpose.
    async fn read_flow(&self, key: &FlowKey, purpose: Purpose, policy: &CodePolicy) -> Result<Option<Flow>, Failure>;

    /// Counts a password that is about to be hashed for a flow at [`Step::PhoneVerified`] or later; refused once the flow has
    /// had [`CodePolicy::passwords`] of them: one ticket must not buy any amount of hashing.
    async fn begin_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        policy: &CodePolicy,
    ) -> Result<PasswordTurn, Failure>;

    /// Takes one counted password back: it was not hashed. Never below zero; nothing if the flow is gone.
    async fn cancel_password(&self, key: &FlowKey) -> Result<(), Failure>;

    /// Stores the hash. The first one moves the flow to [`Step::PasswordSet`] and gives it another `verified_life`; a later one,
    /// of a person who went back, leaves its life alone, so that a proof of phone cannot be kept fresh for ever.
    async fn set_password(
        &self,
        key: &FlowKey,
        purpose: Purpose,
        hash: &PasswordHash,
        policy: &CodePolicy,
    ) -> Result<Advance, Failure>;

    /// Removes the flow, if it is there.
    async fn end_flow(&self, key: &FlowKey) -> Result<(), Failure>;

    /// Answers if the store would.
    async fn ping(&self) -> Result<(), Failure>;
}

/// A counter that denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What is counted: `sends-ip`, `captchas-ip`, `sms-hour` …
    pub scope: &'static str,
    /// Whose: an address, or empty for the whole service.
    pub subject: String,
    pub quota: Quota,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    Yes,
    /// The counter at this place of the list is full for this long.
    Full {
        index: usize,
        retry_after: Duration,
    },
}

/// A flow to be stored.
#[derive(Debug, Clone)]
pub struct NewFlow {
    pub purpose: Purpose,
    pub phone: Phone,
    /// Looks like every other flow, but no message goes out and no code is right.
    pub decoy: bool,
}

/// Why a phone gets no further message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneRefusal {
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
    No(PhoneRefusal),
}

#[derive(Debug, Clone)]
pub enum Resend {
    Yes(Reservation),
    No(PhoneRefusal),
    WrongStep(Step),
    /// Unknown, expired, finished, or of another purpose.
    Gone,
}

/// A further send that was granted.
#[derive(Debug, Clone)]
pub struct Reservation {
    pub phone: Phone,
    pub decoy: bool,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    Right,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordTurn {
    Granted {
        phone: Phone,
    },
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

/// Accounts and their sessions. Constraints decide: nothing here trusts an earlier look.
#[async_trait]
pub trait Users: Send + Sync {
    /// One statement.
    async fn phone_is_taken(&self, phone: &Phone) -> Result<bool, Failure>;

    /// Stores the user and her first session in one transaction, both or neither. MUST answer
    /// [`Created::PhoneTaken`], and only then, when the phone belongs to another account.
    async fn create(&self, user: &NewUser, session: &NewSession) -> Result<Created, Failure>;

    /// The owner of a session that is neither revoked nor past its end at `now`. One statement.
    async fn by_session(&self, session: SessionId, now: DateTime<Utc>) -> Result<Option<User>, Failure>;

    /// Answers if the database would.
    async fn ping(&self) -> Result<(), Failure>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    Yes,
    PhoneTaken,
}

/// Hashes passwords off the event loop, on a bounded number of threads; [`Failure::Overloaded`] when the wait would be too long.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    async fn hash(&self, password: Password, owner: &Phone) -> Result<Hashed, Failure>;
}

#[derive(Debug, Clone)]
pub enum Hashed {
    Hash(PasswordHash),
    /// See [`Password::is_guessable`].
    TooWeak,
}

/// Carries messages to phones.
#[async_trait]
pub trait Sms: Send + Sync {
    /// Returns when the provider has accepted the message. MUST come to an end within its own time limit.
    async fn send(&self, message: &CodeMessage) -> Result<(), SmsFailure>;
}

/// "Your code is …, enter it within … minutes."
#[derive(Debug, Clone)]
pub struct CodeMessage {
    pub to: Phone,
    pub code: OneTimeCode,
    /// Whole minutes, at least 1.
    pub minutes: u64,
    /// 32 hexadecimal digits, the same for the same send of the same flow: a provider's protection against sending twice.
    pub id: String,
}

/// Why a message did not go out. The reason is for the log; it MUST NOT hold a phone, a code or a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SmsFailure {
    #[error("refused: {0}")]
    Refused(String),
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It may or may not have gone out.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// Draws the text of a captcha, off the event loop and bounded.
#[async_trait]
pub trait CaptchaRenderer: Send + Sync {
    /// A PNG. The same text and seed give the same picture.
    async fn draw(&self, text: String, seed: u64) -> Result<Vec<u8>, Failure>;
}

/// Lets clients upload avatars into a storage of the operator.
pub trait AvatarStorage: Send + Sync {
    /// A permit for this upload and no other, good until `now` and its life: the storage MUST refuse another name, another
    /// size, another type, and whatever comes later. Asks nobody: a permit is a signature.
    fn permit(&self, upload: &Upload, now: DateTime<Utc>) -> Permit;
}

/// Signs and checks access tokens.
pub trait AccessTokens: Send + Sync {
    fn sign(&self, claims: &AccessClaims) -> Result<String, Failure>;
    /// Signature, algorithm, type, issuer and audience MUST be right and the end not past.
    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenRefusal>;
    /// The public keys, a JSON Web Key Set (RFC 7517).
    fn jwks(&self) -> &str;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefusal {
    Invalid,
    Expired,
}

//! Everything that the flows need from the world, as contracts. One suite of tests runs against every implementation.

use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::code::OneTimeCode;
use crate::domain::flow::{Flow, Purpose, Step};
use crate::domain::password::{Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::domain::policy::{CodePolicy, PhoneLimits, Quota, SessionPolicy};
use crate::domain::session::{AccessClaims, Generation, NewSession, Session, SessionId};
use crate::domain::ticket::FlowKey;
use crate::domain::user::{NewUser, ProfileChange, User, UserId};
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

    /// Forgets what every counter has counted.
    async fn forget(&self, counters: &[Counter]) -> Result<(), Failure>;

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

    /// Takes a right code back, so that it can be entered once more: what it was for could not be done. Moves a flow at
    /// [`Step::PhoneVerified`] back to [`Step::CodeSent`] and lets it live for [`CodePolicy::life`] at most; leaves every
    /// other alone.
    async fn reopen_code(&self, key: &FlowKey, purpose: Purpose, policy: &CodePolicy) -> Result<(), Failure>;

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

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCheck {
    Right {
        phone: Phone,
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

    /// The account of a phone. One statement.
    async fn by_phone(&self, phone: &Phone) -> Result<Option<Account>, Failure>;

    /// The owner of a session that is neither revoked nor past its end at `now`. One statement.
    async fn by_session(&self, session: SessionId, now: DateTime<Utc>) -> Result<Option<User>, Failure>;

    /// What the user's password is checked against; `None` when there is no such user. One statement.
    async fn password_hash(&self, user: UserId) -> Result<Option<PasswordHash>, Failure>;

    /// Stores a session and notes the sign-in, both or neither, if `proof` holds; with `rehashed`, replaces the hash that the
    /// proof names. Drops the user's sessions that have ended, and of the living ones the least recently used beyond
    /// [`SessionPolicy::per_user`]. `false`, and nothing stored, when the proof does not hold (any more).
    async fn sign_in(
        &self,
        session: &NewSession,
        proof: &Proof,
        rehashed: Option<&PasswordHash>,
        policy: &SessionPolicy,
    ) -> Result<bool, Failure>;

    /// Takes the next generation out of a session, or finds out that somebody else has it. One statement.
    ///
    /// In a session that is neither revoked nor past its absolute end nor unused for [`SessionPolicy::idle`]:
    /// - the current generation makes the next one;
    /// - its parent gets the current one again: the device did not hear the answer. That it came later than
    ///   [`SessionPolicy::retry`] after the current one was made is remembered for the generation, and when this happens to
    ///   three generations in a row, two share the token: the session is revoked;
    /// - an older one is a copy: the session is revoked.
    async fn refresh(
        &self,
        presented: Generation,
        now: DateTime<Utc>,
        policy: &SessionPolicy,
    ) -> Result<Refreshed, Failure>;

    /// The user's living sessions at `now`, the most recently used first.
    async fn sessions(&self, user: UserId, now: DateTime<Utc>, policy: &SessionPolicy)
    -> Result<Vec<Session>, Failure>;

    /// Revokes one of the user's living sessions; `false` when there is no such.
    async fn end_session(&self, user: UserId, session: SessionId, now: DateTime<Utc>) -> Result<bool, Failure>;

    /// Revokes all sessions of the user.
    async fn end_sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<(), Failure>;

    /// Changes the profile; `None` when there is no such user. One statement.
    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, Failure>;

    /// Replaces the password and revokes every session but `keep`, both or neither, if `proof` holds; `false` when it
    /// does not (any more).
    async fn set_password(
        &self,
        user: UserId,
        proof: &Proof,
        hash: &PasswordHash,
        keep: Option<SessionId>,
        now: DateTime<Utc>,
    ) -> Result<bool, Failure>;

    /// Gives the user another phone. The constraint decides whether it is free.
    async fn change_phone(
        &self,
        user: UserId,
        from: &Phone,
        to: &Phone,
        now: DateTime<Utc>,
    ) -> Result<PhoneChange, Failure>;

    /// Removes the account with all that belongs to it, if `proof` holds; `false` when it does not (any more).
    async fn delete(&self, user: UserId, proof: &Proof) -> Result<bool, Failure>;

    /// Answers if the database would.
    async fn ping(&self) -> Result<(), Failure>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    Yes,
    PhoneTaken,
}

/// An account, and what its password is checked against.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    pub password_hash: PasswordHash,
}

/// What somebody has shown to be the user. It is compared again in the statement that acts on it, so that of a sign-in and
/// a change of password at the same moment the one that comes second sees the first.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The password that this is the hash of.
    Password(PasswordHash),
    /// A code that went to this phone.
    Phone(Phone),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    Yes {
        user: UserId,
        /// The generation to hand out: the presented one's child.
        number: u32,
        /// It had been handed out before.
        again: bool,
        /// The absolute end of the session.
        expires_at: DateTime<Utc>,
    },
    /// The token was copied. The session has just been revoked.
    Reused { user: UserId },
    /// Unknown, revoked or past its end.
    Ended,
}

#[derive(Debug, Clone)]
pub enum PhoneChange {
    Done(User),
    /// It belongs to another account.
    Taken,
    /// No such user has the earlier phone (any more).
    Gone,
}

/// Hashes passwords off the event loop, on a bounded number of threads; [`Failure::Overloaded`] when the wait would be too long.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    async fn hash(&self, password: Password, owner: &Phone) -> Result<Hashed, Failure>;

    /// Whether this is the password of the hash. MUST take as long without a hash, for a person who does not exist, as with
    /// one of the cost in force.
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, Failure>;
}

#[derive(Debug, Clone)]
pub enum Verdict {
    Right {
        /// A hash of the same password at the cost in force, when the checked one had another.
        rehashed: Option<PasswordHash>,
    },
    Wrong,
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
    async fn send(&self, message: &Message) -> Result<(), SmsFailure>;
}

#[derive(Debug, Clone)]
pub struct Message {
    pub to: Phone,
    pub text: Text,
    /// 32 hexadecimal digits, the same for the same message: a provider's protection against sending twice.
    pub id: String,
}

#[derive(Debug, Clone)]
pub enum Text {
    /// "Your code is …, enter it within … minutes."
    Code {
        code: OneTimeCode,
        /// Whole minutes, at least 1.
        minutes: u64,
    },
    /// "Your account now has the number …": to the number that it had before.
    PhoneChanged {
        /// The masked new one.
        to: String,
    },
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

//! Everything that the flows need from the world, as contracts. One suite of tests runs against every implementation.

mod idempotency_store;
mod counters;
mod sms;
mod staging;
mod telemetry;
mod users;

pub use counters::{Admission, Counter, Counters, Rule, Usage};
pub use idempotency_store::{Begun, IdempotencyStore};
pub use sms::{Message, Sent, Sms, SmsError};
pub use staging::{
    Advance, Cancel, CodeCheck, NewFlow, PasswordTurn, Resend, Reservation, Reserved, SendDenial, Staging, Verified,
};
pub use telemetry::{Event, Outcome, Telemetry};
pub use users::{Account, Created, PhoneChange, Proof, Refreshed, Users};

use crate::domain::avatar::{Permit, Upload};
use crate::domain::captcha::Theme;
use crate::domain::language::Language;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::domain::session::AccessClaims;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::fmt;

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
    Speaking,
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
            Self::Speaking => "captcha speaking",
            Self::AvatarStorage => "avatar storage",
            Self::Background => "background task",
        })
    }
}

/// Why a port could not do its work. The reason is for the log; it MUST NOT hold a phone, a code or a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DependencyError {
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

/// Hashes passwords off the event loop, on a bounded number of threads; [`DependencyError::Overloaded`] when the wait would be too long.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    async fn hash(&self, password: Password, owner: &Phone) -> Result<Hashed, DependencyError>;

    /// Whether this is the password of the hash. MUST take as long without a hash, for a person who does not exist, as with
    /// one of the cost in force.
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, DependencyError>;
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

/// Draws the text of a captcha. It MUST take microseconds: it is done on the event loop.
pub trait CaptchaRenderer: Send + Sync {
    /// A PNG. What it is read as comes from the text alone; how it looks, from the seed and from what the renderer has ready.
    fn draw(&self, text: &str, theme: Theme, seed: u64) -> Vec<u8>;
}

/// Speaks the digits of a captcha, off the event loop and bounded.
#[async_trait]
pub trait AudioCaptcha: Send + Sync {
    /// A WAV, equally long whatever it says. The same digits, language and seed give the same sound.
    async fn speak(&self, digits: String, language: Language, seed: u64) -> Result<Vec<u8>, DependencyError>;
}

/// Signs and checks access tokens.
pub trait AccessTokens: Send + Sync {
    fn sign(&self, claims: &AccessClaims) -> Result<String, DependencyError>;
    /// Signature, algorithm, type, issuer and audience MUST be right and the end not past.
    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenError>;
    /// The public keys, a JSON Web Key Set (RFC 7517).
    fn jwks(&self) -> &str;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    Invalid,
    Expired,
}

/// Lets clients upload avatars into a storage of the operator.
pub trait AvatarStorage: Send + Sync {
    /// A permit for this upload and no other, good until `now` and its life: the storage MUST refuse another name, another
    /// size, another type, and whatever comes later. Asks nobody: a permit is a signature.
    fn permit(&self, upload: &Upload, now: DateTime<Utc>) -> Permit;
}

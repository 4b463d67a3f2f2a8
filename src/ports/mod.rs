//! Contracts of everything outside the flows. A port with several implementations has one test suite for all of them
//! (`tests/contract`).

mod access_tokens;
mod account;
mod avatar_storage;
mod captcha;
mod counters;
mod dpop_proofs;
mod error;
pub mod fairness;
mod idempotency_store;
mod ownership;
mod password_hasher;
mod runtime;
mod sms;
mod staging;
mod telemetry;
mod users;

pub use access_tokens::{AccessTokens, TokenError};
pub use account::{Account, AccountSummary};
pub use avatar_storage::AvatarStorage;
pub use captcha::{AudioCaptcha, CaptchaRenderer};
pub use counters::{Admission, Counters, Counts, REFUND_TTL, Usage};
pub use dpop_proofs::DpopProofs;
pub use error::{Dependency, DependencyError};
pub use idempotency_store::{Begun, IdempotencyStore, RequestClaim};
pub use ownership::{AccountEvidence, AccountOwnership, Detach, EvidenceQuery, Reclaimed, Whose};
pub use password_hasher::{Hashed, PasswordHasher, Verdict};
pub use runtime::{Clock, Random};
pub use sms::{Message, Route, Sent, Sms, SmsError};
pub use staging::{
    Advance, CancelledSend, CaptchaCheck, Change, CodeAttempt, CodeCheck, NewFlow, OnRight, Resend, ReservedResend,
    Staging, Verified,
};
pub use telemetry::{Event, Outcome, Telemetry};
pub use users::{AccountOnDevice, Created, NumberChange, PhoneChange, Proof, Refreshed, Renewed, Users};

//! Pure values and rules, without clock, randomness, input or output.
//!
//! Each value has one constructor that validates it: `parse`, or `new` if the parts are already valid. A value that
//! exists is therefore valid. The modules are in reading order.

pub mod language;
pub mod phone;
pub mod mobile_prefix;
pub mod captcha;
pub mod proof;
pub mod ticket;
pub mod otp;
pub mod test_phone;
pub mod flow;
pub mod ip_block;
pub mod limits;
pub mod message;
pub mod texts;
pub mod template;
pub mod segment;
pub mod client_id;
pub mod client_app;
pub mod outbox;
pub mod webhook;
pub mod password;
pub mod password_mode;
pub mod consent;
pub mod user;
pub mod avatar;
pub mod cors;
pub mod dpop;
pub mod session;
pub mod new_account;
pub mod device;
pub mod pending;
pub mod question;
pub mod completion;
pub mod ownership;
pub mod refresh;
pub mod idempotency;
pub mod master_key;
pub mod master_keys;
pub mod keys;
pub mod ring;
pub mod policy;
pub mod id;
mod joiners;
mod phone_text;
mod signed_id;
mod text;
mod unicode;

/// Reason why a value is invalid. [`Invalid::code`] is its stable code in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Wrong format.
    Format,
    /// Fewer characters than allowed.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// Contains a control character, a line break or an invisible direction mark.
    Characters,
    /// Number or date outside the allowed range, for example a date of birth that no living person can have.
    OutOfRange,
    /// Right format, but a value that this service does not accept.
    NotAllowed,
    /// Differs from the field that it must repeat.
    Mismatch,
}

impl Invalid {
    pub const ALL: [Self; 7] = [
        Self::Format,
        Self::TooShort,
        Self::TooLong,
        Self::Characters,
        Self::OutOfRange,
        Self::NotAllowed,
        Self::Mismatch,
    ];

    /// Error code of the field in a response. It is stable across versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Format => "invalid_format",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Characters => "invalid_characters",
            Self::OutOfRange => "out_of_range",
            Self::NotAllowed => "not_allowed",
            Self::Mismatch => "mismatch",
        }
    }
}

//! Pure values and rules: no clock, no randomness, no input or output.
//!
//! Every value has one constructor that checks it (`parse`, or `new` where the parts are already checked); holding
//! the value is the proof. In reading order:

pub mod language;
pub mod phone;
pub mod captcha;
pub mod proof;
pub mod ticket;
pub mod otp;
pub mod test_phone;
pub mod flow;
pub mod message;
pub mod template;
pub mod segment;
pub mod client_app;
pub mod webhook;
pub mod password;
pub mod user;
pub mod avatar;
pub mod session;
pub mod idempotency;
pub mod keys;
pub mod policy;
pub mod id;
mod text;

/// Why a text is not the value it was meant to be. [`Invalid::code`] is the stable word for it in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not of the form that the value has.
    Format,
    /// Fewer characters than allowed.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// A control character, a line break or an invisible direction mark.
    Characters,
    /// A date that no living person can have been born on.
    OutOfRange,
    /// Well-formed, but not among what this service accepts.
    NotAllowed,
    /// Differs from the field that it repeats.
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

    /// The field code of the answer, stable across versions.
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

//! Error of every port.

use std::fmt;

/// Dependency outside the process, or a bounded resource inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    Staging,
    Database,
    PasswordHashing,
    TokenSigning,
    AudioCaptcha,
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
            Self::AudioCaptcha => "audio captcha",
            Self::AvatarStorage => "avatar storage",
            Self::Background => "background task",
        })
    }
}

/// Reason why a port could not do its work. The text is for the log; it MUST NOT contain a phone, a code or a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DependencyError {
    /// No response, not in time, or a refusal that will pass. The client may retry. With `may_be_done` it is unknown
    /// whether the operation was executed, else it certainly was not.
    #[error("{dependency} unavailable: {reason}")]
    Unavailable { dependency: Dependency, reason: String, may_be_done: bool },
    /// More work than capacity: the operation was refused at once and not queued.
    #[error("{0} overloaded")]
    Overloaded(Dependency),
    /// A response that should be impossible: a defect of the dependency or of this service.
    #[error("{dependency} broken: {reason}")]
    Broken { dependency: Dependency, reason: String },
}

//! Password mode: required, optional or none.

/// Passwords of accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PasswordMode {
    /// Every new account has a password.
    #[default]
    Required,
    /// The user can skip the password, and set it later.
    Optional,
    /// No password is accepted. An account that has one counts as an account without a password.
    None,
}

impl PasswordMode {
    pub const ALL: [Self; 3] = [Self::Required, Self::Optional, Self::None];

    /// Value of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::None => "none",
        }
    }

    /// Returns whether passwords can be set, and are accepted.
    #[must_use]
    pub const fn accepts_passwords(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Returns whether a sign-up can end without a password.
    #[must_use]
    pub const fn can_skip(self) -> bool {
        !matches!(self, Self::Required)
    }
}

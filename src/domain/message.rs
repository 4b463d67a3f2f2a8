//! Content of messages, independent of the provider that sends them.

use super::flow::Purpose;
use super::otp::OneTimeCode;
use std::borrow::Cow;

/// Topic of a message. Each topic has a template at the provider and a label in the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    Register,
    Login,
    ResetPassword,
    ChangePhone,
    DeleteAccount,
    SetPassword,
    ConfirmPhone,
    /// Notice to the number that the account had before.
    PhoneChanged,
    /// Notice to the number of the account that somebody asks to change it.
    PhoneChangeHeld,
    /// Notice of a password change.
    PasswordChanged,
    /// Notice of a password reset.
    PasswordReset,
}

impl Topic {
    pub const ALL: [Self; 11] = [
        Self::Register,
        Self::Login,
        Self::ResetPassword,
        Self::ChangePhone,
        Self::DeleteAccount,
        Self::SetPassword,
        Self::ConfirmPhone,
        Self::PhoneChanged,
        Self::PhoneChangeHeld,
        Self::PasswordChanged,
        Self::PasswordReset,
    ];

    /// Notices that a setting enables. The notice to an earlier number is always sent.
    pub const OPTIONAL: [Self; 3] = [Self::PhoneChangeHeld, Self::PasswordChanged, Self::PasswordReset];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::ResetPassword => "reset_password",
            Self::ChangePhone => "change_phone",
            Self::DeleteAccount => "delete_account",
            Self::SetPassword => "set_password",
            Self::ConfirmPhone => "confirm_phone",
            Self::PhoneChanged => "phone_changed",
            Self::PhoneChangeHeld => "phone_change_held",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
        }
    }

    /// Values that a message of this topic contains.
    #[must_use]
    pub const fn values(self) -> &'static [Value] {
        match self {
            Self::PhoneChanged | Self::PhoneChangeHeld => &[Value::Phone],
            Self::PasswordChanged | Self::PasswordReset => &[],
            _ => &[Value::Code, Value::Minutes],
        }
    }
}

impl From<Purpose> for Topic {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Register => Self::Register,
            Purpose::Login => Self::Login,
            Purpose::ResetPassword => Self::ResetPassword,
            Purpose::ChangePhone(_) | Purpose::Reclaim => Self::ChangePhone,
            Purpose::DeleteAccount | Purpose::DeleteSelf(_) => Self::DeleteAccount,
            Purpose::SetPassword(_) => Self::SetPassword,
            Purpose::ConfirmPhone(_) => Self::ConfirmPhone,
        }
    }
}

/// Variable part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Code,
    /// Minutes until the code expires.
    Minutes,
    /// New number, masked.
    Phone,
}

impl Value {
    pub const ALL: [Self; 3] = [Self::Code, Self::Minutes, Self::Phone];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Minutes => "minutes",
            Self::Phone => "phone",
        }
    }
}

#[derive(Debug, Clone)]
pub enum Content {
    Code {
        purpose: Purpose,
        code: OneTimeCode,
        /// Whole minutes until the code expires, at least 1.
        minutes: u64,
    },
    /// "Your account now has the number …": notice to the number that the account had before.
    PhoneChanged {
        /// New number, masked.
        to: String,
    },
    /// "Somebody asks to change the number of your account to …": notice to its number.
    PhoneChangeHeld {
        /// New number, masked.
        to: String,
    },
    /// Notice to the owner of the account.
    PasswordChanged,
    /// Notice to the owner of the account.
    PasswordReset,
}

impl Content {
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::Code { purpose, .. } => (*purpose).into(),
            Self::PhoneChanged { .. } => Topic::PhoneChanged,
            Self::PhoneChangeHeld { .. } => Topic::PhoneChangeHeld,
            Self::PasswordChanged => Topic::PasswordChanged,
            Self::PasswordReset => Topic::PasswordReset,
        }
    }

    /// Returns a value as text, or `None` if messages of this topic do not contain it (see [`Topic::values`]).
    #[must_use]
    pub fn value(&self, value: Value) -> Option<Cow<'_, str>> {
        match (self, value) {
            (Self::Code { code, .. }, Value::Code) => Some(code.expose().into()),
            (Self::Code { minutes, .. }, Value::Minutes) => Some(minutes.to_string().into()),
            (Self::PhoneChanged { to } | Self::PhoneChangeHeld { to }, Value::Phone) => Some(to.into()),
            _ => None,
        }
    }
}

/// Data for SMS autofill, with which a phone offers the code above the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Autofill {
    /// iOS: domain of the app, to which the code is bound (Apple, "Enhance SMS-delivered code security with
    /// domain-bound codes", <https://developer.apple.com/news/?id=z0i801mg>).
    Domain(String),
    /// Android: hash of the app, 11 characters of base64. The SMS Retriever passes the message to the app with this
    /// hash (<https://developers.google.com/identity/sms-retriever/verify>).
    AppHash(String),
}

impl Autofill {
    /// Returns the last line of the message.
    pub(super) fn line(&self, code: &OneTimeCode) -> String {
        match self {
            Self::Domain(domain) => format!("@{domain} #{}", code.expose()),
            Self::AppHash(hash) => hash.clone(),
        }
    }
}

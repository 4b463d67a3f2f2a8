//! Content of messages, independent of the provider that sends them.

use super::flow::Purpose;
use super::language::Language;
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
    /// Notice to the number that the account had before.
    PhoneChanged,
    /// Notice of a password change.
    PasswordChanged,
    /// Notice of a password reset.
    PasswordReset,
}

impl Topic {
    pub const ALL: [Self; 8] = [
        Self::Register,
        Self::Login,
        Self::ResetPassword,
        Self::ChangePhone,
        Self::DeleteAccount,
        Self::PhoneChanged,
        Self::PasswordChanged,
        Self::PasswordReset,
    ];

    /// Notices that a setting enables. The notice to an earlier number is always sent.
    pub const OPTIONAL: [Self; 2] = [Self::PasswordChanged, Self::PasswordReset];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::ResetPassword => "reset_password",
            Self::ChangePhone => "change_phone",
            Self::DeleteAccount => "delete_account",
            Self::PhoneChanged => "phone_changed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
        }
    }

    /// Values that a message of this topic contains.
    #[must_use]
    pub const fn values(self) -> &'static [Value] {
        match self {
            Self::PhoneChanged => &[Value::Phone],
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
            Purpose::ChangePhone(_) => Self::ChangePhone,
            Purpose::DeleteAccount | Purpose::DeleteSelf(_) => Self::DeleteAccount,
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
            (Self::PhoneChanged { to }, Value::Phone) => Some(to.into()),
            _ => None,
        }
    }

    /// Returns the whole text, for providers that send free text. `brand` is the name of the sender. The text contains
    /// the code: pass it to the provider only.
    #[must_use]
    pub fn words(&self, brand: &str, language: Language, autofill: Option<&Autofill>) -> String {
        let topic = self.topic();
        let sentence = match (self, language) {
            (Self::Code { code, minutes, .. }, Language::English) => {
                let (purpose, code) = (english(topic), code.expose());
                format!("{brand}: your {purpose} code is {code}, valid for {minutes} min. Do not share it.")
            }
            (Self::Code { code, minutes, .. }, Language::Chinese) => {
                format!("【{brand}】{}验证码{}，{minutes}分钟内有效，请勿告知他人。", chinese(topic), code.expose())
            }
            (Self::PhoneChanged { to }, Language::English) => {
                format!("{brand}: your account now has the number {to}. If this was not you, contact us.")
            }
            (Self::PhoneChanged { to }, Language::Chinese) => {
                format!("【{brand}】您的账号已更换手机号为 {to}。如非本人操作，请联系我们。")
            }
            (Self::PasswordChanged, Language::English) => {
                format!("{brand}: the password of your account was changed. If this was not you, reset it in the app.")
            }
            (Self::PasswordChanged, Language::Chinese) => {
                format!("【{brand}】您的账号密码已修改。如非本人操作，请在应用内重置密码。")
            }
            (Self::PasswordReset, Language::English) => {
                format!("{brand}: the password of your account was reset. If this was not you, contact us.")
            }
            (Self::PasswordReset, Language::Chinese) => {
                format!("【{brand}】您的账号密码已重置。如非本人操作，请联系我们。")
            }
        };
        match (self, autofill) {
            (Self::Code { code, .. }, Some(autofill)) => format!("{sentence}\n{}", autofill.line(code)),
            _ => sentence,
        }
    }
}

/// Name of the purpose in an English message. Every code names its purpose: otherwise an attacker could ask a user for
/// a code under a pretext and delete the account with it.
const fn english(topic: Topic) -> &'static str {
    match topic {
        Topic::Register => "sign-up",
        Topic::Login => "sign-in",
        Topic::ResetPassword => "password reset",
        Topic::ChangePhone => "number change",
        Topic::DeleteAccount => "account DELETION",
        Topic::PhoneChanged | Topic::PasswordChanged | Topic::PasswordReset => "",
    }
}

/// Name of the purpose in a Chinese message.
const fn chinese(topic: Topic) -> &'static str {
    match topic {
        Topic::Register => "注册",
        Topic::Login => "登录",
        Topic::ResetPassword => "重置密码",
        Topic::ChangePhone => "更换手机号",
        Topic::DeleteAccount => "注销账号",
        Topic::PhoneChanged | Topic::PasswordChanged | Topic::PasswordReset => "",
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
    fn line(&self, code: &OneTimeCode) -> String {
        match self {
            Self::Domain(domain) => format!("@{domain} #{}", code.expose()),
            Self::AppHash(hash) => hash.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::segment::Segments;

    fn code(purpose: Purpose) -> Content {
        Content::Code { purpose, code: OneTimeCode::parse("042137").unwrap(), minutes: 5 }
    }

    #[test]
    fn each_purpose_has_its_own_text_in_both_languages() {
        let purposes = [Purpose::Register, Purpose::Login, Purpose::ResetPassword, Purpose::DeleteAccount];
        for language in [Language::English, Language::Chinese] {
            let mut texts: Vec<_> =
                purposes.iter().map(|purpose| code(*purpose).words("Acme", language, None)).collect();
            assert!(texts.iter().all(|text| text.contains("Acme") && text.contains("042137")), "{texts:?}");
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), purposes.len());
        }
        let notice = Content::PhoneChanged { to: "+86139****9001".to_owned() };
        assert!(notice.words("Acme", Language::Chinese, None).contains("+86139****9001"));
    }

    /// People learn not to follow links in messages about their account.
    #[test]
    fn notices_contain_no_link_and_fit_into_one_sms() {
        let notices = [
            Content::PhoneChanged { to: "+86139****9001".to_owned() },
            Content::PasswordChanged,
            Content::PasswordReset,
        ];
        for notice in notices {
            for language in Language::ALL {
                let text = notice.words("Acme", language, None);
                assert!(!text.contains("://") && !text.contains("www."), "{text}");
                assert_eq!(Segments::of(&text).count(), 1, "{text}");
            }
        }
    }

    #[test]
    fn the_autofill_line_is_the_last_line() {
        let ios = Autofill::Domain("example.com".to_owned());
        let android = Autofill::AppHash("FA+9qCX9VSu".to_owned());
        let last = |autofill| {
            let text = code(Purpose::Login).words("Acme", Language::English, Some(autofill));
            text.lines().last().unwrap().to_owned()
        };
        assert_eq!(last(&ios), "@example.com #042137");
        assert_eq!(last(&android), "FA+9qCX9VSu");
        let notice = Content::PhoneChanged { to: String::new() };
        assert!(!notice.words("Acme", Language::English, Some(&ios)).contains('@'), "a notice contains no code");
    }
}

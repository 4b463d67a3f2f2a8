//! What a message says, apart from how it gets there.

use super::flow::Purpose;
use super::language::Language;
use super::otp::OneTimeCode;
use std::borrow::Cow;

/// What a message is about. Providers have a template for each, metrics a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    Register,
    Login,
    ResetPassword,
    ChangePhone,
    DeleteAccount,
    /// To the number that an account had before.
    PhoneChanged,
}

impl Topic {
    pub const ALL: [Self; 6] =
        [Self::Register, Self::Login, Self::ResetPassword, Self::ChangePhone, Self::DeleteAccount, Self::PhoneChanged];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::ResetPassword => "reset_password",
            Self::ChangePhone => "change_phone",
            Self::DeleteAccount => "delete_account",
            Self::PhoneChanged => "phone_changed",
        }
    }

    /// What a message about it can tell.
    #[must_use]
    pub const fn values(self) -> &'static [Value] {
        match self {
            Self::PhoneChanged => &[Value::Phone],
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

/// One thing that a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Code,
    /// For how many minutes the code is good.
    Minutes,
    /// The new number, masked.
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
        /// Whole minutes, at least 1.
        minutes: u64,
    },
    /// "Your account now has the number …": to the number that it had before.
    PhoneChanged {
        /// The masked new one.
        to: String,
    },
}

impl Content {
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::Code { purpose, .. } => (*purpose).into(),
            Self::PhoneChanged { .. } => Topic::PhoneChanged,
        }
    }

    /// `None` for what messages of this topic do not tell (see [`Topic::values`]).
    #[must_use]
    pub fn value(&self, value: Value) -> Option<Cow<'_, str>> {
        match (self, value) {
            (Self::Code { code, .. }, Value::Code) => Some(code.expose().into()),
            (Self::Code { minutes, .. }, Value::Minutes) => Some(minutes.to_string().into()),
            (Self::PhoneChanged { to }, Value::Phone) => Some(to.into()),
            _ => None,
        }
    }

    /// The whole message, for providers that carry free text. `brand` says whose it is. (For the provider alone: it holds
    /// the code.)
    #[must_use]
    pub fn words(&self, brand: &str, language: Language, autofill: Option<&Autofill>) -> String {
        let topic = self.topic();
        let sentence = match (self, language) {
            (Self::Code { code, minutes, .. }, Language::English) => {
                let (what, code) = (english(topic), code.expose());
                format!("{brand}: your {what} code is {code}, valid for {minutes} min. Tell it to nobody.")
            }
            (Self::Code { code, minutes, .. }, Language::Chinese) => {
                format!("【{brand}】{}验证码{}，{minutes}分钟内有效，请勿告知他人。", chinese(topic), code.expose())
            }
            (Self::PhoneChanged { to }, Language::English) => {
                format!("{brand}: your account now has the number {to}. If that was not you, contact us.")
            }
            (Self::PhoneChanged { to }, Language::Chinese) => {
                format!("【{brand}】您的账号已更换手机号为 {to}。如非本人操作，请联系我们。")
            }
        };
        match (self, autofill) {
            (Self::Code { code, .. }, Some(autofill)) => format!("{sentence}\n{}", autofill.line(code)),
            _ => sentence,
        }
    }
}

/// Nobody may be talked out of a code that deletes an account as if it were for something else: every code says what it is for.
const fn english(topic: Topic) -> &'static str {
    match topic {
        Topic::Register => "sign-up",
        Topic::Login => "sign-in",
        Topic::ResetPassword => "password reset",
        Topic::ChangePhone => "number change",
        Topic::DeleteAccount => "account DELETION",
        Topic::PhoneChanged => "",
    }
}

const fn chinese(topic: Topic) -> &'static str {
    match topic {
        Topic::Register => "注册",
        Topic::Login => "登录",
        Topic::ResetPassword => "重置密码",
        Topic::ChangePhone => "更换手机号",
        Topic::DeleteAccount => "注销账号",
        Topic::PhoneChanged => "",
    }
}

/// What lets a phone offer the code above the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Autofill {
    /// iOS: the code is bound to this domain of the app (Apple, "Enhance SMS-delivered code security with domain-bound codes",
    /// <https://developer.apple.com/news/?id=z0i801mg>).
    Domain(String),
    /// Android: the SMS Retriever hands the message to the app with this hash, 11 characters of base64
    /// (<https://developers.google.com/identity/sms-retriever/verify>).
    AppHash(String),
}

impl Autofill {
    /// The last line of the message.
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

    fn code(purpose: Purpose) -> Content {
        Content::Code { purpose, code: OneTimeCode::parse("042137").unwrap(), minutes: 5 }
    }

    #[test]
    fn every_purpose_has_words_of_its_own_in_both_languages() {
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

    #[test]
    fn the_line_for_the_phone_is_the_last() {
        let ios = Autofill::Domain("example.com".to_owned());
        let android = Autofill::AppHash("FA+9qCX9VSu".to_owned());
        let last = |autofill| {
            let text = code(Purpose::Login).words("Acme", Language::English, Some(autofill));
            text.lines().last().unwrap().to_owned()
        };
        assert_eq!(last(&ios), "@example.com #042137");
        assert_eq!(last(&android), "FA+9qCX9VSu");
        let notice = Content::PhoneChanged { to: String::new() };
        assert!(!notice.words("Acme", Language::English, Some(&ios)).contains('@'), "there is no code in it");
    }
}

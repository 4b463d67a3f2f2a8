//! Texts of messages: one for each language and topic. Providers with templates do not use them.

use super::language;
use super::message::{Autofill, Content, Topic, Value};
use std::collections::BTreeMap;
use std::fmt;

/// English is the default language. Every code names its purpose: otherwise an attacker could ask a user for a code
/// under a pretext and delete the account with it.
const ENGLISH: [(Topic, &str); 11] = [
    (Topic::Register, "{brand}: your sign-up code is {code}, valid for {minutes} min. Do not share it."),
    (Topic::Login, "{brand}: your sign-in code is {code}, valid for {minutes} min. Do not share it."),
    (Topic::ResetPassword, "{brand}: your password reset code is {code}, valid for {minutes} min. Do not share it."),
    (Topic::ChangePhone, "{brand}: your number change code is {code}, valid for {minutes} min. Do not share it."),
    (Topic::DeleteAccount, "{brand}: your account DELETION code is {code}, valid for {minutes} min. Do not share it."),
    (Topic::SetPassword, "{brand}: your code to SET A PASSWORD is {code}, valid for {minutes} min. Do not share it."),
    (
        Topic::ConfirmPhone,
        "{brand}: your number confirmation code is {code}, valid for {minutes} min. Do not share it.",
    ),
    (Topic::PhoneChanged, "{brand}: your account now has the number {phone}. If this was not you, contact us."),
    (
        Topic::PhoneChangeHeld,
        "{brand}: the number of your account will change to {phone}. If this is not you, refuse it in the app now.",
    ),
    (
        Topic::PasswordChanged,
        "{brand}: the password of your account was changed. If this was not you, reset it in the app.",
    ),
    (Topic::PasswordReset, "{brand}: the password of your account was reset. If this was not you, contact us."),
];

const CHINESE: [(Topic, &str); 11] = [
    (Topic::Register, "【{brand}】注册验证码{code}，{minutes}分钟内有效，请勿告知他人。"),
    (Topic::Login, "【{brand}】登录验证码{code}，{minutes}分钟内有效，请勿告知他人。"),
    (Topic::ResetPassword, "【{brand}】重置密码验证码{code}，{minutes}分钟内有效，请勿告知他人。"),
    (Topic::ChangePhone, "【{brand}】更换手机号验证码{code}，{minutes}分钟内有效，请勿告知他人。"),
    (Topic::DeleteAccount, "【{brand}】注销账号验证码{code}，{minutes}分钟内有效，请勿告知他人。"),
    (Topic::SetPassword, "【{brand}】设置密码验证码{code}，{minutes}分钟内有效，请勿告知他人。"),
    (Topic::ConfirmPhone, "【{brand}】确认手机号验证码{code}，{minutes}分钟内有效，请勿告知他人。"),
    (Topic::PhoneChanged, "【{brand}】您的账号已更换手机号为 {phone}。如非本人操作，请联系我们。"),
    (Topic::PhoneChangeHeld, "【{brand}】您的账号将更换手机号为 {phone}。如非本人操作，请立即在应用内拒绝。"),
    (Topic::PasswordChanged, "【{brand}】您的账号密码已修改。如非本人操作，请在应用内重置密码。"),
    (Topic::PasswordReset, "【{brand}】您的账号密码已重置。如非本人操作，请联系我们。"),
];

/// All texts, and the sender name in them.
#[derive(Clone)]
pub struct Texts {
    brand: String,
    /// The default language is the first.
    languages: Vec<(String, BTreeMap<Topic, Text>)>,
}

/// Language of a message: one of those in [`Texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextLanguage(usize);

/// Text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Brand,
    Value(Value),
}

impl Texts {
    /// Returns the built-in texts, in English and Chinese.
    #[must_use]
    pub fn built_in(brand: &str) -> Self {
        let language = |tag: &str, texts: [(Topic, &str); 11]| {
            let texts = texts.into_iter().filter_map(|(topic, text)| Some((topic, Text::parse(topic, text).ok()?)));
            (tag.to_owned(), texts.collect())
        };
        Self { brand: brand.to_owned(), languages: vec![language("en", ENGLISH), language("zh-CN", CHINESE)] }
    }

    /// Adds texts of a language, or replaces its texts on these topics.
    pub fn extend(&mut self, tag: &str, texts: BTreeMap<Topic, Text>) {
        match self.languages.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(tag)) {
            Some((_, known)) => known.extend(texts),
            None => self.languages.push((tag.to_owned(), texts)),
        }
    }

    /// Makes a language the default. Returns `false` if it has no texts.
    #[must_use]
    pub fn set_default(&mut self, tag: &str) -> bool {
        let at = self.languages.iter().position(|(known, _)| known.eq_ignore_ascii_case(tag));
        at.map(|at| self.languages[..=at].rotate_right(1)).is_some()
    }

    /// Returns the language that the client prefers, by `Accept-Language`; the default if it prefers none of them.
    #[must_use]
    pub fn negotiate(&self, accepted: &str) -> TextLanguage {
        TextLanguage(language::negotiate(accepted, self.languages.iter().map(|(tag, _)| &**tag)).unwrap_or_default())
    }

    /// Language tag (RFC 5646).
    #[must_use]
    pub fn tag(&self, language: TextLanguage) -> &str {
        self.languages.get(language.0).map_or("en", |(tag, _)| tag)
    }

    /// Returns the whole text of a message. It contains the code: pass it to the provider only.
    #[must_use]
    pub fn render(&self, language: TextLanguage, content: &Content, autofill: Option<&Autofill>) -> String {
        let topic = content.topic();
        let own = self.languages.get(language.0).and_then(|(_, texts)| texts.get(&topic));
        // Every language has a text on each topic that is sent (`config::sms::texts`).
        let text = own.or_else(|| self.languages.iter().find_map(|(_, texts)| texts.get(&topic)));
        let sentence = text.map(|text| text.fill(&self.brand, content)).unwrap_or_default();
        match (content, autofill) {
            (Content::Code { code, .. }, Some(autofill)) => format!("{sentence}\n{}", autofill.line(code)),
            _ => sentence,
        }
    }

    /// All languages, with their tags and texts.
    pub fn languages(&self) -> impl Iterator<Item = (TextLanguage, &str, &BTreeMap<Topic, Text>)> {
        self.languages.iter().enumerate().map(|(at, (tag, texts))| (TextLanguage(at), &**tag, texts))
    }
}

/// Prints the brand and the languages: the texts are long.
impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<&str> = self.languages().map(|(_, tag, _)| tag).collect();
        f.debug_struct("Texts").field("brand", &self.brand).field("languages", &tags).finish()
    }
}

impl Text {
    /// Reads a text such as `{brand}: your code is {code}`.
    ///
    /// # Errors
    /// The first mistake of the text: a placeholder that the topic does not have, a missing `{brand}`, `{code}` or
    /// `{phone}`, a control character, or a link in a notice, because people must learn not to follow these.
    pub fn parse(topic: Topic, text: &str) -> Result<Self, String> {
        if text.contains(|c: char| c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c)) {
            return Err("contains a line break or another control character".to_owned());
        }
        let has_code = topic.values().contains(&Value::Code);
        if !has_code && has_link(text) {
            return Err("contains a link".to_owned());
        }
        let parts = parts(topic, text)?;
        let required = topic.values().iter().filter(|value| **value != Value::Minutes).map(|value| Part::Value(*value));
        match required.chain([Part::Brand]).find(|part| !parts.contains(part)) {
            Some(missing) => Err(format!("contains no {missing}")),
            None => Ok(Self(parts)),
        }
    }

    fn fill(&self, brand: &str, content: &Content) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Brand => brand.to_owned(),
            Part::Value(value) => content.value(*value).unwrap_or_default().into_owned(),
        };
        self.0.iter().map(part).collect()
    }
}

/// Tells whether phones show a part of the text as a link: a scheme, or a dot inside a word, as in `example.com`.
fn has_link(text: &str) -> bool {
    let dot_in_word = |word: &[u8]| word[0].is_ascii_alphanumeric() && word[1] == b'.' && word[2].is_ascii_alphabetic();
    text.contains("://") || text.as_bytes().windows(3).any(dot_in_word)
}

fn parts(topic: Topic, mut text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    while let Some((before, rest)) = text.split_once('{') {
        let (name, after) = rest.split_once('}').ok_or("contains a { without }")?;
        parts.push(Part::Literal(before.to_owned()));
        let value = topic.values().iter().copied().find(|value| value.name() == name);
        parts.push(match value {
            Some(value) => Part::Value(value),
            None if name == "brand" => Part::Brand,
            None => {
                let name: String = name.chars().take(32).collect();
                return Err(format!("contains {{{name}}}, which messages of this topic do not have"));
            }
        });
        text = after;
    }
    parts.push(Part::Literal(text.to_owned()));
    parts.retain(|part| *part != Part::Literal(String::new()));
    Ok(parts)
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Brand => f.write_str("{brand}"),
            Self::Value(value) => write!(f, "{{{}}}", value.name()),
        }
    }
}

#[cfg(test)]
mod tests;

//! The apps that codes are made for: `CLIENT_APPS`.

use super::Env;
use crate::domain::client_app::{ClientApps, ClientId};
use crate::domain::flow::Purpose;
use crate::domain::language::Language;
use crate::domain::message::{Autofill, Content};
use crate::domain::otp::OneTimeCode;
use crate::domain::segment::Segments;
use crate::domain::user::UserId;
use std::collections::BTreeSet;

/// `shop-ios=ios:example.com,shop-android=android:FA+9qCX9VSu`
pub(in crate::config) fn apps(env: &mut Env) -> ClientApps {
    env.read("CLIENT_APPS", ClientApps::default(), |text| {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let apps = items.map(app).collect::<Result<Vec<_>, _>>()?;
        let different: BTreeSet<_> = apps.iter().map(|(id, _)| id.clone()).collect();
        if different.len() < apps.len() {
            return Err("names an app twice".to_owned());
        }
        Ok(apps.into_iter().collect())
    })
}

fn app(text: &str) -> Result<(ClientId, Autofill), String> {
    let expected = || "expected ids with ios:domain or android:hash, like shop-ios=ios:example.com".to_owned();
    let (id, how) = text.split_once('=').ok_or_else(expected)?;
    let (kind, value) = how.split_once(':').ok_or_else(expected)?;
    let value = value.trim();
    let autofill = match kind.trim() {
        "ios" if is_domain(value) => Autofill::Domain(value.to_owned()),
        "ios" => return Err("expected a domain behind ios:, like example.com".to_owned()),
        "android" if is_hash(value) => Autofill::AppHash(value.to_owned()),
        "android" => return Err("expected the 11 characters of the app's hash behind android:".to_owned()),
        _ => return Err(expected()),
    };
    let id = ClientId::parse(id.trim())
        .map_err(|_| "expected ids of 1 to 64 letters, digits, dots, hyphens and underscores".to_owned())?;
    Ok((id, autofill))
}

/// At least two labels of RFC 1123. No scheme, port or path: Apple compares it with the app's associated domains.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// The first 11 characters of a base64 text (Google, "Perform SMS Verification on a Server", "Computing your app's hash string").
fn is_hash(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

/// The longest that the words of a code get: `CODE_SECONDS` is at most ten minutes.
const LONGEST_LIFE: u64 = 10;
/// <https://developers.google.com/identity/sms-retriever/verify>, "Construct a verification message"
const SMS_RETRIEVER_BYTES: usize = 140;
/// Each SMS of a long message is paid for. Chinese words with a domain are one; two leave room for a Chinese name in English words.
const MOST_SMS: usize = 2;

/// What does not fit into a message is found at the start.
pub(super) fn validate(env: &mut Env, brand: &str, apps: &ClientApps) {
    for (id, autofill) in apps.iter() {
        let too_long = messages().into_iter().find_map(|(topic, content)| {
            let of = |language: &Language| excess(&content.words(brand, *language, Some(autofill)), autofill);
            Language::ALL.iter().find_map(of).map(|what| (topic, what))
        });
        if let Some((topic, what)) = too_long {
            let id = id.as_str();
            env.problem(
                "CLIENT_APPS",
                format!("the message of {topic} would be too long for {id}: {what}; shorten SMS_BRAND or the domain"),
            );
        }
    }
}

/// A code for each topic that has one.
fn messages() -> Vec<(&'static str, Content)> {
    let Ok(code) = OneTimeCode::parse("000000") else { return Vec::new() };
    let somebody = UserId(uuid::Uuid::nil());
    let purposes = [
        Purpose::Register,
        Purpose::Login,
        Purpose::ResetPassword,
        Purpose::ChangePhone(somebody),
        Purpose::DeleteAccount,
    ];
    let content = |purpose| Content::Code { purpose, code: code.clone(), minutes: LONGEST_LIFE };
    purposes.map(|purpose| (purpose.name(), content(purpose))).into()
}

/// What is too much. The SMS Retriever reads messages up to a length; iOS reads any, and somebody pays for them.
fn excess(words: &str, autofill: &Autofill) -> Option<String> {
    match autofill {
        Autofill::AppHash(_) if words.len() > SMS_RETRIEVER_BYTES => {
            Some(format!("{} bytes of {SMS_RETRIEVER_BYTES}", words.len()))
        }
        Autofill::AppHash(_) => None,
        Autofill::Domain(_) => {
            let count = Segments::of(words).count();
            (count > MOST_SMS).then(|| format!("{count} SMS of {MOST_SMS}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(apps: &str, brand: &str) -> Vec<String> {
        let mut env = Env::new([("CLIENT_APPS".to_owned(), apps.to_owned())]);
        let apps = super::apps(&mut env);
        validate(&mut env, brand, &apps);
        env.into_problems()
    }

    #[test]
    fn an_app_has_a_domain_or_a_hash() {
        assert_eq!(problems("a=ios:example.com, b=android:FA+9qCX9VSu,", "Acme"), Vec::<String>::new());
        for (bad, why) in [
            ("a", "ids with"),
            ("a=example.com", "ids with"),
            ("a=web:example.com", "ids with"),
            ("a b=ios:example.com", "letters, digits"),
            ("=ios:example.com", "letters, digits"),
            ("a=ios:example", "a domain"),
            ("a=ios:https://example.com", "a domain"),
            ("a=ios:example.com:443", "a domain"),
            ("a=ios:exämple.com", "a domain"),
            ("a=ios:-x.example.com", "a domain"),
            ("a=ios:example.com.", "a domain"),
            ("a=android:FA+9qCX9VS", "11 characters"),
            ("a=android:FA+9qCX9VSuu", "11 characters"),
            ("a=android:FA+9qCX9VS=", "11 characters"),
            ("a=android:FA-9qCX9VSu", "11 characters"),
            ("a=ios:example.com,a=android:FA+9qCX9VSu", "twice"),
        ] {
            let problems = problems(bad, "Acme");
            assert!(problems.len() == 1 && problems[0].contains(why), "{bad}: {problems:?}");
        }
    }

    #[test]
    fn the_longest_message_fits() {
        let twenty = "Twenty letters long.";
        assert_eq!(twenty.len(), 20);
        assert_eq!(problems("a=android:FA+9qCX9VSu", twenty), Vec::<String>::new());
        for brand in [twenty, "小店"] {
            assert_eq!(problems("a=ios:shop.example.com", brand), Vec::<String>::new());
        }
    }

    #[test]
    fn what_is_too_long_says_by_how_much() {
        let of = |apps: &str, brand: &str| problems(apps, brand).join("|");
        let bytes = of("a=android:FA+9qCX9VSu", "很长很长很长很长很长很长很长很长很长很长");
        assert!(bytes.contains("bytes of 140") && bytes.contains("SMS_BRAND"), "{bytes}");
        let domain = of(&format!("a=ios:{}.example.com", "very-long".repeat(6)), "小店");
        assert!(domain.contains("3 SMS of 2"), "{domain}");
    }
}

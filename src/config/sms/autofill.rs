//! Client apps, and SMS autofill in each: `CLIENT_APPS`.

use super::length::{MAX_SMS, samples, sms_count};
use crate::config::env::Env;
use crate::config::variable::{About, Variable, items, section};
use crate::domain::client_app::ClientApps;
use crate::domain::client_id::ClientId;
use crate::domain::message::{Autofill, Value};
use crate::domain::texts::Texts;
use std::collections::BTreeSet;

section! {
    pub(super) fn section = "SMS: autofill";
    /// Apps, by the client_id that they send when they sign in and when they request a code, separated by commas. It is
    /// the claim client_id of their access tokens. After =, how SMS autofill works in the app: ios:domain or
    /// android:hash (11 characters). The longest message with autofill must fit into two SMS (iOS) or 140 bytes
    /// (Android). doorstep refuses a brand or a domain that is too long for this.
    pub(super) static CLIENT_APPS: Variable<ClientApps> =
        Variable::new("an ID, alone or with ios:domain or android:hash, like shop-ios=ios:example.com", parse)
            .example("shop-ios=ios:example.com,shop-android=android:FA+9qCX9VSu,shop-web");
}

pub(in crate::config) fn apps(env: &mut Env) -> ClientApps {
    env.optional(&CLIENT_APPS).unwrap_or_default()
}

fn parse(text: &str, about: &About) -> Result<ClientApps, String> {
    let apps = items(text).map(|item| app(item, about)).collect::<Result<Vec<_>, _>>()?;
    let ids: BTreeSet<_> = apps.iter().map(|(id, _)| id.clone()).collect();
    if ids.len() < apps.len() {
        return Err("expected each app only once".to_owned());
    }
    Ok(apps.into_iter().collect())
}

fn app(text: &str, about: &About) -> Result<(ClientId, Option<Autofill>), String> {
    let (id, autofill) = text.split_once('=').map_or((text, None), |(id, autofill)| (id, Some(autofill)));
    let autofill = autofill.map(|text| parse_autofill(text, about)).transpose()?;
    let id = ClientId::parse(id.trim())
        .map_err(|_| "expected an ID of 1 to 64 letters, digits, dots, hyphens and underscores".to_owned())?;
    Ok((id, autofill))
}

fn parse_autofill(text: &str, about: &About) -> Result<Autofill, String> {
    let (kind, value) = text.split_once(':').ok_or_else(|| about.expected())?;
    let value = value.trim();
    match kind.trim() {
        "ios" if is_domain(value) => Ok(Autofill::Domain(value.to_owned())),
        "ios" => Err("expected a domain after ios:, like example.com".to_owned()),
        "android" if is_hash(value) => Ok(Autofill::AppHash(value.to_owned())),
        "android" => Err("expected the 11 characters of the app's hash after android:".to_owned()),
        _ => Err(about.expected()),
    }
}

/// Tells whether a text is a domain of at least two labels (RFC 1123). It has no scheme, port or path, because Apple
/// compares it with the associated domains of the app.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Tells whether a text can be the first 11 characters of a base64 text (Google, "Perform SMS Verification on a
/// Server", "Computing your app's hash string").
fn is_hash(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

/// Maximum length of a message for the SMS Retriever
/// (<https://developers.google.com/identity/sms-retriever/verify>, "Construct a verification message").
const SMS_RETRIEVER_BYTES: usize = 140;
/// Checks at the start that the longest text with autofill fits into a message for each app.
pub(super) fn validate(env: &mut Env, texts: &Texts, apps: &ClientApps) {
    let codes: Vec<_> = samples().into_iter().filter(|(topic, _)| topic.values().contains(&Value::Code)).collect();
    for (id, autofill) in apps.with_autofill() {
        let too_long = codes.iter().find_map(|(topic, content)| {
            let mut lengths = texts.languages().map(|(language, _, _)| texts.render(language, content, Some(autofill)));
            lengths.find_map(|text| excess(&text, autofill)).map(|excess| (topic.name(), excess))
        });
        if let Some((topic, excess)) = too_long {
            let id = id.as_str();
            env.problem(
                CLIENT_APPS.name,
                format!("expected a shorter SMS_BRAND or domain: the {topic} message for {id} has {excess}"),
            );
        }
    }
}

/// Describes the length of a text that is too long. The SMS Retriever limits the bytes of a message. iOS has no limit,
/// but the operator pays for each SMS.
fn excess(text: &str, autofill: &Autofill) -> Option<String> {
    match autofill {
        Autofill::AppHash(_) if text.len() > SMS_RETRIEVER_BYTES => {
            Some(format!("{} bytes, at most {SMS_RETRIEVER_BYTES}", text.len()))
        }
        Autofill::AppHash(_) => None,
        Autofill::Domain(_) => {
            let count = sms_count(text);
            (count > MAX_SMS).then(|| format!("{count} SMS, at most {MAX_SMS}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(apps: &str, brand: &str) -> Vec<String> {
        let mut env = Env::new([("CLIENT_APPS".to_owned(), apps.to_owned())]);
        let apps = super::apps(&mut env);
        validate(&mut env, &Texts::built_in(brand), &apps);
        env.into_problems().errors
    }

    #[test]
    fn an_app_has_a_domain_or_a_hash() {
        assert_eq!(problems("a=ios:example.com, b=android:FA+9qCX9VSu, shop-web,", "Acme"), Vec::<String>::new());
        for (bad, why) in [
            ("a=", "an ID, alone or with"),
            ("a=example.com", "an ID, alone or with"),
            ("a=web:example.com", "an ID, alone or with"),
            ("ios:example.com", "letters, digits"),
            ("a,a", "only once"),
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
            ("a=ios:example.com,a=android:FA+9qCX9VSu", "only once"),
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
    fn a_text_that_is_too_long_is_reported_with_its_length() {
        let problem = |apps: &str, brand: &str| problems(apps, brand).join("|");
        let bytes = problem("a=android:FA+9qCX9VSu", "很长很长很长很长很长很长很长很长很长很长");
        assert!(bytes.contains("bytes, at most 140") && bytes.contains("SMS_BRAND"), "{bytes}");
        let domain = problem(&format!("a=ios:{}.example.com", "very-long".repeat(6)), "小店");
        assert!(domain.contains("3 SMS, at most 2"), "{domain}");
    }
}

//! Texts of messages, where doorstep writes the text: `SMS_TEXTS`.

use super::common::SMS_BRAND;
use super::length::{MAX_SMS, samples, sms_count};
use crate::config::env::Env;
use crate::config::variable::{Variable, WithDefault, section, text};
use crate::domain::message::{Topic, Value};
use crate::domain::policy::Policy;
use crate::domain::texts::{Text, Texts};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::{fmt, fs};

section! {
    pub(super) fn section = "SMS: texts";
    /// JSON file with the texts of messages, where doorstep writes the text, by language and topic. It adds languages,
    /// or replaces the built-in texts (en, zh-CN). docs/sms-providers.md describes it.
    static SMS_TEXTS: Variable<String> = text().example("/etc/doorstep/texts.json");
    /// Language of messages to clients whose Accept-Language names no language of the texts.
    static SMS_LANGUAGE: WithDefault<String> = text().default(|| "en".to_owned());
}

/// Texts by topic, by language.
type File = Entries<Entries<String>>;

/// Entries of a JSON object in their order, also those whose name stands twice.
struct Entries<T>(Vec<(String, T)>);

pub(in crate::config) fn read(env: &mut Env) -> Texts {
    let mut texts = Texts::built_in(&env.get(&SMS_BRAND));
    let file = env.optional(&SMS_TEXTS).and_then(|path| read_file(env, &path));
    for (tag, own) in file.map(|file| file.once(env)).unwrap_or_default() {
        if is_tag(&tag) {
            texts.extend(&tag, read_language(env, &tag, own));
        } else {
            env.problem(SMS_TEXTS.name, format!("{:?} is no language tag like th or zh-TW", shown(&tag)));
        }
    }
    let default = env.get(&SMS_LANGUAGE);
    if !texts.set_default(&default) {
        let known: Vec<&str> = texts.languages().map(|(_, tag, _)| tag).collect();
        env.problem(SMS_LANGUAGE.name, format!("expected a language of the texts: {}", known.join(", ")));
    }
    texts
}

fn read_file(env: &mut Env, path: &str) -> Option<File> {
    let file = fs::read_to_string(path).map_err(|error| error.to_string());
    let parsed = file.and_then(|text| serde_json::from_str::<File>(&text).map_err(|error| error.to_string()));
    parsed.map_err(|error| env.problem(SMS_TEXTS.name, format!("{path}: {error}"))).ok()
}

fn read_language(env: &mut Env, tag: &str, texts: Entries<String>) -> BTreeMap<Topic, Text> {
    let mut read = BTreeMap::new();
    for (name, text) in texts.once(env) {
        let topic = Topic::ALL.into_iter().find(|topic| topic.name() == name).ok_or("is no topic".to_owned());
        match topic.and_then(|topic| Ok((topic, Text::parse(topic, &text)?))) {
            Ok((topic, text)) => {
                read.insert(topic, text);
            }
            Err(reason) => env.problem(SMS_TEXTS.name, format!("{tag} {} {reason}", shown(&name))),
        }
    }
    read
}

/// Beginning of a name, for a message.
fn shown(name: &str) -> String {
    name.chars().take(35).collect()
}

impl<T> Entries<T> {
    /// Returns the entries, and reports each name that stands twice.
    fn once(self, env: &mut Env) -> Vec<(String, T)> {
        let mut names = BTreeSet::new();
        for (name, _) in &self.0 {
            if !names.insert(name.as_str()) {
                env.problem(SMS_TEXTS.name, format!("{} stands twice", shown(name)));
            }
        }
        self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = object.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// Tells whether a text has the form of a language tag (RFC 5646).
fn is_tag(text: &str) -> bool {
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (2..=35).contains(&text.len()) && text.split('-').all(is_part)
}

/// Checks that every language has a different text for each purpose of a code, and that no text is too long.
pub(super) fn validate(env: &mut Env, policy: &Policy) {
    // A text with a mistake is not missing.
    if env.has_problem(SMS_TEXTS.name) {
        return;
    }
    let samples: Vec<_> = samples().into_iter().filter(|(topic, _)| policy.sends(*topic)).collect();
    for (language, tag, texts) in policy.texts.languages() {
        for (at, (topic, content)) in samples.iter().enumerate() {
            let name = topic.name();
            let Some(text) = texts.get(topic) else {
                env.problem(SMS_TEXTS.name, format!("{tag} {name} is missing"));
                continue;
            };
            let has_code = topic.values().contains(&Value::Code);
            let same = samples[..at].iter().find(|(other, _)| has_code && texts.get(other) == Some(text));
            if let Some((other, _)) = same {
                let reason = "a message must say what its code is for";
                env.problem(SMS_TEXTS.name, format!("{tag} {name} is the same as {}: {reason}", other.name()));
            }
            let count = sms_count(&policy.texts.render(language, content, None));
            if count > MAX_SMS {
                env.problem(SMS_TEXTS.name, format!("{tag} {name} needs {count} SMS, at most {MAX_SMS}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phone::Regions;

    fn problems(file: &str, language: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.json");
        fs::write(&path, file).unwrap();
        let vars = [("SMS_TEXTS", path.to_str().unwrap()), ("SMS_LANGUAGE", language), ("SMS_BRAND", "ร้าน")];
        let mut env = Env::new(vars.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let policy = Policy { texts: read(&mut env), ..Policy::new(Regions::default()) };
        validate(&mut env, &policy);
        env.into_problems().errors
    }

    /// Returns the example of docs/sms-providers.md.
    fn thai() -> serde_json::Value {
        let (_, section) = include_str!("../../../docs/sms-providers.md").split_once("\n## Texts\n").unwrap();
        let example = section.split("```").nth(1).and_then(|block| block.strip_prefix("json\n"));
        serde_json::from_str(example.unwrap()).unwrap()
    }

    #[test]
    fn the_documented_file_adds_a_language_that_can_be_the_default() {
        assert_eq!(problems(&thai().to_string(), "th"), Vec::<String>::new());
    }

    #[track_caller]
    fn assert_problems(file: &serde_json::Value, expected: &[&str]) {
        let found = problems(&file.to_string(), "en");
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for text in expected {
            assert!(found.iter().any(|line| line.contains(text)), "{text} in {found:#?}");
        }
    }

    #[test]
    fn every_mistake_of_a_file_is_reported() {
        let mut file = thai();
        file["th"]["change_phone"] = "{brand} {token}".into();
        file["th"]["logon"] = "{brand}".into();
        file["x_y"] = serde_json::json!({});
        let expected = ["th change_phone contains {token}", "th logon is no topic", "\"x_y\" is no language tag"];
        assert_problems(&file, &expected);

        let mut file = thai();
        file["th"]["login"] = file["th"]["register"].clone();
        file["th"]["phone_changed"] = format!("{{brand}} {{phone}} {}", "ก".repeat(140)).into();
        file["th"].as_object_mut().unwrap().remove("delete_account");
        let expected = [
            "th login is the same as register",
            "th phone_changed needs 3 SMS, at most 2",
            "th delete_account is missing",
        ];
        assert_problems(&file, &expected);

        for broken in ["", "[]", "{\"th\": 1}", "{\"th\": {\"login\": 1}}", "{\"en\": {}, \"en\": {}}"] {
            assert_eq!(problems(broken, "en").len(), 1, "{broken}");
        }
        let unknown = problems("{}", "fr");
        assert_eq!(unknown, ["SMS_LANGUAGE: expected a language of the texts: en, zh-CN"]);
    }
}

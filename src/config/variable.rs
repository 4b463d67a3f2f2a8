//! Declaration of a setting: its name, type, allowed values, default, documentation and rule for production.
//!
//! Code reads a setting through its declaration ([`super::env::Env`]), and the reference is generated from it
//! ([`super::reference`]).

use secrecy::SecretString;
use std::fmt::Display;
use std::ops::Deref;
use std::str::FromStr;

/// Setting without a fixed default. It may be unset, or its default depends on other settings.
pub(super) struct Variable<T> {
    about: About,
    parse: Parse<T>,
}

/// Parses the text of a setting. An error says what is expected.
type Parse<T> = fn(&str, &About) -> Result<T, String>;

/// Setting with a fixed default.
pub(super) struct WithDefault<T> {
    variable: Variable<T>,
    default: fn() -> T,
    show: fn(&T) -> String,
}

/// Setting that must be set where it is read: the account of a provider in use.
pub(super) struct Required<T>(Variable<T>);

/// Everything about a setting that does not depend on its type.
#[derive(Clone, Copy)]
pub(super) struct About {
    pub(super) name: &'static str,
    /// Sentences for the operator.
    doc: &'static str,
    values: Values,
    /// Default in words, if it depends on other settings or on the machine.
    default: &'static str,
    example: &'static str,
    pub(super) production: Production,
    /// The value can be in a file, too.
    is_secret: bool,
    /// The name can end with a region or a topic.
    has_variants: bool,
}

#[derive(Clone, Copy)]
enum Values {
    /// Completes the sentence "expected …".
    Text(&'static str),
    Computed(fn() -> String),
    Number {
        min: u64,
        max: u64,
        unit: &'static str,
    },
}

/// Rule for production.
#[derive(Clone, Copy)]
pub(super) enum Production {
    None,
    /// The setting must be set, for this reason.
    Required(&'static str),
    /// The setting must not be set, for this reason.
    Forbidden(&'static str),
    /// A rule that the code checks where it reads the setting.
    Rule(&'static str),
}

/// Line of the reference.
#[derive(Default)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) doc: String,
    /// Allowed values.
    pub(super) values: String,
    /// Range of a number, or the computed values, as a sentence.
    pub(super) range: Option<String>,
    pub(super) default: Option<String>,
    pub(super) default_in_words: &'static str,
    pub(super) example: String,
    pub(super) production: Option<String>,
    pub(super) is_secret: bool,
    /// Beginning of the names that end with a region or a topic.
    pub(super) stem: Option<String>,
}

/// A declaration of one or more settings.
pub(super) trait Declared {
    fn describe(&self) -> Vec<Description>;
}

/// Settings on one topic.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) introduction: &'static str,
    pub(super) settings: Vec<Description>,
}

impl Section {
    pub(super) fn new(title: &'static str, introduction: &'static str, settings: &[&dyn Declared]) -> Self {
        Self { title, introduction, settings: settings.iter().flat_map(|one| one.describe()).collect() }
    }
}

/// Declares the settings of a section, and the function that returns the section. The name of a static is the name of
/// its setting, and its doc comment is the documentation of the setting.
macro_rules! section {
    (
        $section_visibility:vis fn $section:ident = $title:literal $(, $introduction:literal)?;
        $($(#[doc = $doc:literal])+ $visibility:vis static $name:ident: $type:ty = $declaration:expr;)+
    ) => {
        $(
            $(#[doc = $doc])+
            $visibility static $name: $type = $declaration.named(stringify!($name), concat!($($doc),+));
        )+

        $section_visibility fn $section() -> $crate::config::variable::Section {
            $crate::config::variable::Section::new($title, concat!("" $(, $introduction)?), &[$(&$name),+])
        }
    };
}

pub(super) use section;

/// Setting with any text.
pub(super) const fn text() -> Variable<String> {
    Variable::new("text", |text, _| Ok(text.to_owned()))
}

/// Setting that can also be in the file that `{name}_FILE` names.
pub(super) const fn secret() -> Variable<SecretString> {
    let variable: Variable<SecretString> = Variable::new("text", |text, _| Ok(SecretString::from(text)));
    Variable { about: About { is_secret: true, ..variable.about }, ..variable }
}

pub(super) const fn flag() -> Variable<bool> {
    Variable::new("true or false", |text, about| match text {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(about.expected()),
    })
}

/// Setting with a whole number from `min` to `max`.
pub(super) const fn number<T: FromStr>(min: u64, max: u64) -> Variable<T> {
    Variable::new("", parse_number).values(Values::Number { min, max, unit: "" })
}

/// Setting with whole seconds from `min` to `max`.
pub(super) const fn seconds(min: u64, max: u64) -> Variable<u64> {
    Variable::new("", parse_number).values(Values::Number { min, max, unit: " seconds" })
}

/// Setting with a comma-separated list. `expected` describes the list in the error of an invalid item.
pub(super) const fn list<T: FromStr>(expected: &'static str) -> Variable<Vec<T>> {
    Variable::new(expected, |text, about| {
        about.unless_none(items(text).map(|item| item.parse().ok()).collect::<Option<_>>())
    })
}

/// Parts of a comma-separated list that are not empty.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn parse_number<T: FromStr>(text: &str, about: &About) -> Result<T, String> {
    let is_in_range = match about.values {
        Values::Number { min, max, .. } => text.parse().is_ok_and(|number: u64| (min..=max).contains(&number)),
        Values::Text(_) | Values::Computed(_) => true,
    };
    about.unless_none(text.parse().ok().filter(|_| is_in_range))
}

impl<T> Variable<T> {
    /// `expected` completes the sentence "expected …".
    pub(super) const fn new(expected: &'static str, parse: Parse<T>) -> Self {
        let about = About {
            name: "",
            doc: "",
            values: Values::Text(expected),
            default: "",
            example: "",
            production: Production::None,
            is_secret: false,
            has_variants: false,
        };
        Self { about, parse }
    }

    pub(super) const fn named(self, name: &'static str, doc: &'static str) -> Self {
        Self { about: About { name, doc, ..self.about }, ..self }
    }

    const fn values(self, values: Values) -> Self {
        Self { about: About { values, ..self.about }, ..self }
    }

    /// Replaces the expected values by computed ones.
    pub(super) const fn computed(self, expected: fn() -> String) -> Self {
        self.values(Values::Computed(expected))
    }

    pub(super) const fn example(self, example: &'static str) -> Self {
        Self { about: About { example, ..self.about }, ..self }
    }

    pub(super) const fn production(self, production: Production) -> Self {
        Self { about: About { production, ..self.about }, ..self }
    }

    pub(super) const fn with_variants(self) -> Self {
        Self { about: About { has_variants: true, ..self.about }, ..self }
    }

    /// Describes a default that depends on other settings or on the machine.
    pub(super) const fn default_in_words(self, default: &'static str) -> Self {
        Self { about: About { default, ..self.about }, ..self }
    }

    pub(super) const fn default(self, default: fn() -> T) -> WithDefault<T>
    where
        T: Display,
    {
        self.shown_default(default, T::to_string)
    }

    /// Sets a default, and how the reference shows it.
    pub(super) const fn shown_default(self, default: fn() -> T, show: fn(&T) -> String) -> WithDefault<T> {
        WithDefault { variable: self, default, show }
    }

    pub(super) const fn required(self) -> Required<T> {
        Required(self.default_in_words("none; required"))
    }

    pub(super) fn parse(&self, text: &str) -> Result<T, String> {
        (self.parse)(text, &self.about)
    }
}

impl<T> WithDefault<T> {
    pub(super) const fn named(self, name: &'static str, doc: &'static str) -> Self {
        Self { variable: self.variable.named(name, doc), ..self }
    }

    pub(super) fn default_value(&self) -> T {
        (self.default)()
    }
}

impl About {
    /// Error for a value that is not allowed.
    pub(super) fn expected(&self) -> String {
        format!("expected {}", self.allowed())
    }

    pub(super) fn unless_none<T>(&self, value: Option<T>) -> Result<T, String> {
        value.ok_or_else(|| self.expected())
    }

    fn allowed(&self) -> String {
        match self.values {
            Values::Text(text) => text.to_owned(),
            Values::Computed(text) => text(),
            Values::Number { min, max, .. } => format!("a whole number from {min} to {max}"),
        }
    }

    pub(super) fn description(&self, default: Option<String>) -> Description {
        let range = match self.values {
            Values::Number { min, max, unit } => Some(format!("From {min} to {max}{unit}.")),
            Values::Computed(text) => Some(format!("Allowed: {}.", text())),
            Values::Text(_) => None,
        };
        let production = match self.production {
            Production::None => None,
            Production::Required(why) => Some(format!("must be set: {why}")),
            Production::Forbidden(why) => Some(format!("must not be set: {why}")),
            Production::Rule(rule) => Some(rule.to_owned()),
        };
        Description {
            name: self.name.to_owned(),
            doc: self.doc.trim().to_owned(),
            values: match self.values {
                Values::Number { min, max, unit } => format!("{min} to {max}{unit}"),
                Values::Text(_) | Values::Computed(_) => self.allowed(),
            },
            range,
            default,
            default_in_words: self.default,
            example: self.example.to_owned(),
            production,
            is_secret: self.is_secret,
            stem: self.has_variants.then(|| self.name.to_owned()),
        }
    }
}

impl<T> Declared for Variable<T> {
    fn describe(&self) -> Vec<Description> {
        vec![self.about.description(None)]
    }
}

impl<T> Declared for WithDefault<T> {
    fn describe(&self) -> Vec<Description> {
        vec![self.about.description(Some((self.show)(&self.default_value())))]
    }
}

impl<T> Deref for Variable<T> {
    type Target = About;

    fn deref(&self) -> &About {
        &self.about
    }
}

impl<T> Required<T> {
    pub(super) const fn named(self, name: &'static str, doc: &'static str) -> Self {
        Self(self.0.named(name, doc))
    }
}

impl<T> Declared for Required<T> {
    fn describe(&self) -> Vec<Description> {
        self.0.describe()
    }
}

impl<T> Deref for Required<T> {
    type Target = Variable<T>;

    fn deref(&self) -> &Variable<T> {
        &self.0
    }
}

impl<T> Deref for WithDefault<T> {
    type Target = Variable<T>;

    fn deref(&self) -> &Variable<T> {
        &self.variable
    }
}

//! A small reader of environment variables that collects every problem instead of stopping at the first.

use secrecy::SecretString;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// The variables, and what was found wrong with them.
pub(super) struct Env {
    vars: HashMap<String, String>,
    problems: Vec<String>,
}

impl Env {
    /// An empty variable counts as one that is not set.
    pub(super) fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let vars = vars.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        Self { vars, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, name: &str, what: impl Display) {
        self.problems.push(format!("{name}: {what}"));
    }

    pub(super) fn into_problems(self) -> Vec<String> {
        self.problems
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.vars.get(name).map(|value| value.trim().to_owned())
    }

    /// Read by `read`, or `default` when not set. A value that cannot be read is a problem that names the variable.
    pub(super) fn read<T>(&mut self, name: &str, default: T, read: impl FnOnce(&str) -> Result<T, String>) -> T {
        let Some(text) = self.text(name) else { return default };
        match read(&text) {
            Ok(value) => value,
            Err(what) => {
                self.problem(name, what);
                default
            }
        }
    }

    /// A number between `least` and `most`.
    pub(super) fn number<T>(&mut self, name: &str, default: T, least: T, most: T) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let expected = format!("expected a whole number from {least} to {most}");
        self.read(name, default, |text| match text.parse::<T>() {
            Ok(value) if value >= least && value <= most => Ok(value),
            _ => Err(expected),
        })
    }

    /// Whole seconds between `least` and `most`.
    pub(super) fn seconds(&mut self, name: &str, default: Duration, least: u64, most: u64) -> Duration {
        Duration::from_secs(self.number(name, default.as_secs(), least, most))
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        self.read(name, default, |text| match text {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("expected true or false".to_owned()),
        })
    }

    /// A comma-separated list.
    pub(super) fn list<T: FromStr>(&mut self, name: &str, default: Vec<T>, expected: &str) -> Vec<T> {
        self.read(name, default, |text| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(|item| item.parse().map_err(|_| format!("expected {expected}"))).collect()
        })
    }

    /// What stands behind `prefix` in the names that are set, in order.
    pub(super) fn suffixes(&self, prefix: &str) -> Vec<String> {
        let mut found: Vec<_> =
            self.vars.keys().filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect();
        found.sort_unstable();
        found
    }

    /// A secret from the variable, or from the file that `{name}_FILE` names (Docker and Kubernetes secrets).
    pub(super) fn secret(&mut self, name: &str) -> Option<SecretString> {
        let file_name = format!("{name}_FILE");
        match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                self.problem(name, format!("give either {name} or {file_name}, not both"));
                None
            }
            (Some(value), None) => Some(SecretString::from(value)),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => Some(SecretString::from(text.trim().to_owned())),
                Err(error) => {
                    self.problem(&file_name, format!("cannot read {path}: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// What must be there; its absence is a problem.
    pub(super) fn required(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(name, "must be set");
            String::new()
        })
    }

    pub(super) fn required_secret(&mut self, name: &str) -> SecretString {
        let known = self.problems.len();
        self.secret(name).unwrap_or_else(|| {
            if self.problems.len() == known {
                self.problem(name, format!("must be set (or {name}_FILE)"));
            }
            SecretString::default()
        })
    }
}

//! Reader of environment variables. It collects all problems instead of stopping at the first one.

use super::problems::Problems;
use secrecy::SecretString;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// Variables, and the problems in them.
pub(super) struct Env {
    vars: HashMap<String, String>,
    problems: Problems,
    /// Files from which secrets were read: name of the setting, and path.
    secret_files: Vec<(String, String)>,
}

impl Env {
    /// Drops empty variables: they count as not set.
    pub(super) fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let vars = vars.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        Self { vars, problems: Problems::default(), secret_files: Vec::new() }
    }

    pub(super) fn problem(&mut self, name: &str, what: impl Display) {
        add(&mut self.problems.errors, name, what);
    }

    pub(super) fn warning(&mut self, name: &str, what: impl Display) {
        add(&mut self.problems.warnings, name, what);
    }

    pub(super) fn into_problems(self) -> Problems {
        self.problems
    }

    pub(super) fn secret_files(&self) -> &[(String, String)] {
        &self.secret_files
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.vars.get(name).map(|value| value.trim().to_owned())
    }

    /// Returns the value that `read` makes of the text, or `default` if the variable is not set. An invalid value
    /// becomes a problem that names the variable.
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

    /// Reads a whole number from `min` to `max`.
    pub(super) fn number<T>(&mut self, name: &str, default: T, min: T, max: T) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let expected = format!("expected a whole number from {min} to {max}");
        self.read(name, default, |text| match text.parse::<T>() {
            Ok(value) if value >= min && value <= max => Ok(value),
            _ => Err(expected),
        })
    }

    /// Reads whole seconds from `min` to `max`.
    pub(super) fn seconds(&mut self, name: &str, default: Duration, min: u64, max: u64) -> Duration {
        Duration::from_secs(self.number(name, default.as_secs(), min, max))
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        self.read(name, default, |text| match text {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("expected true or false".to_owned()),
        })
    }

    /// Reads a comma-separated list. `expected` describes it in the problem of an invalid item.
    pub(super) fn list<T: FromStr>(&mut self, name: &str, default: Vec<T>, expected: &str) -> Vec<T> {
        self.read(name, default, |text| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(|item| item.parse().map_err(|_| format!("expected {expected}"))).collect()
        })
    }

    /// Returns the sorted endings of all variable names that begin with `prefix`, without the variables that Kubernetes
    /// sets for a service.
    pub(super) fn suffixes(&self, prefix: &str) -> Vec<String> {
        let names = self.vars.keys().filter(|name| !is_injected(name));
        let mut found: Vec<_> = names.filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect();
        found.sort_unstable();
        found
    }

    /// Reads a secret from the variable, or from the file that `{name}_FILE` names (Docker and Kubernetes secrets).
    pub(super) fn secret(&mut self, name: &str) -> Option<SecretString> {
        let file_name = format!("{name}_FILE");
        match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                self.problem(name, format!("expected either {name} or {file_name}, not both"));
                None
            }
            (Some(value), None) => Some(SecretString::from(value)),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => {
                    self.secret_files.push((file_name, path));
                    Some(SecretString::from(text.trim().to_owned()))
                }
                Err(error) => {
                    self.problem(&file_name, format!("cannot read {path}: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// Returns the value. A missing variable is a problem.
    pub(super) fn required(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(name, "must be set");
            String::new()
        })
    }

    pub(super) fn required_secret(&mut self, name: &str) -> SecretString {
        let errors_before = self.problems.errors.len();
        self.secret(name).unwrap_or_else(|| {
            if self.problems.errors.len() == errors_before {
                self.problem(name, format!("must be set (or {name}_FILE)"));
            }
            SecretString::default()
        })
    }
}

/// Tells whether Kubernetes or Docker may have set the variable for a service: `REDIS_PORT_6379_TCP_ADDR`.
fn is_injected(name: &str) -> bool {
    name.ends_with("_PORT") || name.contains("_PORT_") || name.ends_with("_SERVICE_HOST")
}

fn add(lines: &mut Vec<String>, name: &str, what: impl Display) {
    let line = format!("{name}: {what}");
    // Two limits may share a setting.
    if !lines.contains(&line) {
        lines.push(line);
    }
}

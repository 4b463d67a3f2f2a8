//! Reader of environment variables. It collects all problems instead of stopping at the first one.

use super::mode::{APP_ENV, Mode};
use super::problems::Problems;
use super::text_file;
use super::urls::{self, BaseUrl};
use super::variable::{About, Production, Required, Variable, WithDefault};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;
use url::Url;

/// Variables, and the problems in them.
pub(super) struct Env {
    vars: HashMap<String, String>,
    mode: Mode,
    problems: Problems,
    /// Files from which secrets were read: name of the setting, and path.
    secret_files: Vec<(String, String)>,
    /// Names of all variables that were read.
    #[cfg(test)]
    pub(super) names_read: std::cell::RefCell<std::collections::BTreeSet<String>>,
}

impl Env {
    /// Drops empty variables: they count as not set.
    pub(super) fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut env = Self {
            vars: vars.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect(),
            mode: Mode::Development,
            problems: Problems::default(),
            secret_files: Vec::new(),
            #[cfg(test)]
            names_read: std::cell::RefCell::default(),
        };
        env.mode = env.get(&APP_ENV);
        env
    }

    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn is_production(&self) -> bool {
        self.mode == Mode::Production
    }

    /// Tells whether a setting has a problem so far.
    pub(super) fn has_problem(&self, name: &str) -> bool {
        let errors = &self.problems.errors;
        errors.iter().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(": ")))
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
        #[cfg(test)]
        self.names_read.borrow_mut().insert(name.to_owned());
        self.vars.get(name).map(|value| value.trim().to_owned())
    }

    /// Returns the value, or the default if the variable is not set. An invalid value becomes a problem, and the result
    /// is the default.
    pub(super) fn get<T>(&mut self, variable: &WithDefault<T>) -> T {
        self.optional(variable).unwrap_or_else(|| variable.default_value())
    }

    /// Returns the value, or `None` if the variable is not set. An invalid value becomes a problem.
    pub(super) fn optional<T>(&mut self, variable: &Variable<T>) -> Option<T> {
        let text = self.text(variable.name);
        self.apply_production_rule(variable, text.is_some());
        let value = variable.parse(&text?);
        value.map_err(|what| self.problem(variable.name, what)).ok()
    }

    /// Returns the value. A missing variable is a problem.
    pub(super) fn required<T: Default>(&mut self, variable: &Required<T>) -> T {
        let errors_before = self.problems.errors.len();
        let value = self.optional(variable);
        self.or_missing(value, variable.name, "must be set", errors_before).unwrap_or_default()
    }

    /// Reports a missing value, unless its problem has been reported since.
    fn or_missing<T>(&mut self, value: Option<T>, name: &str, what: &str, errors_before: usize) -> Option<T> {
        if value.is_none() && self.problems.errors.len() == errors_before {
            self.problem(name, what);
        }
        value
    }

    pub(super) fn seconds(&mut self, variable: &WithDefault<u64>) -> Duration {
        Duration::from_secs(self.get(variable))
    }

    /// Returns the URL. Production requires TLS.
    pub(super) fn url(&mut self, variable: &WithDefault<Url>) -> BaseUrl {
        self.optional_url(variable).unwrap_or_else(|| BaseUrl(variable.default_value()))
    }

    pub(super) fn optional_url(&mut self, variable: &Variable<Url>) -> Option<BaseUrl> {
        let url = self.optional(variable)?;
        if self.is_production() && url.scheme() != "https" {
            self.problem(variable.name, variable.expected());
        }
        Some(BaseUrl(url))
    }

    /// Returns the URL. A missing variable is a problem.
    pub(super) fn required_url(&mut self, variable: &Required<Url>) -> BaseUrl {
        let errors_before = self.problems.errors.len();
        let url = self.optional_url(variable);
        let what = format!("must be set: {}", variable.expected());
        self.or_missing(url, variable.name, &what, errors_before).unwrap_or_else(urls::missing)
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
    pub(super) fn secret(&mut self, variable: &Variable<SecretString>) -> Option<SecretString> {
        let (name, file_name) = (variable.name, format!("{}_FILE", variable.name));
        let (value, path) = (self.text(name), self.text(&file_name));
        self.apply_production_rule(variable, value.is_some() || path.is_some());
        match (value, path) {
            (Some(_), Some(_)) => {
                self.problem(name, format!("expected either {name} or {file_name}, not both"));
                None
            }
            (Some(value), None) => Some(SecretString::from(value)),
            (None, Some(path)) => self.secret_from_file(file_name, path),
            (None, None) => None,
        }
    }

    fn secret_from_file(&mut self, file_name: String, path: String) -> Option<SecretString> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => SecretString::from(text),
            Err(error) => {
                self.problem(&file_name, format!("cannot read {path}: {}", text_file::describe_error(&error)));
                return None;
            }
        };
        let secret = text_file::without_mark(text.expose_secret()).trim();
        if secret.is_empty() {
            self.problem(&file_name, format!("{path} is empty"));
        }
        self.secret_files.push((file_name, path));
        (!secret.is_empty()).then(|| SecretString::from(secret.to_owned()))
    }

    pub(super) fn required_secret(&mut self, variable: &Required<SecretString>) -> SecretString {
        let errors_before = self.problems.errors.len();
        let value = self.secret(variable);
        let what = format!("must be set (or {}_FILE)", variable.name);
        self.or_missing(value, variable.name, &what, errors_before).unwrap_or_default()
    }

    fn apply_production_rule(&mut self, about: &About, is_set: bool) {
        match about.production {
            Production::Required(why) if self.is_production() && !is_set => {
                self.problem(about.name, format!("must be set in production: {why}"));
            }
            Production::Forbidden(why) if self.is_production() && is_set => {
                self.problem(about.name, format!("must not be set in production: {why}"));
            }
            _ => {}
        }
    }
}

/// Tells whether Kubernetes or Docker may have set the variable for a service: `REDIS_PORT_6379_TCP_ADDR`.
fn is_injected(name: &str) -> bool {
    name.ends_with("_PORT") || name.contains("_PORT_") || name.ends_with("_SERVICE_HOST")
}

fn add(lines: &mut Vec<String>, name: &str, what: impl Display) {
    let line = format!("{name}: {what}");
    // Two limits may share a setting, and two providers the brand.
    if !lines.contains(&line) {
        lines.push(line);
    }
}

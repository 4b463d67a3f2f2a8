//! Development or production.

use super::variable::{Variable, WithDefault, flag, section, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Development,
    Production,
}

section! {
    pub(super) fn section = "Mode";
    /// Mode. development: SQLite, staging in memory, SMS on the console, keys that the first start creates. production:
    /// does not start with any of these.
    pub(super) static APP_ENV: WithDefault<Mode> =
        Variable::new("development or production", |text, about| match text {
            "development" => Ok(Mode::Development),
            "production" => Ok(Mode::Production),
            _ => Err(about.expected()),
        })
        .shown_default(|| Mode::Development, |mode| mode.name().to_owned());
    /// Development serves only this machine (BIND on a loopback address) and sends no real message
    /// (SMS_PROVIDERS=console). true: it does, in a closed test network. A captcha then has no bypass unless BIND is a
    /// loopback address.
    pub(super) static ALLOW_INSECURE_DEVELOPMENT: WithDefault<bool> = flag().default(|| false);
    /// Folder for the database, the keys and the outbox in development.
    pub(super) static DATA_DIR: WithDefault<String> = text().default(|| "data".to_owned());
}

impl Mode {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

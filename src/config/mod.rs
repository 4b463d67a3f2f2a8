//! Settings from the environment. They are typed, secrets are wrapped, and all problems are reported at once: errors,
//! with which the service does not start, and warnings.
//!
//! Only this module reads the environment. Each setting is declared once, next to the code that reads it.
//! `.env.example` and `docs/configuration.md` are generated from the declarations.

mod avatar;
mod captcha;
mod cors;
mod env;
mod exposure;
mod file;
mod hashing;
mod keys;
mod legal;
mod limits;
mod log;
mod mode;
mod names;
mod ownership;
mod pages;
mod policy;
mod problems;
mod proxies;
mod redis_url;
pub mod reference;
mod secret_files;
mod sections;
mod server;
pub mod sms;
mod stores;
mod test_phones;
mod text_file;
mod threads;
mod tokens;
mod transport;
mod urls;
mod variable;

pub use avatar::{AvatarSettings, QiniuSettings, S3Settings};
pub use captcha::CaptchaSettings;
pub use hashing::HashSettings;
pub use keys::KeySettings;
pub use log::LogSettings;
pub use mode::Mode;
pub use pages::DeletionPageSettings;
pub use problems::Problems;
pub use redis_url::{RedisAddress, RedisLogin, RedisUrl, Topology};
pub use server::{MetricsSettings, ServerSettings};
pub use stores::{DatabaseSettings, StagingSettings};
pub use tokens::TokenSettings;
pub use urls::BaseUrl;

use crate::domain::policy::Policy;
use env::Env;
use sms::SmsSettings;
use std::path::{Path, PathBuf};

/// All settings of the operator.
#[derive(Debug)]
pub struct Config {
    pub mode: Mode,
    /// Folder for the database, the keys and the outbox in development.
    pub data_folder: PathBuf,
    pub server: ServerSettings,
    pub metrics: MetricsSettings,
    pub log: LogSettings,
    pub database: DatabaseSettings,
    pub staging: StagingSettings,
    pub keys: KeySettings,
    pub token: TokenSettings,
    pub hashing: HashSettings,
    pub sms: SmsSettings,
    pub avatar: AvatarSettings,
    pub captcha: CaptchaSettings,
    /// `None`: no page for account deletion.
    pub deletion_page: Option<DeletionPageSettings>,
    /// Demo page. It shows codes.
    pub demo: bool,
    pub policy: Policy,
    /// Settings that work, but that the operator should check: a line for each, which names it.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads and validates the variables.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, Problems> {
        let (config, problems) = Self::read(vars);
        config.unless_errors(problems)
    }

    /// Reads and validates the variables. A setting with an error has its default, or is empty.
    fn read(vars: impl IntoIterator<Item = (String, String)>) -> (Self, Problems) {
        let mut env = Env::new(vars);
        let config = Self::read_from(&mut env);
        (config, env.into_problems())
    }

    fn read_from(env: &mut Env) -> Self {
        let data_folder = PathBuf::from(env.get(&mode::DATA_DIR));
        let server = server::read(env);
        let (captcha, captcha_policy) = captcha::read(env);
        let mut config = Self {
            mode: env.mode(),
            metrics: server::read_metrics(env, server.bind),
            server,
            log: log::read(env),
            database: stores::read_database(env, &data_folder),
            data_folder,
            staging: stores::read_staging(env),
            keys: keys::read(env),
            token: tokens::read(env),
            hashing: hashing::read(env),
            sms: sms::read(env),
            avatar: avatar::read(env),
            captcha,
            deletion_page: pages::read(env),
            demo: false,
            policy: policy::read(env, captcha_policy),
            warnings: Vec::new(),
        };
        let bind = config.server.bind;
        exposure::validate(env, bind, &config.sms.providers);
        config.demo = exposure::demo(env, bind, &config.sms.providers);
        let answer = &mut config.policy.captcha.bypass_answer;
        *answer = exposure::bypass(env, bind, answer.take());
        let policy = &config.policy;
        config.sms.validate(env, policy);
        secret_files::validate(env);
        names::validate(env);
        config
    }

    /// Reads the environment of the process, and the file `.env` in the working folder if it exists. The environment
    /// has priority.
    pub fn from_env() -> Result<Self, Problems> {
        Self::from_vars(variables()?)
    }

    /// Reads the environment like [`Config::from_env`]. `check` then validates the settings further; it gets the
    /// problems found so far, and adds its own. All are reported at once.
    pub fn from_env_checked(check: impl FnOnce(&Self, &mut Problems)) -> Result<Self, Problems> {
        let (config, mut problems) = Self::read(variables()?);
        check(&config, &mut problems);
        config.unless_errors(problems)
    }

    fn unless_errors(self, problems: Problems) -> Result<Self, Problems> {
        if problems.errors.is_empty() { Ok(Self { warnings: problems.warnings, ..self }) } else { Err(problems) }
    }
}

fn variables() -> Result<Vec<(String, String)>, Problems> {
    let mut vars = file::read(Path::new(".env"))?;
    #[expect(clippy::disallowed_methods, reason = "this is the place where the environment is read")]
    let environment = std::env::vars_os();
    // Variables that are not text belong to other programs and are ignored.
    vars.extend(environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))));
    Ok(vars)
}

#[cfg(test)]
mod tests;

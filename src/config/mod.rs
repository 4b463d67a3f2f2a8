//! Settings from the environment. They are typed, secrets are wrapped, and all problems are reported at once: errors,
//! with which the service does not start, and warnings.
//!
//! Only this module reads the environment. `.env.example` documents every variable in the same order.

mod avatar;
mod captcha;
mod env;
mod exposure;
mod file;
mod hashing;
mod legal;
mod master_key;
mod mode;
mod names;
mod policy;
mod problems;
mod proxies;
mod public_urls;
mod secret_files;
mod sms;
mod test_phones;
mod threads;
mod transport;

pub use avatar::{AvatarSettings, QiniuSettings, S3Settings};
pub use captcha::CaptchaSettings;
pub use hashing::HashSettings;
pub use master_key::MasterKey;
pub use mode::Mode;
pub use problems::Problems;
pub use sms::{
    AliyunSettings, CloopenSettings, ProviderSettings, SmsSettings, TencentAccess, TencentSettings, TwilioSender,
    TwilioSettings, WebhookSettings,
};

use crate::domain::policy::Policy;
use env::Env;
use ipnet::IpNet;
use secrecy::SecretString;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use threads::{MAX_THREADS, cores};
use tracing_subscriber::EnvFilter;

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
    pub policy: Policy,
    /// Settings that work, but that the operator should check: a line for each, which names it.
    pub warnings: Vec<String>,
}

#[derive(Debug)]
pub struct ServerSettings {
    pub bind: SocketAddr,
    pub workers: usize,
    pub trusted_proxies: Vec<IpNet>,
    /// Maximum number of connections; `None`: as many as the file descriptors allow.
    pub max_connections: Option<usize>,
    /// Maximum number of connections of one IP block that is not a trusted proxy.
    pub max_connections_per_peer: usize,
    /// Viewer of the OpenAPI document at `/docs`.
    pub docs: bool,
    /// Time for requests in flight and messages after SIGTERM or SIGINT.
    pub shutdown: Duration,
}

#[derive(Debug)]
pub struct MetricsSettings {
    /// `None`: no metrics.
    pub bind: Option<SocketAddr>,
    /// Set by the operator: the service does not start if the address is not available.
    pub explicit: bool,
}

#[derive(Debug)]
pub struct LogSettings {
    /// `tracing` directives: `info`, `doorstep=debug,info`.
    pub filter: String,
    pub json: bool,
}

pub struct DatabaseSettings {
    /// May contain a password.
    pub url: SecretString,
    pub connections: u32,
    pub migrate_on_start: bool,
}

#[derive(Debug)]
pub enum StagingSettings {
    Memory,
    Redis { url: SecretString },
}

#[derive(Debug)]
pub enum KeySettings {
    /// Created at the first start and stored in the data folder. Development only.
    Generated,
    Given {
        secret_key: Box<MasterKey>,
        jwt_keys: SecretString,
    },
}

#[derive(Debug)]
pub struct TokenSettings {
    pub issuer: String,
    pub audience: String,
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
        let mode = env.read("APP_ENV", Mode::Development, |text| match text {
            "development" => Ok(Mode::Development),
            "production" => Ok(Mode::Production),
            _ => Err("expected development or production".to_owned()),
        });
        let folder = PathBuf::from(env.text("DATA_DIR").unwrap_or_else(|| "data".to_owned()));
        let (captcha, captcha_policy) = captcha::read(&mut env, mode);
        let mut config = Self {
            mode,
            data_folder: folder.clone(),
            server: server(&mut env, mode),
            metrics: metrics(&mut env, mode),
            log: log(&mut env, mode),
            database: database(&mut env, mode, &folder),
            staging: staging(&mut env, mode),
            keys: keys(&mut env, mode),
            token: TokenSettings {
                issuer: env.text("TOKEN_ISSUER").unwrap_or_else(|| "doorstep".to_owned()),
                audience: env.text("TOKEN_AUDIENCE").unwrap_or_else(|| "doorstep".to_owned()),
            },
            hashing: hashing::read(&mut env),
            sms: sms::read(&mut env, mode, &folder),
            avatar: avatar::read(&mut env, mode),
            captcha,
            policy: policy::read(&mut env, mode, captcha_policy),
            warnings: Vec::new(),
        };
        let bind = config.server.bind;
        exposure::validate(&mut env, mode, bind, &config.sms.providers);
        let answer = &mut config.policy.captcha.bypass_answer;
        *answer = exposure::bypass(&mut env, bind, answer.take());
        if config.metrics.bind.is_some_and(|bind| bind == config.server.bind && bind.port() != 0) {
            env.problem("METRICS_BIND", "expected another address than BIND: the internet must not reach the metrics");
        }
        config.policy.max_send_duration = config.sms.max_send_duration();
        let policy = &config.policy;
        config.sms.validate(&mut env, &policy.regions, &policy.apps, &policy.limits.cooldowns.0);
        secret_files::validate(&mut env, mode);
        names::validate(&mut env);
        (config, env.into_problems())
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

impl DatabaseSettings {
    #[must_use]
    pub fn engine(&self) -> &str {
        scheme(&self.url)
    }
}

impl StagingSettings {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis { .. } => "redis",
        }
    }
}

fn server(env: &mut Env, mode: Mode) -> ServerSettings {
    ServerSettings {
        bind: env.read("BIND", SocketAddr::from(([127, 0, 0, 1], 8080)), |text| {
            text.parse().map_err(|_| "expected an IP address and a port, like 127.0.0.1:8080".to_owned())
        }),
        workers: env.number("WORKERS", cores(), NonZeroUsize::MIN, MAX_THREADS).get(),
        trusted_proxies: proxies::read(env),
        max_connections: max_connections(env),
        max_connections_per_peer: env.number("MAX_CONNECTIONS_PER_PEER", CONNECTIONS_PER_PEER, 1, MAX_CONNECTIONS),
        docs: env.flag("DOCS", mode == Mode::Development),
        shutdown: env.seconds("SHUTDOWN_SECONDS", Duration::from_secs(30), 1, 3_600),
    }
}

/// Maximum of the settings for connections: the largest number of descriptors that Linux allows by default
/// (`fs.nr_open`).
const MAX_CONNECTIONS: usize = 1_048_576;
/// Default for the connections of one peer. A carrier that shares an IPv4 address among 64 subscribers (1,008 ports
/// each) needs 384 for the six connections that a browser opens to one host; 1,000 leave room.
const CONNECTIONS_PER_PEER: usize = 1_000;

fn max_connections(env: &mut Env) -> Option<usize> {
    env.text("MAX_CONNECTIONS").map(|_| env.number("MAX_CONNECTIONS", MAX_CONNECTIONS, 1, MAX_CONNECTIONS))
}

/// Metrics are for the operator only. In production the operator must set their address.
fn metrics(env: &mut Env, mode: Mode) -> MetricsSettings {
    let default = (mode == Mode::Development).then(|| SocketAddr::from(([127, 0, 0, 1], 9464)));
    let bind = env.read("METRICS_BIND", default, |text| match text {
        "off" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| "expected off, or IP and port, like 127.0.0.1:9464".to_owned()),
    });
    MetricsSettings { bind, explicit: env.text("METRICS_BIND").is_some() }
}

/// Default filter. The HTTP library logs an error for each request of a port scanner that is not HTTP.
const LOG_FILTER: &str = "info,actix_server=warn,actix_http=off";

fn log(env: &mut Env, mode: Mode) -> LogSettings {
    LogSettings {
        filter: env.read("LOG", LOG_FILTER.to_owned(), |text| match EnvFilter::try_new(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("expected a log level, or a level for each module, like doorstep=debug,info".to_owned()),
        }),
        json: env.read("LOG_FORMAT", mode == Mode::Production, |text| match text {
            "json" => Ok(true),
            "text" => Ok(false),
            _ => Err("expected json or text".to_owned()),
        }),
    }
}

fn database(env: &mut Env, mode: Mode, folder: &Path) -> DatabaseSettings {
    let given = env.secret("DATABASE_URL");
    let sqlite = given.as_ref().is_none_or(|url| scheme(url) == "sqlite");
    if mode == Mode::Production && sqlite {
        env.problem("DATABASE_URL", "expected a postgres:// URL in production: SQLite is one file on one machine");
    }
    if given.as_ref().is_some_and(|url| !["sqlite", "postgres", "postgresql"].contains(&scheme(url))) {
        env.problem("DATABASE_URL", "expected sqlite://path or postgres://user:password@host/database");
    }
    given.iter().for_each(|url| transport::validate_database(env, url));
    let default = format!("sqlite://{}", folder.join("doorstep.sqlite3").display());
    DatabaseSettings {
        url: given.unwrap_or_else(|| SecretString::from(default)),
        connections: env.number("DATABASE_CONNECTIONS", 8, 1, 1_000),
        migrate_on_start: env.flag("MIGRATE_ON_START", sqlite),
    }
}

fn staging(env: &mut Env, mode: Mode) -> StagingSettings {
    match env.secret("REDIS_URL") {
        Some(url) => {
            if !["redis", "rediss"].contains(&scheme(&url)) {
                env.problem("REDIS_URL", "expected a redis:// or rediss:// URL");
            }
            transport::validate_redis(env, &url);
            StagingSettings::Redis { url }
        }
        None => {
            if mode == Mode::Production {
                env.problem("REDIS_URL", "must be set in production: staging in memory is lost when the process ends");
            }
            StagingSettings::Memory
        }
    }
}

fn scheme(url: &SecretString) -> &str {
    use secrecy::ExposeSecret;
    url.expose_secret().split_once("://").map_or("", |(scheme, _)| scheme)
}

fn keys(env: &mut Env, mode: Mode) -> KeySettings {
    let (secret_key, jwt_keys) = (env.secret("SECRET_KEY"), env.secret("JWT_KEYS"));
    if mode == Mode::Development && secret_key.is_none() && jwt_keys.is_none() {
        return KeySettings::Generated;
    }
    let mut missing =
        |name: &str, command: &str| env.problem(name, format!("must be set (or {name}_FILE): `{command}` creates one"));
    if secret_key.is_none() {
        missing("SECRET_KEY", "doorstep keygen --secret-key");
    }
    if jwt_keys.is_none() {
        missing("JWT_KEYS", "doorstep keygen");
    }
    let master = secret_key.and_then(|text| {
        MasterKey::parse(&text).or_else(|| {
            env.problem(
                "SECRET_KEY",
                "expected 32 random bytes in base64url: `doorstep keygen --secret-key` creates them",
            );
            None
        })
    });
    KeySettings::Given {
        secret_key: Box::new(master.unwrap_or(MasterKey([0; 32]))),
        jwt_keys: jwt_keys.unwrap_or_default(),
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("engine", &self.engine())
            .field("connections", &self.connections)
            .field("migrate_on_start", &self.migrate_on_start)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

//! Database and staging.

use super::env::Env;
use super::redis_url::RedisUrl;
use super::transport;
use super::variable::Production::{Required, Rule};
use super::variable::{Variable, WithDefault, flag, number, secret, section};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::Path;

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

section! {
    pub(super) fn database = "Users: SQLite or PostgreSQL";
    /// sqlite://path or postgres://user:password@host:5432/database?sslmode=require. Several hosts (host1,host2) mean the
    /// one that accepts writes. A connection to another machine without sslmode=require or better is a warning.
    static DATABASE_URL: Variable<SecretString> = secret()
        .example("sqlite://data/doorstep.sqlite3")
        .default_in_words("the file doorstep.sqlite3 in DATA_DIR")
        .production(Rule("must be a postgres:// URL"));
    /// Connections of this process.
    static DATABASE_CONNECTIONS: WithDefault<u32> = number(1, 1_000).default(|| 8);
    /// Run the migrations at the start. Any number of replicas may start together; no replica starts while PostgreSQL
    /// is down. By hand: `doorstep migrate`.
    static MIGRATE_ON_START: Variable<bool> =
        flag().example("true").default_in_words("on for SQLite, off for PostgreSQL");
}

section! {
    pub(super) fn staging = "Staging: Redis or memory";
    /// redis://host:6379/0 or rediss://user:password@host:6380 (TLS). With Sentinel: redis+sentinel://host1,host2/name,
    /// and for a login at the sentinels ?sentinel_user=…&sentinel_password=…. With Redis Cluster:
    /// redis+cluster://host1,host2. Both exist with rediss, too. A password without TLS to another machine is a warning.
    static REDIS_URL: Variable<SecretString> = secret()
        .default_in_words("staging in memory")
        .production(Required("staging in memory is lost when the process ends"));
}

pub(super) fn read_database(env: &mut Env, folder: &Path) -> DatabaseSettings {
    let given = env.secret(&DATABASE_URL);
    let sqlite = given.as_ref().is_none_or(|url| scheme(url) == "sqlite");
    if env.is_production() && sqlite {
        let what = "expected a postgres:// URL in production: SQLite is one file on one machine";
        env.problem(DATABASE_URL.name, what);
    }
    if given.as_ref().is_some_and(|url| !["sqlite", "postgres", "postgresql"].contains(&scheme(url))) {
        env.problem(DATABASE_URL.name, "expected sqlite://path or postgres://user:password@host/database");
    }
    given.iter().for_each(|url| transport::validate_database(env, url));
    let default = format!("sqlite://{}", folder.join("doorstep.sqlite3").display());
    DatabaseSettings {
        url: given.unwrap_or_else(|| SecretString::from(default)),
        connections: env.get(&DATABASE_CONNECTIONS),
        migrate_on_start: env.optional(&MIGRATE_ON_START).unwrap_or(sqlite),
    }
}

pub(super) fn read_staging(env: &mut Env) -> StagingSettings {
    let Some(url) = env.secret(&REDIS_URL) else { return StagingSettings::Memory };
    if let Err(problem) = RedisUrl::parse(url.expose_secret()) {
        env.problem(REDIS_URL.name, &problem);
    }
    transport::validate_redis(env, &url);
    StagingSettings::Redis { url }
}

fn scheme(url: &SecretString) -> &str {
    url.expose_secret().split_once("://").map_or("", |(scheme, _)| scheme)
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

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("engine", &self.engine())
            .field("connections", &self.connections)
            .field("migrate_on_start", &self.migrate_on_start)
            .finish_non_exhaustive()
    }
}

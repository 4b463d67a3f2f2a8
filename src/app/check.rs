//! Checks of the settings that need the adapters or the clock.

use super::{avatar, keys};
use crate::adapters::database::Database;
use crate::adapters::staging::redis::RedisStaging;
use crate::config::{Config, KeySettings, Mode, Problems, StagingSettings};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

/// Validates what only the adapters and the clock can: the form of keys and URLs, and last days in the far future.
/// Opens no connection and writes nothing.
pub fn check(config: &Config, now: DateTime<Utc>) -> Result<(), Problems> {
    let mut problems = Vec::new();
    if config.mode == Mode::Production && config.policy.test_phones.any_lasts_over_a_year(now) {
        problems.push("TEST_PHONES: expected last days within a year in production".to_owned());
    }
    if let Err(error) = Database::check(config.database.url.expose_secret()) {
        problems.push(format!("DATABASE_URL: {error}"));
    }
    if let StagingSettings::Redis { url } = &config.staging
        && let Err(error) = RedisStaging::connect(url.expose_secret(), 1)
    {
        problems.push(format!("REDIS_URL: {error}"));
    }
    if let KeySettings::Given { jwt_keys, .. } = &config.keys
        && let Err(error) = keys::given(jwt_keys, &config.token)
    {
        problems.push(format!("JWT_KEYS: {error}"));
    }
    if let Err(error) = avatar::storage(&config.avatar) {
        problems.push(format!("AVATAR_S3_BUCKET: {error}"));
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

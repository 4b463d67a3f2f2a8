//! Checks of the settings that need the adapters or the clock.

use super::{avatar, keys};
use crate::adapters::database::Database;
use crate::adapters::staging::redis::RedisStaging;
use crate::config::{Config, KeySettings, Mode, Problems, StagingSettings};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use std::fmt::Display;

/// Validates what only the adapters and the clock can: the form of keys and URLs, and last days in the far future.
/// Opens no connection and writes nothing. Adds to `problems`; a setting that has an error there gets no second one.
pub fn check(config: &Config, now: DateTime<Utc>, problems: &mut Problems) {
    let mut add = |prefix: &str, name: &str, error: &dyn Display| {
        if !problems.has_error_of(prefix) {
            problems.errors.push(format!("{name}: {error}"));
        }
    };
    if config.mode == Mode::Production && config.policy.test_phones.any_lasts_over_a_year(now) {
        add("TEST_PHONES", "TEST_PHONES", &"expected last days within a year in production");
    }
    if let Err(error) = Database::check(config.database.url.expose_secret()) {
        add("DATABASE_URL", "DATABASE_URL", &error);
    }
    if let StagingSettings::Redis { url } = &config.staging
        && let Err(error) = RedisStaging::connect(url.expose_secret(), 1)
    {
        add("REDIS_URL", "REDIS_URL", &error);
    }
    if let KeySettings::Given { jwt_keys, .. } = &config.keys
        && let Err(error) = keys::given(jwt_keys, &config.token)
    {
        add("JWT_KEYS", "JWT_KEYS", &error);
    }
    // The storage needs all its settings.
    if let Err(error) = avatar::storage(&config.avatar) {
        add("AVATAR_", "AVATAR_S3_BUCKET", &error);
    }
}

//! Settings that every provider with an HTTP API has.

use crate::config::env::Env;
use crate::config::mode::Mode;
use std::time::Duration;
use url::Url;

/// Timeout of one provider, or the common timeout if it has none.
pub(super) fn timeout(env: &mut Env, name: &str) -> Duration {
    let common = env.seconds("SMS_TIMEOUT_SECONDS", Duration::from_secs(5), 1, 30);
    env.seconds(name, common, 1, 30)
}

/// Reads the base URL of a provider. Production requires TLS. `check-config` prints the URL, so that it must not
/// contain a password.
pub(super) fn base_url(env: &mut Env, mode: Mode, name: &str, default: &str) -> String {
    let text = env.text(name).unwrap_or_else(|| default.to_owned());
    match Url::parse(&text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            env.problem(name, "expected a URL without user and password");
        }
        Ok(url) if url.scheme() == "https" && url.has_host() => {}
        Ok(url) if url.scheme() == "http" && url.has_host() && mode == Mode::Development => {}
        _ => env.problem(name, "expected an https:// URL (http:// is allowed in development)"),
    }
    text
}

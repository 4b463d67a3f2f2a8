//! Access tokens and sessions.

use super::env::Env;
use super::variable::Production::Rule;
use super::variable::{Variable, WithDefault, items, number, seconds, section, text};
use crate::domain::dpop::PublicUrls;
use crate::domain::policy::SessionPolicy;
use std::time::Duration;

#[derive(Debug)]
pub struct TokenSettings {
    pub issuer: String,
    pub audience: String,
}

section! {
    pub(super) fn section = "Tokens";
    /// The claim `iss` of access tokens.
    static TOKEN_ISSUER: WithDefault<String> = text().default(|| "doorstep".to_owned());
    /// The claim `aud` of access tokens.
    static TOKEN_AUDIENCE: WithDefault<String> = text().default(|| "doorstep".to_owned());
    /// Lifetime of an access token.
    static ACCESS_TOKEN_SECONDS: WithDefault<u64> =
        seconds(60, 3_600).default(|| SessionPolicy::default().access_ttl.as_secs());
    /// A session ends after this time without a refresh, days.
    static SESSION_IDLE_DAYS: WithDefault<u64> =
        number(1, 365).default(|| SessionPolicy::default().idle.as_secs() / DAY);
    /// A session ends after this time in any case, days. It is not shorter than SESSION_IDLE_DAYS.
    static SESSION_ABSOLUTE_DAYS: WithDefault<u64> =
        number(1, 3_650).default(|| SessionPolicy::default().absolute.as_secs() / DAY);
    /// A device that lost a response may send the same refresh token again within this time. Later the token counts as
    /// replayed. Replays in three generations in a row end the session; two do, if one is from another IP block. 0
    /// counts every repetition as a replay.
    static REFRESH_RETRY_SECONDS: WithDefault<u64> =
        seconds(0, 3_600).default(|| SessionPolicy::default().retry.as_secs());
    /// URLs by which clients reach doorstep, with their path prefix, separated by commas. With them an app can bind its
    /// refresh token to a key of the device (DPoP), and a copy of the token is worth nothing. Without them DPoP is off:
    /// proofs are ignored. Keep a URL while apps use it: without it their bound sessions cannot refresh.
    pub(super) static PUBLIC_URLS: Variable<PublicUrls> = Variable::new(
        "https:// URLs without user, query and fragment, like https://api.example.com/auth",
        |text, about| {
            let mut urls = PublicUrls::default();
            for url in items(text) {
                urls.add(url).map_err(|_| about.expected())?;
            }
            Ok(urls)
        },
    )
    .example("https://api.example.com,https://example.com/auth")
    .production(Rule("https only"));
}

const DAY: u64 = 86_400;

pub(super) fn read(env: &mut Env) -> TokenSettings {
    TokenSettings { issuer: env.get(&TOKEN_ISSUER), audience: env.get(&TOKEN_AUDIENCE) }
}

pub(super) fn read_sessions(env: &mut Env) -> SessionPolicy {
    let mut days = |variable| Duration::from_secs(env.get(variable) * DAY);
    let (idle, absolute) = (days(&SESSION_IDLE_DAYS), days(&SESSION_ABSOLUTE_DAYS));
    if idle > absolute {
        env.problem(SESSION_IDLE_DAYS.name, "is longer than SESSION_ABSOLUTE_DAYS");
    }
    SessionPolicy {
        retry: env.seconds(&REFRESH_RETRY_SECONDS),
        access_ttl: env.seconds(&ACCESS_TOKEN_SECONDS),
        idle,
        absolute,
        ..SessionPolicy::default()
    }
}

pub(super) fn read_public_urls(env: &mut Env) -> PublicUrls {
    let urls = env.optional(&PUBLIC_URLS).unwrap_or_default();
    // Without TLS everybody on the way reads the tokens.
    if env.is_production() && !urls.are_https() {
        env.problem(PUBLIC_URLS.name, PUBLIC_URLS.expected());
    }
    urls
}

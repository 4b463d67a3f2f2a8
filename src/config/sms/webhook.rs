//! Webhook: a program of the operator that sends the messages.

use super::common::{Common, own_timeout, timeout};
use crate::config::env::Env;
use crate::config::urls::base_url;
use crate::config::variable::{Required, Variable, secret, section};
use crate::domain::webhook::WebhookSecret;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::time::Duration;
use url::{Position, Url};

pub const NAME: &str = "webhook";

/// URL and secret of the webhook.
#[derive(Debug, Clone)]
pub struct Settings {
    pub url: WebhookUrl,
    /// Secret of Standard Webhooks.
    pub secret: SecretString,
    /// Timeout of a whole request.
    pub timeout: Duration,
}

/// URL of the webhook. It is printed without path and query, because some webhooks expect their password there.
#[derive(Clone)]
pub struct WebhookUrl(pub Url);

section! {
    pub(super) fn section = "SMS: webhook",
        "Your own program, called according to Standard Webhooks (https://www.standardwebhooks.com).";
    /// URL of your program.
    static SMS_WEBHOOK_URL: Required<Url> = base_url().required();
    /// whsec_ and 24 to 64 random bytes in base64: echo "whsec_$(openssl rand -base64 32)"
    static SMS_WEBHOOK_SECRET: Required<SecretString> = secret().required();
    /// Timeout of a whole request.
    static SMS_WEBHOOK_TIMEOUT_SECONDS: Variable<u64> = own_timeout();
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the user, either.
        let server = &self.0[Position::BeforeHost..Position::BeforePath];
        write!(f, "\"{}://{server}\" and a path", self.0.scheme())
    }
}

pub(super) fn read(env: &mut Env) -> Settings {
    Settings {
        url: WebhookUrl(env.required_url(&SMS_WEBHOOK_URL).0),
        secret: read_secret(env),
        timeout: timeout(env, &SMS_WEBHOOK_TIMEOUT_SECONDS),
    }
}

fn read_secret(env: &mut Env) -> SecretString {
    let secret = env.required_secret(&SMS_WEBHOOK_SECRET);
    let text = secret.expose_secret();
    if !text.is_empty() && WebhookSecret::parse(text).is_none() {
        env.problem(SMS_WEBHOOK_SECRET.name, "expected whsec_ and 24 to 64 random bytes in base64");
    }
    secret
}

impl Common for Settings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_not_printed() {
        let printed = |url: &str| format!("{:?}", WebhookUrl(url.parse().unwrap()));
        for url in
            ["https://sms.example.com/", "https://sms.example.com/hush?token=hush", "https://u:hush@sms.example.com"]
        {
            assert_eq!(printed(url), "\"https://sms.example.com\" and a path");
        }
        assert_eq!(printed("http://127.0.0.1:81/hush#hush"), "\"http://127.0.0.1:81\" and a path");
    }
}

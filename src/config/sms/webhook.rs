//! Webhook: a program of the operator that sends the messages.

use super::http::{base_url, timeout};
use crate::config::env::Env;
use crate::config::mode::Mode;
use crate::domain::webhook::WebhookSecret;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::time::Duration;
use url::{Position, Url};

#[derive(Debug)]
pub struct WebhookSettings {
    pub url: WebhookUrl,
    pub secret: SecretString,
    pub timeout: Duration,
}

/// URL of the webhook. It is printed without path and query, because some webhooks expect their password there.
pub struct WebhookUrl(pub String);

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the user, either.
        let server = |url: Url| format!("{}://{}", url.scheme(), &url[Position::BeforeHost..Position::BeforePath]);
        write!(f, "{:?} and a path", Url::parse(&self.0).map(server).unwrap_or_default())
    }
}

pub(super) fn read(env: &mut Env, mode: Mode) -> WebhookSettings {
    env.required("SMS_WEBHOOK_URL");
    WebhookSettings {
        // The default is a valid URL, so that a missing URL is reported once.
        url: WebhookUrl(base_url(env, mode, "SMS_WEBHOOK_URL", "https://webhook.invalid")),
        secret: secret(env),
        timeout: timeout(env, "SMS_WEBHOOK_TIMEOUT_SECONDS"),
    }
}

fn secret(env: &mut Env) -> SecretString {
    let secret = env.required_secret("SMS_WEBHOOK_SECRET");
    let text = secret.expose_secret();
    if !text.is_empty() && WebhookSecret::parse(text).is_none() {
        env.problem("SMS_WEBHOOK_SECRET", "expected whsec_ and 24 to 64 random bytes in base64");
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_not_printed() {
        let printed = |url: &str| format!("{:?}", WebhookUrl(url.to_owned()));
        for url in
            ["https://sms.example.com/", "https://sms.example.com/hush?token=hush", "https://u:hush@sms.example.com"]
        {
            assert_eq!(printed(url), "\"https://sms.example.com\" and a path");
        }
        assert_eq!(printed("http://127.0.0.1:81/hush#hush"), "\"http://127.0.0.1:81\" and a path");
        assert_eq!(printed("hush"), "\"\" and a path");
    }
}

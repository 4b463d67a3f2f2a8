//! Twilio.

use super::common::{Common, own_timeout, timeout};
use crate::config::env::Env;
use crate::config::urls::{BaseUrl, base_url, constant};
use crate::config::variable::{Required, Variable, WithDefault, secret, section, text};
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

pub const NAME: &str = "twilio";

/// Account that pays for the messages, and their sender.
#[derive(Debug, Clone)]
pub struct Settings {
    pub base_url: BaseUrl,
    /// `AC…`
    pub account_sid: String,
    /// `SK…` of an API key, or the SID of the account.
    pub key_sid: String,
    /// Secret of the API key, or the auth token of the account.
    pub key_secret: SecretString,
    pub sender: Sender,
    /// Timeout of a whole request.
    pub timeout: Duration,
}

#[derive(Debug, Clone)]
pub enum Sender {
    /// A number in E.164, a short code, or an alphanumeric sender in countries that allow it.
    From(String),
    /// `MG…` of a messaging service: Twilio chooses among its numbers.
    Service(String),
}

section! {
    pub(super) fn section = "SMS: Twilio";
    /// URL of the API.
    static SMS_TWILIO_BASE_URL: WithDefault<Url> = base_url().default_url(|| constant("https://api.twilio.com"));
    /// SID of the account (AC...).
    static SMS_TWILIO_ACCOUNT_SID: Required<String> = text().required();
    /// SID of an API key (SK...). To use the auth token of the account, leave this unset.
    static SMS_TWILIO_KEY_SID: Variable<String> = text().default_in_words("SMS_TWILIO_ACCOUNT_SID");
    /// Secret of the API key, or the auth token of the account.
    static SMS_TWILIO_KEY_SECRET: Required<SecretString> = secret().required();
    /// Sender: a number, a short code or letters. Set either this or SMS_TWILIO_MESSAGING_SERVICE_SID.
    static SMS_TWILIO_FROM: Variable<String> = text();
    /// Sender: a messaging service (MG...), which chooses by country.
    static SMS_TWILIO_MESSAGING_SERVICE_SID: Variable<String> = text();
    /// Timeout of a whole request.
    static SMS_TWILIO_TIMEOUT_SECONDS: Variable<u64> = own_timeout();
}

pub(super) fn read(env: &mut Env) -> Settings {
    let account_sid = env.required(&SMS_TWILIO_ACCOUNT_SID);
    Settings {
        base_url: env.url(&SMS_TWILIO_BASE_URL),
        key_sid: env.optional(&SMS_TWILIO_KEY_SID).unwrap_or_else(|| account_sid.clone()),
        key_secret: env.required_secret(&SMS_TWILIO_KEY_SECRET),
        sender: sender(env),
        timeout: timeout(env, &SMS_TWILIO_TIMEOUT_SECONDS),
        account_sid,
    }
}

fn sender(env: &mut Env) -> Sender {
    match (env.optional(&SMS_TWILIO_FROM), env.optional(&SMS_TWILIO_MESSAGING_SERVICE_SID)) {
        (Some(from), None) => Sender::From(from),
        (None, Some(sid)) => Sender::Service(sid),
        _ => {
            env.problem(SMS_TWILIO_FROM.name, "expected either this or SMS_TWILIO_MESSAGING_SERVICE_SID");
            Sender::From(String::new())
        }
    }
}

impl Common for Settings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

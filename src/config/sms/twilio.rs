//! Twilio.

use super::http::{base_url, timeout};
use crate::config::env::Env;
use crate::config::mode::Mode;
use secrecy::SecretString;
use std::time::Duration;

#[derive(Debug)]
pub struct TwilioSettings {
    pub base_url: String,
    pub account_sid: String,
    pub key_sid: String,
    pub key_secret: SecretString,
    pub sender: TwilioSender,
    pub timeout: Duration,
}

#[derive(Debug)]
pub enum TwilioSender {
    From(String),
    /// SID of a messaging service.
    Service(String),
}

pub(super) fn read(env: &mut Env, mode: Mode) -> TwilioSettings {
    let account_sid = env.required("SMS_TWILIO_ACCOUNT_SID");
    TwilioSettings {
        base_url: base_url(env, mode, "SMS_TWILIO_BASE_URL", "https://api.twilio.com"),
        key_sid: env.text("SMS_TWILIO_KEY_SID").unwrap_or_else(|| account_sid.clone()),
        key_secret: env.required_secret("SMS_TWILIO_KEY_SECRET"),
        sender: sender(env),
        timeout: timeout(env, "SMS_TWILIO_TIMEOUT_SECONDS"),
        account_sid,
    }
}

fn sender(env: &mut Env) -> TwilioSender {
    match (env.text("SMS_TWILIO_FROM"), env.text("SMS_TWILIO_MESSAGING_SERVICE_SID")) {
        (Some(from), None) => TwilioSender::From(from),
        (None, Some(sid)) => TwilioSender::Service(sid),
        _ => {
            env.problem("SMS_TWILIO_FROM", "expected either this or SMS_TWILIO_MESSAGING_SERVICE_SID");
            TwilioSender::From(String::new())
        }
    }
}

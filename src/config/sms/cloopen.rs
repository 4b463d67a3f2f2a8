//! Cloopen (Yuntongxun).

use super::http::{base_url, timeout};
use super::templates;
use crate::config::env::Env;
use crate::config::mode::Mode;
use crate::domain::template::Templates;
use secrecy::SecretString;
use std::time::Duration;

#[derive(Debug)]
pub struct CloopenSettings {
    pub base_url: String,
    pub account_sid: String,
    pub auth_token: SecretString,
    pub app_id: String,
    pub templates: Templates,
    pub timeout: Duration,
}

pub(super) fn read(env: &mut Env, mode: Mode) -> CloopenSettings {
    CloopenSettings {
        base_url: base_url(env, mode, "SMS_CLOOPEN_BASE_URL", "https://app.cloopen.com:8883"),
        account_sid: env.required("SMS_CLOOPEN_ACCOUNT_SID"),
        auth_token: env.required_secret("SMS_CLOOPEN_AUTH_TOKEN"),
        app_id: env.required("SMS_CLOOPEN_APP_ID"),
        templates: templates::read(env, "SMS_CLOOPEN_"),
        timeout: timeout(env, "SMS_CLOOPEN_TIMEOUT_SECONDS"),
    }
}

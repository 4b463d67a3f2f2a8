//! Alibaba Cloud (Aliyun).

use super::http::{base_url, timeout};
use super::templates;
use crate::config::env::Env;
use crate::config::mode::Mode;
use crate::domain::template::Templates;
use secrecy::SecretString;
use std::time::Duration;

#[derive(Debug)]
pub struct AliyunSettings {
    pub base_url: String,
    pub access_key_id: String,
    pub access_key_secret: SecretString,
    pub templates: Templates,
    pub timeout: Duration,
}

pub(super) fn read(env: &mut Env, mode: Mode) -> AliyunSettings {
    AliyunSettings {
        base_url: base_url(env, mode, "SMS_ALIYUN_BASE_URL", "https://dysmsapi.aliyuncs.com"),
        access_key_id: env.required("SMS_ALIYUN_ACCESS_KEY_ID"),
        access_key_secret: env.required_secret("SMS_ALIYUN_ACCESS_KEY_SECRET"),
        templates: templates::read(env, "SMS_ALIYUN_"),
        timeout: timeout(env, "SMS_ALIYUN_TIMEOUT_SECONDS"),
    }
}

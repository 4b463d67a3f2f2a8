//! Tencent Cloud, for numbers in and outside mainland China.

use super::http::{base_url, timeout};
use super::templates;
use crate::config::env::Env;
use crate::config::mode::Mode;
use crate::domain::template::Templates;
use secrecy::SecretString;
use std::time::Duration;

#[derive(Debug)]
pub struct TencentSettings {
    pub domestic: TencentAccess,
    /// Access for numbers outside mainland China. A setting that is missing has the value of `domestic`.
    pub international: TencentAccess,
    pub templates: Templates,
    pub timeout: Duration,
}

#[derive(Debug)]
pub struct TencentAccess {
    pub base_url: String,
    pub secret_id: String,
    pub secret_key: SecretString,
    pub app_id: String,
    pub region: String,
    pub sender_id: Option<String>,
}

pub(super) fn read(env: &mut Env, mode: Mode) -> TencentSettings {
    let domestic = TencentAccess {
        base_url: base_url(env, mode, "SMS_TENCENT_BASE_URL", "https://sms.tencentcloudapi.com"),
        secret_id: env.required("SMS_TENCENT_SECRET_ID"),
        secret_key: env.required_secret("SMS_TENCENT_SECRET_KEY"),
        app_id: env.required("SMS_TENCENT_APP_ID"),
        region: env.text("SMS_TENCENT_REGION").unwrap_or_else(|| "ap-guangzhou".to_owned()),
        sender_id: None,
    };
    TencentSettings {
        international: international(env, mode, &domestic),
        domestic,
        templates: templates::read(env, "SMS_TENCENT_"),
        timeout: timeout(env, "SMS_TENCENT_TIMEOUT_SECONDS"),
    }
}

fn international(env: &mut Env, mode: Mode, domestic: &TencentAccess) -> TencentAccess {
    let read = |name: &str, default: &str| env.text(name).unwrap_or_else(|| default.to_owned());
    let secret_id = read("SMS_TENCENT_INTERNATIONAL_SECRET_ID", &domestic.secret_id);
    let app_id = read("SMS_TENCENT_INTERNATIONAL_APP_ID", &domestic.app_id);
    let region = read("SMS_TENCENT_INTERNATIONAL_REGION", &domestic.region);
    let own_key = env.secret("SMS_TENCENT_INTERNATIONAL_SECRET_KEY");
    if own_key.is_some() != env.text("SMS_TENCENT_INTERNATIONAL_SECRET_ID").is_some() {
        env.problem(
            "SMS_TENCENT_INTERNATIONAL_SECRET_KEY",
            "expected this and SMS_TENCENT_INTERNATIONAL_SECRET_ID: both or none",
        );
    }
    TencentAccess {
        base_url: base_url(env, mode, "SMS_TENCENT_INTERNATIONAL_BASE_URL", &domestic.base_url),
        secret_id,
        secret_key: own_key.unwrap_or_else(|| domestic.secret_key.clone()),
        app_id,
        region,
        sender_id: env.text("SMS_TENCENT_INTERNATIONAL_SENDER_ID"),
    }
}

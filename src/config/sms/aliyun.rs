//! Alibaba Cloud (Aliyun).

use super::common::{Common, own_timeout, timeout};
use super::templates::{self, TemplateVariables, templates};
use crate::config::env::Env;
use crate::config::urls::{BaseUrl, base_url, constant};
use crate::config::variable::{Required, Variable, WithDefault, secret, section, text};
use crate::domain::phone::Region;
use crate::domain::template::Templates;
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

pub const NAME: &str = "aliyun";

/// Account that pays for the messages, and their templates.
#[derive(Debug, Clone)]
pub struct Settings {
    pub base_url: BaseUrl,
    pub access_key_id: String,
    pub access_key_secret: SecretString,
    /// Templates, whose variables have names. Each template needs a signature.
    pub templates: Templates,
    /// Timeout of a whole request.
    pub timeout: Duration,
}

section! {
    pub(super) fn section = "SMS: Alibaba Cloud (Aliyun)",
        "The variables of a template have names, and every template needs a signature. Aliyun refuses templates of \
         mainland China for numbers outside mainland China.";
    /// URL of the API, also of another region of Alibaba Cloud.
    static SMS_ALIYUN_BASE_URL: WithDefault<Url> = base_url().default_url(|| constant("https://dysmsapi.aliyuncs.com"));
    /// AccessKey ID of the RAM user.
    static SMS_ALIYUN_ACCESS_KEY_ID: Required<String> = text().required();
    /// AccessKey secret of the RAM user.
    static SMS_ALIYUN_ACCESS_KEY_SECRET: Required<SecretString> = secret().required();
    /// Templates of the provider.
    static SMS_ALIYUN_TEMPLATE: TemplateVariables = templates("SMS_123(code)").with_signatures();
    /// Timeout of a whole request.
    static SMS_ALIYUN_TIMEOUT_SECONDS: Variable<u64> = own_timeout();
}

pub(super) fn read(env: &mut Env) -> Settings {
    Settings {
        base_url: env.url(&SMS_ALIYUN_BASE_URL),
        access_key_id: env.required(&SMS_ALIYUN_ACCESS_KEY_ID),
        access_key_secret: env.required_secret(&SMS_ALIYUN_ACCESS_KEY_SECRET),
        templates: templates::read(env, &SMS_ALIYUN_TEMPLATE),
        timeout: timeout(env, &SMS_ALIYUN_TIMEOUT_SECONDS),
    }
}

impl Common for Settings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn templates(&self) -> Option<&Templates> {
        Some(&self.templates)
    }

    fn requires_signature(&self, _region: Region) -> bool {
        true
    }
}

//! Cloopen (Yuntongxun).

use super::common::{Common, own_timeout, timeout};
use super::templates::{self, TemplateVariables, templates};
use crate::config::env::Env;
use crate::config::urls::{BaseUrl, base_url, constant};
use crate::config::variable::{Required, Variable, WithDefault, secret, section, text};
use crate::domain::template::Templates;
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

pub const NAME: &str = "cloopen";

/// Account that pays for the messages, and their templates.
#[derive(Debug, Clone)]
pub struct Settings {
    pub base_url: BaseUrl,
    pub account_sid: String,
    pub auth_token: SecretString,
    pub app_id: String,
    /// Templates, whose variables have numbers instead of names: {1}, {2} … Template 1 of a test account says: your
    /// code is {1}, enter it within {2} minutes.
    pub templates: Templates,
    /// Timeout of a whole request.
    pub timeout: Duration,
}

section! {
    pub(super) fn section = "SMS: Cloopen (Yuntongxun)", "The variables of a template have an order, not names.";
    /// URL of the API. The sandbox is https://sandboxapp.cloopen.com:8883
    static SMS_CLOOPEN_BASE_URL: WithDefault<Url> = base_url().default_url(|| constant("https://app.cloopen.com:8883"));
    /// ACCOUNT SID of the account.
    static SMS_CLOOPEN_ACCOUNT_SID: Required<String> = text().required();
    /// AUTH TOKEN of the account.
    static SMS_CLOOPEN_AUTH_TOKEN: Required<SecretString> = secret().required();
    /// APP ID of the application.
    static SMS_CLOOPEN_APP_ID: Required<String> = text().required();
    /// Templates of the provider.
    static SMS_CLOOPEN_TEMPLATE: TemplateVariables = templates("1");
    /// Timeout of a whole request.
    static SMS_CLOOPEN_TIMEOUT_SECONDS: Variable<u64> = own_timeout();
}

pub(super) fn read(env: &mut Env) -> Settings {
    Settings {
        base_url: env.url(&SMS_CLOOPEN_BASE_URL),
        account_sid: env.required(&SMS_CLOOPEN_ACCOUNT_SID),
        auth_token: env.required_secret(&SMS_CLOOPEN_AUTH_TOKEN),
        app_id: env.required(&SMS_CLOOPEN_APP_ID),
        templates: templates::read(env, &SMS_CLOOPEN_TEMPLATE),
        timeout: timeout(env, &SMS_CLOOPEN_TIMEOUT_SECONDS),
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
}

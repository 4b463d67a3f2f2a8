//! Tencent Cloud, for numbers in and outside mainland China.

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

pub const NAME: &str = "tencent";

/// Accounts that pay for the messages, and their templates.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Access for numbers of mainland China.
    pub domestic: Access,
    /// Access for all other numbers: often the same account with another application, or an account of the
    /// international site. A setting that is missing has the value of `domestic`.
    pub international: Access,
    /// Templates, whose variables have numbers instead of names: {1}, {2} … Templates for mainland China need a
    /// signature.
    pub templates: Templates,
    /// Timeout of a whole request.
    pub timeout: Duration,
}

/// URL and credentials.
#[derive(Debug, Clone)]
pub struct Access {
    pub base_url: BaseUrl,
    pub secret_id: String,
    pub secret_key: SecretString,
    /// SdkAppId of the application.
    pub app_id: String,
    /// `ap-guangzhou` …
    pub region: String,
    /// Sender id, for accounts that have one.
    pub sender_id: Option<String>,
}

section! {
    pub(super) fn section = "SMS: Tencent Cloud",
        "The variables of a template have an order, not names. Templates of mainland China need a signature.";
    /// URL of the API.
    static SMS_TENCENT_BASE_URL: WithDefault<Url> =
        base_url().default_url(|| constant("https://sms.tencentcloudapi.com"));
    /// SecretId of the account.
    static SMS_TENCENT_SECRET_ID: Required<String> = text().required();
    /// SecretKey of the account.
    static SMS_TENCENT_SECRET_KEY: Required<SecretString> = secret().required();
    /// The SdkAppId.
    static SMS_TENCENT_APP_ID: Required<String> = text().required();
    /// Region of the API.
    static SMS_TENCENT_REGION: WithDefault<String> = text().default(|| "ap-guangzhou".to_owned());
    /// Templates of the provider.
    static SMS_TENCENT_TEMPLATE: TemplateVariables = templates("123").with_signatures();
    /// Timeout of a whole request.
    static SMS_TENCENT_TIMEOUT_SECONDS: Variable<u64> = own_timeout();
    /// URL of the API for numbers outside mainland China. The international site has
    /// https://sms.intl.tencentcloudapi.com (its accounts need it).
    static SMS_TENCENT_INTERNATIONAL_BASE_URL: Variable<Url> = base_url().default_in_words("SMS_TENCENT_BASE_URL");
    /// SecretId for numbers outside mainland China. It and its key belong together: set both or none.
    static SMS_TENCENT_INTERNATIONAL_SECRET_ID: Variable<String> = text().default_in_words("SMS_TENCENT_SECRET_ID");
    /// SecretKey for numbers outside mainland China.
    static SMS_TENCENT_INTERNATIONAL_SECRET_KEY: Variable<SecretString> =
        secret().default_in_words("SMS_TENCENT_SECRET_KEY");
    /// The SdkAppId for numbers outside mainland China.
    static SMS_TENCENT_INTERNATIONAL_APP_ID: Variable<String> = text().default_in_words("SMS_TENCENT_APP_ID");
    /// Region of the API for numbers outside mainland China.
    static SMS_TENCENT_INTERNATIONAL_REGION: Variable<String> = text().default_in_words("SMS_TENCENT_REGION");
    /// Sender id, if the account has one.
    static SMS_TENCENT_INTERNATIONAL_SENDER_ID: Variable<String> = text();
}

pub(super) fn read(env: &mut Env) -> Settings {
    let domestic = Access {
        base_url: env.url(&SMS_TENCENT_BASE_URL),
        secret_id: env.required(&SMS_TENCENT_SECRET_ID),
        secret_key: env.required_secret(&SMS_TENCENT_SECRET_KEY),
        app_id: env.required(&SMS_TENCENT_APP_ID),
        region: env.get(&SMS_TENCENT_REGION),
        sender_id: None,
    };
    Settings {
        international: international(env, domestic.clone()),
        domestic,
        templates: templates::read(env, &SMS_TENCENT_TEMPLATE),
        timeout: timeout(env, &SMS_TENCENT_TIMEOUT_SECONDS),
    }
}

fn international(env: &mut Env, domestic: Access) -> Access {
    let (own_id, own_key) =
        (env.optional(&SMS_TENCENT_INTERNATIONAL_SECRET_ID), env.secret(&SMS_TENCENT_INTERNATIONAL_SECRET_KEY));
    if own_key.is_some() != own_id.is_some() {
        let what = "expected this and SMS_TENCENT_INTERNATIONAL_SECRET_ID: both or none";
        env.problem(SMS_TENCENT_INTERNATIONAL_SECRET_KEY.name, what);
    }
    Access {
        base_url: env.optional_url(&SMS_TENCENT_INTERNATIONAL_BASE_URL).unwrap_or(domestic.base_url),
        secret_id: own_id.unwrap_or(domestic.secret_id),
        secret_key: own_key.unwrap_or(domestic.secret_key),
        app_id: env.optional(&SMS_TENCENT_INTERNATIONAL_APP_ID).unwrap_or(domestic.app_id),
        region: env.optional(&SMS_TENCENT_INTERNATIONAL_REGION).unwrap_or(domestic.region),
        sender_id: env.optional(&SMS_TENCENT_INTERNATIONAL_SENDER_ID),
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

    fn requires_signature(&self, region: Region) -> bool {
        region == Region::CN
    }
}

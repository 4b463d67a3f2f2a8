//! Who carries the messages.

use super::Mode;
use super::env::Env;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

#[derive(Debug)]
pub enum SmsSettings {
    /// Printed, and appended to `file`. Development only.
    Console {
        file: Option<PathBuf>,
    },
    Cloopen(CloopenSettings),
}

impl SmsSettings {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Console { .. } => "console",
            Self::Cloopen(_) => "cloopen",
        }
    }
}

#[derive(Debug)]
pub struct CloopenSettings {
    pub base_url: String,
    pub account_sid: String,
    pub auth_token: SecretString,
    pub app_id: String,
    pub template_id: String,
    pub deletion_template_id: String,
    pub notice_template_id: String,
    /// For a whole request.
    pub timeout: Duration,
}

/// The provider's production gateway.
const CLOOPEN: &str = "https://app.cloopen.com:8883";

pub(super) fn read(env: &mut Env, mode: Mode, folder: &Path) -> SmsSettings {
    let default = if mode == Mode::Production { "" } else { "console" };
    match env.text("SMS_PROVIDER").as_deref().unwrap_or(default) {
        "console" => {
            if mode == Mode::Production {
                env.problem("SMS_PROVIDER", "console prints codes: production needs a real provider, like cloopen");
            }
            let file = env.text("SMS_CONSOLE_FILE").map_or_else(|| folder.join("outbox.log"), PathBuf::from);
            SmsSettings::Console { file: Some(file) }
        }
        "cloopen" => SmsSettings::Cloopen(cloopen(env, mode)),
        "" => {
            env.problem("SMS_PROVIDER", "must be set in production: cloopen");
            SmsSettings::Console { file: None }
        }
        _ => {
            env.problem("SMS_PROVIDER", "expected console or cloopen");
            SmsSettings::Console { file: None }
        }
    }
}

fn cloopen(env: &mut Env, mode: Mode) -> CloopenSettings {
    let base_url = env.text("SMS_CLOOPEN_BASE_URL").unwrap_or_else(|| CLOOPEN.to_owned());
    match Url::parse(&base_url) {
        Ok(url) if url.scheme() == "https" && url.has_host() => {}
        Ok(url) if url.scheme() == "http" && url.has_host() && mode == Mode::Development => {}
        _ => env.problem("SMS_CLOOPEN_BASE_URL", "expected an https:// address (http:// in development)"),
    }
    CloopenSettings {
        base_url,
        account_sid: env.required("SMS_CLOOPEN_ACCOUNT_SID"),
        auth_token: env.required_secret("SMS_CLOOPEN_AUTH_TOKEN"),
        app_id: env.required("SMS_CLOOPEN_APP_ID"),
        template_id: env.text("SMS_CLOOPEN_TEMPLATE_ID").unwrap_or_else(|| "1".to_owned()),
        deletion_template_id: env.required("SMS_CLOOPEN_DELETION_TEMPLATE_ID"),
        notice_template_id: env.required("SMS_CLOOPEN_NOTICE_TEMPLATE_ID"),
        timeout: env.seconds("SMS_TIMEOUT_SECONDS", Duration::from_secs(5), 1, 30),
    }
}

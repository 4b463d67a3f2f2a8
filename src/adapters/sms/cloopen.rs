//! SMS through Cloopen (Yuntongxun): `TemplateSMS` of its REST API, version 2013-12-26.

use super::Provider;
use super::http::{self, StartError, redacted, unknown_outcome};
use super::phone_limits::{HOUR, MINUTE};
use crate::config::sms::cloopen::{NAME, Settings};
use crate::ports::{Clock, Message, SmsError};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use md5::{Digest, Md5};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const ACCEPTED: &str = "000000";
/// The provider has received this `reqId` before, and may have sent the message then.
const DUPLICATE: &str = "160054";

/// Waits by the codes of the limits for one number: for the frequency of codes; for the same text, for all texts, and
/// for one template (codes, notices) in a day.
const PHONE_LIMITS: [(&str, Duration); 5] =
    [("160038", MINUTE), ("160021", HOUR), ("160022", HOUR), ("160040", HOUR), ("160041", HOUR)];

pub struct Cloopen {
    settings: Settings,
    endpoint: Url,
    clock: Arc<dyn Clock>,
    client: Client,
}

impl Cloopen {
    /// Creates the client. It does not connect to the provider yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let path = ["2013-12-26", "Accounts", &settings.account_sid, "SMS", "TemplateSMS"];
        let endpoint = http::endpoint(&settings.base_url, path)?;
        let client = http::client(settings.timeout)?;
        Ok(Self { settings, endpoint, clock, client })
    }
}

#[async_trait]
impl Provider for Cloopen {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let Settings { account_sid, auth_token, app_id, templates, .. } = &self.settings;
        let template = templates.of(message.content.topic(), message.to.region()).ok_or_else(http::no_template)?;
        // China Standard Time is UTC+8 all year.
        let timestamp = (self.clock.now() + TimeDelta::hours(8)).format("%Y%m%d%H%M%S").to_string();
        let signature = signature(account_sid, auth_token, &timestamp);
        let mut url = self.endpoint.clone();
        url.set_query(Some(&format!("sig={signature}")));
        let body = Body {
            to: &recipient(message.to.e164()),
            app_id,
            template_id: &template.id,
            datas: template.fill(&message.content).map(|(_, value)| value).collect(),
            req_id: &message.id,
        };
        let request = self
            .client
            .post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json;charset=utf-8")
            .header(AUTHORIZATION, BASE64_STANDARD.encode(format!("{account_sid}:{timestamp}")))
            .json(&body);
        let (status, response) = http::send(request).await?;
        outcome(status, &response)
    }
}

/// Returns the outcome of a message from the response of the provider.
pub fn outcome(status: StatusCode, response: &[u8]) -> Result<(), SmsError> {
    match serde_json::from_slice::<Response>(response) {
        Ok(response) if response.status_code == ACCEPTED && status.is_success() => Ok(()),
        Ok(response) if response.status_code != ACCEPTED && (status.is_success() || http::is_refusal(status)) => {
            Err(response.error())
        }
        _ => Err(unknown_outcome(status)),
    }
}

/// Returns the MD5 of account, token and time in upper-case hexadecimal, as the provider requires.
fn signature(account_sid: &str, auth_token: &SecretString, timestamp: &str) -> String {
    let mut md5 = Md5::new();
    for part in [account_sid, auth_token.expose_secret(), timestamp] {
        md5.update(part.as_bytes());
    }
    md5.finalize().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Returns the number in the format of the provider: Chinese numbers in national format, others with the international
/// prefix 00.
fn recipient(e164: &str) -> String {
    match e164.strip_prefix("+86") {
        Some(national) => national.to_owned(),
        None => format!("00{}", e164.trim_start_matches('+')),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    to: &'a str,
    app_id: &'a str,
    template_id: &'a str,
    datas: Vec<Cow<'a, str>>,
    /// Message id. The provider refuses a second request with the same id on the same day, so that a user does not get
    /// the message twice.
    req_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status_code: String,
    #[serde(default)]
    status_msg: String,
}

impl Response {
    fn error(&self) -> SmsError {
        let code: String = self.status_code.chars().filter(char::is_ascii_digit).take(6).collect();
        if code == DUPLICATE {
            return SmsError::NoAnswer(format!("statusCode {code}"));
        }
        let text = redacted(&self.status_msg);
        let reason = format!("statusCode {code} {text}").trim_end().to_owned();
        match PHONE_LIMITS.iter().find(|(limit, _)| *limit == code) {
            Some((_, retry_after)) => SmsError::PhoneLimited { reason, retry_after: *retry_after },
            None => SmsError::Refused(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_upper_case_hexadecimal_md5() {
        // printf 'sidtoken20261120200000' | md5sum | tr a-f A-F
        let token = SecretString::from("token".to_owned());
        assert_eq!(signature("sid", &token, "20261120200000"), "404DB1CE6030237100D39C51C52F1CBC");
    }

    #[test]
    fn numbers_have_the_format_of_the_provider() {
        assert_eq!(recipient("+8613800138000"), "13800138000");
        assert_eq!(recipient("+4915123456789"), "004915123456789");
    }

    #[test]
    fn the_text_of_a_refusal_contains_no_digits() {
        let response = Response {
            status_code: "160042".to_owned(),
            status_msg: "13800138000 １２３\n号码格式有误".to_owned(),
        };
        assert_eq!(response.error().to_string(), "refused: statusCode 160042 ########### ###号码格式有误");
    }
}

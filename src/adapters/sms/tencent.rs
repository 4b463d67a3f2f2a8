//! SMS through Tencent Cloud: `SendSms` of version 2021-01-11, signed with TC3-HMAC-SHA256.

use super::Provider;
use super::http::{self, StartError, redacted, unknown_outcome};
use super::phone_limits::{HALF_A_MINUTE, HOUR};
use super::signing::{canonical_request, hex, mac, names, sha256};
use crate::config::BaseUrl;
use crate::config::sms::tencent::{Access, NAME, Settings};
use crate::domain::phone::Region;
use crate::ports::{Clock, Message, SmsError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

const ACTION: &str = "SendSms";
const VERSION: &str = "2021-01-11";
const SERVICE: &str = "sms";
const ACCEPTED: &str = "Ok";
const JSON: &str = "application/json; charset=utf-8";

/// Waits by the codes of the limits for one number.
const PHONE_LIMITS: [(&str, Duration); 4] = [
    ("LimitExceeded.PhoneNumberThirtySecondLimit", HALF_A_MINUTE),
    ("LimitExceeded.PhoneNumberOneHourLimit", HOUR),
    ("LimitExceeded.PhoneNumberDailyLimit", HOUR),
    ("LimitExceeded.PhoneNumberSameContentDailyLimit", HOUR),
];

pub struct Tencent {
    settings: Settings,
    clock: Arc<dyn Clock>,
    client: Client,
}

impl Tencent {
    /// Creates the client. It does not connect to the provider yet.
    pub fn new(mut settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        for access in [&mut settings.domestic, &mut settings.international] {
            access.base_url = BaseUrl(http::endpoint(&access.base_url, [])?);
        }
        let client = http::client(settings.timeout)?;
        Ok(Self { settings, clock, client })
    }
}

#[async_trait]
impl Provider for Tencent {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let Settings { domestic, international, templates, .. } = &self.settings;
        let template = templates.of(message.content.topic(), message.to.region()).ok_or_else(http::no_template)?;
        let access = if message.to.region() == Region::CN { domestic } else { international };
        let body = Body {
            phone_number_set: [message.to.e164()],
            sms_sdk_app_id: &access.app_id,
            template_id: &template.id,
            sign_name: template.signature.as_deref(),
            sender_id: access.sender_id.as_deref(),
            template_param_set: template.fill(&message.content).map(|(_, value)| value).collect(),
            session_context: &message.id,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let (host, now) = (http::host(&access.base_url), self.clock.now());
        let headers = [("content-type", JSON), ("host", &*host), ("x-tc-action", &*ACTION.to_lowercase())];
        let path = access.base_url.path();
        let request = self
            .client
            .post(access.base_url.0.clone())
            .header(CONTENT_TYPE, JSON)
            .header(AUTHORIZATION, authorization(access, SERVICE, now, path, &headers, body.as_bytes()))
            .header("X-TC-Action", ACTION)
            .header("X-TC-Version", VERSION)
            .header("X-TC-Region", &access.region)
            .header("X-TC-Timestamp", now.timestamp())
            .body(body);
        let (status, response) = http::send(request).await?;
        outcome(status, &response)
    }
}

/// Returns the outcome of a message from the response of the provider.
pub fn outcome(status: StatusCode, response: &[u8]) -> Result<(), SmsError> {
    match serde_json::from_slice::<Envelope>(response) {
        Ok(Envelope { response }) if status.is_success() || http::is_refusal(status) => match response.result() {
            Some(result) if result.code == ACCEPTED && status.is_success() => Ok(()),
            Some(result) if result.code != ACCEPTED => Err(result.error()),
            _ => Err(unknown_outcome(status)),
        },
        _ => Err(unknown_outcome(status)),
    }
}

/// Returns the `Authorization` header. The signing key is derived in three steps, each with a narrower use: for a day,
/// for a service, for a request.
fn authorization(
    access: &Access,
    service: &str,
    now: DateTime<Utc>,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let date = now.format("%Y-%m-%d").to_string();
    let scope = format!("{date}/{service}/tc3_request");
    let request = sha256(canonical_request(path, "", headers, body).as_bytes());
    let text = format!("TC3-HMAC-SHA256\n{}\n{scope}\n{request}", now.timestamp());
    let secret = SecretString::from(format!("TC3{}", access.secret_key.expose_secret()));
    let day_key = mac(secret.expose_secret().as_bytes(), date.as_bytes());
    let service_key = mac(day_key.as_ref(), service.as_bytes());
    let request_key = mac(service_key.as_ref(), b"tc3_request");
    let signature = hex(mac(request_key.as_ref(), text.as_bytes()).as_ref());
    let (id, names) = (&access.secret_id, names(headers));
    format!("TC3-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    phone_number_set: [&'a str; 1],
    sms_sdk_app_id: &'a str,
    template_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<&'a str>,
    template_param_set: Vec<Cow<'a, str>>,
    /// Message id, for the records of the provider. It does not prevent duplicate messages.
    session_context: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    response: Response,
}

/// Result of the whole request (`error`) or of each number.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    error: Option<SendResult>,
    #[serde(default)]
    send_status_set: Vec<SendResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendResult {
    code: String,
    #[serde(default)]
    message: String,
}

impl Response {
    fn result(self) -> Option<SendResult> {
        self.error.or_else(|| self.send_status_set.into_iter().next())
    }
}

impl SendResult {
    /// Maps a code. After an internal error (such as `InternalError.Timeout`) or `ServiceUnavailable`, which occur
    /// during processing, it is unknown whether the message was sent.
    fn error(&self) -> SmsError {
        let code = redacted(&self.code);
        if self.code.starts_with("InternalError") || self.code == "ServiceUnavailable" {
            return SmsError::NoAnswer(format!("Code {code}"));
        }
        let reason = format!("Code {code} {}", redacted(&self.message)).trim_end().to_owned();
        match PHONE_LIMITS.iter().find(|(limit, _)| *limit == self.code) {
            Some((_, retry_after)) => SmsError::PhoneLimited { reason, retry_after: *retry_after },
            None => SmsError::Refused(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    const BODY: &str = r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;

    fn signed(secret_id: &str, secret_key: &str, headers: &[(&str, &str)]) -> String {
        let access = Access {
            base_url: BaseUrl(Url::parse("https://cvm.tencentcloudapi.com").unwrap()),
            secret_id: secret_id.to_owned(),
            secret_key: SecretString::from(secret_key.to_owned()),
            app_id: String::new(),
            region: String::new(),
            sender_id: None,
        };
        let now = DateTime::from_timestamp(1_551_113_065, 0).unwrap();
        authorization(&access, "cvm", now, "/", headers, BODY.as_bytes())
    }

    /// Examples of "Signature v3": with the key `…EXAMPLE` and two headers in
    /// <https://www.tencentcloud.com/document/product/267/37447>, and with three headers in
    /// <https://cloud.tencent.com/document/api/213/30654>, where the signature was made with the printed key of 32
    /// asterisks.
    #[test]
    fn the_published_examples_have_the_published_signatures() {
        let headers =
            [("content-type", JSON), ("host", "cvm.tencentcloudapi.com"), ("x-tc-action", "describeinstances")];
        assert_eq!(
            signed("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", &headers[..2]),
            "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, \
             SignedHeaders=content-type;host, \
             Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
        );
        let (id, key) = (format!("AKID{}", "*".repeat(32)), "*".repeat(32));
        let signature = "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f";
        assert_eq!(
            signed(&id, &key, &headers),
            format!(
                "TC3-HMAC-SHA256 Credential={id}/2019-02-25/cvm/tc3_request, \
                 SignedHeaders=content-type;host;x-tc-action, Signature={signature}"
            )
        );
    }

    #[test]
    fn an_unknown_outcome_is_not_a_refusal() {
        let error = |code: &str| SendResult { code: code.to_owned(), message: "+8613800138000".to_owned() }.error();
        assert_eq!(
            error("LimitExceeded.PhoneNumberDailyLimit").to_string(),
            "phone limited: Code LimitExceeded.PhoneNumberDailyLimit +#############"
        );
        for code in ["InternalError", "InternalError.Timeout"] {
            assert!(matches!(error(code), SmsError::NoAnswer(_)), "{code}");
        }
    }
}

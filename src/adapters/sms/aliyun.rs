//! SMS through Alibaba Cloud (Aliyun): `SendSms` of dysmsapi, version 2017-05-25, signed with ACS3-HMAC-SHA256.

use super::Provider;
use super::http::{self, StartError, redacted, unknown_outcome};
use super::phone_limits::{HOUR, MINUTE};
use super::signing::{canonical_request, hex, mac, names, sha256};
use crate::config::sms::aliyun::{NAME, Settings};
use crate::ports::{Clock, Message, SmsError};
use async_trait::async_trait;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

const ACTION: &str = "SendSms";
const VERSION: &str = "2017-05-25";
const ACCEPTED: &str = "OK";
/// Codes after which it is unknown whether the message was sent: the provider failed during processing, or it
/// has received a request with this id before.
const UNKNOWN_OUTCOME: [&str; 6] = [
    "SignatureNonceUsed",
    "isp.SYSTEM_ERROR",
    "isp.GATEWAY_ERROR",
    "isp.UNKNOWN",
    "InternalError",
    "ServiceUnavailable",
];

/// A limit for one number. The text names its window: `触发分钟级流控Permits:1`, `触发小时级…`, `触发天级…`.
const PHONE_LIMIT: &str = "isv.BUSINESS_LIMIT_CONTROL";
const MINUTE_WINDOW: &str = "分钟";

pub struct Aliyun {
    settings: Settings,
    endpoint: Url,
    clock: Arc<dyn Clock>,
    client: Client,
}

impl Aliyun {
    /// Creates the client. It does not connect to the provider yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let endpoint = http::endpoint(&settings.base_url, [])?;
        let client = http::client(settings.timeout)?;
        Ok(Self { settings, endpoint, clock, client })
    }
}

#[async_trait]
impl Provider for Aliyun {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let templates = &self.settings.templates;
        let template = templates.of(message.content.topic(), message.to.region()).ok_or_else(http::no_template)?;
        // The provider refuses unknown variables, and requests without a variable that the template needs.
        let values: BTreeMap<_, _> = template.fill(&message.content).collect();
        let values = serde_json::to_string(&values).unwrap_or_default();
        let query = query(&BTreeMap::from([
            ("OutId", &*message.id),
            ("PhoneNumbers", recipient(message.to.e164())),
            ("SignName", template.signature.as_deref().unwrap_or_default()),
            ("TemplateCode", &template.id),
            ("TemplateParam", &values),
        ]));
        let (host, date) = (http::host(&self.endpoint), self.clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string());
        let headers = [
            ("host", &*host),
            ("x-acs-action", ACTION),
            ("x-acs-content-sha256", &sha256(b"")),
            ("x-acs-date", &date),
            // The provider accepts a nonce only once, so that a user does not get the message twice.
            ("x-acs-signature-nonce", &message.id),
            ("x-acs-version", VERSION),
        ];
        let Settings { access_key_id, access_key_secret, .. } = &self.settings;
        let authorization = authorization(access_key_id, access_key_secret, self.endpoint.path(), &query, &headers);
        let mut url = self.endpoint.clone();
        url.set_query(Some(&query));
        let request = self.client.post(url).header(ACCEPT, "application/json").header(AUTHORIZATION, authorization);
        let request = headers[1..].iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (status, response) = http::send(request).await?;
        outcome(status, &response)
    }
}

/// Returns the outcome of a message from the response of the provider.
pub fn outcome(status: StatusCode, response: &[u8]) -> Result<(), SmsError> {
    match serde_json::from_slice::<Response>(response) {
        Ok(response) if response.code == ACCEPTED && status.is_success() => Ok(()),
        Ok(response) if response.code != ACCEPTED && (status.is_success() || http::is_refusal(status)) => {
            Err(response.error())
        }
        _ => Err(unknown_outcome(status)),
    }
}

/// Returns the `Authorization` header of a POST without a body. This API takes all parameters in the query.
fn authorization(key_id: &str, key_secret: &SecretString, path: &str, query: &str, headers: &[(&str, &str)]) -> String {
    let request = sha256(canonical_request(path, query, headers, b"").as_bytes());
    let text = format!("ACS3-HMAC-SHA256\n{request}");
    let signature = hex(mac(key_secret.expose_secret().as_bytes(), text.as_bytes()).as_ref());
    format!("ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={},Signature={signature}", names(headers))
}

/// Returns the parameters in the order of their names, percent-encoded as in RFC 3986. The signature is computed over
/// the same string that is sent.
fn query(parameters: &BTreeMap<&str, &str>) -> String {
    let pair = |(name, value): (&&str, &&str)| format!("{}={}", encoded(name), encoded(value));
    parameters.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Returns the number in the format of the provider: Chinese numbers in national format, others with the country code
/// and without a plus sign.
fn recipient(e164: &str) -> &str {
    e164.strip_prefix("+86").unwrap_or_else(|| e164.trim_start_matches('+'))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    code: String,
    #[serde(default)]
    message: String,
}

impl Response {
    fn error(&self) -> SmsError {
        let code = redacted(&self.code);
        if UNKNOWN_OUTCOME.contains(&&*self.code) {
            return SmsError::NoAnswer(format!("Code {code}"));
        }
        let reason = format!("Code {code} {}", redacted(&self.message)).trim_end().to_owned();
        if self.code == PHONE_LIMIT {
            let retry_after = if self.message.contains(MINUTE_WINDOW) { MINUTE } else { HOUR };
            return SmsError::PhoneLimited { reason, retry_after };
        }
        SmsError::Refused(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Example of Alibaba Cloud, "Request syntax and signature method V3", with its fixed parameters:
    /// <https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature>
    #[test]
    fn the_published_example_has_the_published_signature() {
        let query = query(&BTreeMap::from([
            ("RegionId", "cn-shanghai"),
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
        ]));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let headers = [
            ("host", "ecs.cn-shanghai.aliyuncs.com"),
            ("x-acs-action", "RunInstances"),
            ("x-acs-content-sha256", empty),
            ("x-acs-date", "2023-10-26T10:22:32Z"),
            ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
            ("x-acs-version", "2014-05-26"),
        ];
        let secret = SecretString::from("YourAccessKeySecret".to_owned());
        assert_eq!(
            authorization("YourAccessKeyId", &secret, "/", &query, &headers),
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,\
             SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,\
             Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    #[test]
    fn all_characters_except_unreserved_ones_are_encoded() {
        assert_eq!(encoded("aZ0-_.~ *+/{\"码"), "aZ0-_.~%20%2A%2B%2F%7B%22%E7%A0%81");
    }

    #[test]
    fn numbers_have_the_format_of_the_provider() {
        assert_eq!(recipient("+8613800138000"), "13800138000");
        assert_eq!(recipient("+85251234567"), "85251234567");
    }

    #[test]
    fn an_unknown_outcome_is_not_a_refusal() {
        let error = |code: &str| Response { code: code.to_owned(), message: "13800138000".to_owned() }.error();
        assert_eq!(
            error("isv.BUSINESS_LIMIT_CONTROL").to_string(),
            "phone limited: Code isv.BUSINESS_LIMIT_CONTROL ###########"
        );
        for code in UNKNOWN_OUTCOME {
            assert!(matches!(error(code), SmsError::NoAnswer(_)), "{code}");
        }
    }
}

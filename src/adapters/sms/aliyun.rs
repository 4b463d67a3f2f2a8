//! SMS through Alibaba Cloud (Aliyun): `SendSms` of dysmsapi, version 2017-05-25, signed with ACS3-HMAC-SHA256.

use super::Provider;
use super::http::{self, StartError, discreet, unknown};
use super::signing::{canonical_request, hex, mac, names, sha256};
use crate::domain::template::Templates;
use crate::ports::{Clock, Message, SmsError};
use async_trait::async_trait;
use reqwest::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The account that pays, and the templates that word the messages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://dysmsapi.aliyuncs.com`, or that of another region of theirs.
    pub base_url: Url,
    pub access_key_id: String,
    pub access_key_secret: SecretString,
    /// Their variables have names. Each needs a signature.
    pub templates: Templates,
    /// For a whole request.
    pub timeout: Duration,
}

const ACTION: &str = "SendSms";
const VERSION: &str = "2017-05-25";
const ACCEPTED: &str = "OK";
/// After these nobody knows: the provider failed midway, or had a request of this id before.
const UNSURE: [&str; 6] = [
    "SignatureNonceUsed",
    "isp.SYSTEM_ERROR",
    "isp.GATEWAY_ERROR",
    "isp.UNKNOWN",
    "InternalError",
    "ServiceUnavailable",
];

pub struct Aliyun {
    settings: Settings,
    endpoint: Url,
    clock: Arc<dyn Clock>,
    client: Client,
}

impl Aliyun {
    /// Connects to nothing yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let endpoint = http::endpoint(&settings.base_url, [])?;
        let client = http::client(settings.timeout)?;
        Ok(Self { settings, endpoint, clock, client })
    }
}

#[async_trait]
impl Provider for Aliyun {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let templates = &self.settings.templates;
        let template = templates.of(message.content.topic(), message.to.region()).ok_or_else(http::no_template)?;
        // A variable that the template does not have is refused, and so is one that is missing.
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
            // A nonce is taken once, so that nobody gets a message twice.
            ("x-acs-signature-nonce", &message.id),
            ("x-acs-version", VERSION),
        ];
        let Settings { access_key_id, access_key_secret, .. } = &self.settings;
        let authorization = authorization(access_key_id, access_key_secret, self.endpoint.path(), &query, &headers);
        let mut url = self.endpoint.clone();
        url.set_query(Some(&query));
        let request = self.client.post(url).header(ACCEPT, "application/json").header(AUTHORIZATION, authorization);
        let request = headers[1..].iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (status, answer) = http::ask(request).await?;
        match serde_json::from_slice::<Answer>(&answer) {
            Ok(answer) if answer.code == ACCEPTED && status.is_success() => Ok(()),
            Ok(answer) if answer.code != ACCEPTED && (status.is_success() || http::refuses(status)) => {
                Err(answer.error())
            }
            _ => Err(unknown(status)),
        }
    }
}

/// Of a POST without a body: this interface takes everything in the query.
fn authorization(key_id: &str, key_secret: &SecretString, path: &str, query: &str, headers: &[(&str, &str)]) -> String {
    let request = sha256(canonical_request(path, query, headers, b"").as_bytes());
    let text = format!("ACS3-HMAC-SHA256\n{request}");
    let signature = hex(mac(key_secret.expose_secret().as_bytes(), text.as_bytes()).as_ref());
    format!("ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={},Signature={signature}", names(headers))
}

/// The parameters in the order of their names, each percent-encoded as RFC 3986 has it: what is signed is what is sent.
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

/// Chinese numbers go out in national form, all others as country code and number.
fn recipient(e164: &str) -> &str {
    e164.strip_prefix("+86").unwrap_or_else(|| e164.trim_start_matches('+'))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    code: String,
    #[serde(default)]
    message: String,
}

impl Answer {
    fn error(&self) -> SmsError {
        let code = discreet(&self.code);
        if UNSURE.contains(&&*self.code) {
            return SmsError::NoAnswer(format!("Code {code}"));
        }
        SmsError::Refused(format!("Code {code} {}", discreet(&self.message)).trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Alibaba Cloud, "Request syntax and signature method V3", with its fixed parameters:
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
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
             x-acs-signature-nonce;x-acs-version,\
             Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    #[test]
    fn everything_but_the_unreserved_is_encoded() {
        assert_eq!(encoded("aZ0-_.~ *+/{\"码"), "aZ0-_.~%20%2A%2B%2F%7B%22%E7%A0%81");
    }

    #[test]
    fn numbers_in_the_providers_form() {
        assert_eq!(recipient("+8613800138000"), "13800138000");
        assert_eq!(recipient("+85251234567"), "85251234567");
    }

    #[test]
    fn what_may_have_gone_out_is_no_refusal() {
        let error = |code: &str| Answer { code: code.to_owned(), message: "13800138000".to_owned() }.error();
        assert_eq!(
            error("isv.BUSINESS_LIMIT_CONTROL").to_string(),
            "refused: Code isv.BUSINESS_LIMIT_CONTROL ###########"
        );
        for code in UNSURE {
            assert!(matches!(error(code), SmsError::NoAnswer(_)), "{code}");
        }
    }
}

//! SMS through Twilio: its `Messages` resource, version 2010-04-01. Twilio accepts free text, so doorstep writes the
//! text.

use super::Provider;
use super::http::{self, StartError, redacted, unknown_outcome};
use super::phone_limits::HALF_A_MINUTE;
use crate::config::sms::twilio::{NAME, Sender, Settings};
use crate::ports::{Message, SmsError};
use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

/// Too many messages between two numbers: Twilio refuses more of them for 30 s
/// (<https://www.twilio.com/docs/errors/14107>). It has no other limit for one recipient.
const PHONE_LIMIT: u32 = 14_107;

pub struct Twilio {
    settings: Settings,
    endpoint: Url,
    client: Client,
}

impl Twilio {
    /// Creates the client. It does not connect to the provider yet.
    pub fn new(settings: Settings) -> Result<Self, StartError> {
        let path = ["2010-04-01", "Accounts", &settings.account_sid, "Messages.json"];
        let endpoint = http::endpoint(&settings.base_url, path)?;
        let client = http::client(settings.timeout)?;
        Ok(Self { settings, endpoint, client })
    }
}

#[async_trait]
impl Provider for Twilio {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Sends exactly one request, because Twilio does not detect duplicate requests.
    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let Settings { key_sid, key_secret, sender, .. } = &self.settings;
        let (name, value) = match sender {
            Sender::From(from) => ("From", from),
            Sender::Service(sid) => ("MessagingServiceSid", sid),
        };
        let text = message.text.expose_secret();
        let form = [("To", message.to.e164()), (name, value), ("Body", text)];
        let request = self
            .client
            .post(self.endpoint.clone())
            .basic_auth(key_sid, Some(key_secret.expose_secret()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Serializer::new(String::new()).extend_pairs(form).finish());
        let (status, response) = http::send(request).await?;
        outcome(status, &response)
    }
}

/// Returns the outcome of a message from the response of the provider.
pub fn outcome(status: StatusCode, response: &[u8]) -> Result<(), SmsError> {
    match serde_json::from_slice::<Response>(response) {
        Ok(Response { sid: Some(_), .. }) if status == StatusCode::CREATED => Ok(()),
        Ok(response) if http::is_refusal(status) => Err(response.refusal(status)),
        Err(_) if http::is_refusal(status) => Err(Response::default().refusal(status)),
        _ => Err(unknown_outcome(status)),
    }
}

/// Response of Twilio: an accepted message has a `sid`, a refusal has a `code`.
#[derive(Deserialize, Default)]
struct Response {
    sid: Option<String>,
    code: Option<u32>,
    message: Option<String>,
}

impl Response {
    fn refusal(&self, status: StatusCode) -> SmsError {
        // The codes of Twilio have five digits; a larger number could be a phone number.
        let code = self.code.filter(|code| *code < 1_000_000);
        let code = code.map_or_else(|| format!("HTTP {}", status.as_u16()), |code| format!("code {code}"));
        let text = redacted(self.message.as_deref().unwrap_or_default());
        let reason = format!("{code} {text}").trim_end().to_owned();
        if self.code == Some(PHONE_LIMIT) {
            return SmsError::PhoneLimited { reason, retry_after: HALF_A_MINUTE };
        }
        SmsError::Refused(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_code_and_no_digits_in_its_text() {
        let response = br#"{"code": 21211, "message": "Invalid 'To' Phone Number: +1415555XXXX", "status": 400}"#;
        let response: Response = serde_json::from_slice(response).unwrap();
        assert_eq!(
            response.refusal(StatusCode::BAD_REQUEST).to_string(),
            "refused: code 21211 Invalid 'To' Phone Number: +#######XXXX"
        );
        assert_eq!(Response::default().refusal(StatusCode::FORBIDDEN).to_string(), "refused: HTTP 403");
    }
}

//! SMS through Twilio: its `Messages` resource of version 2010-04-01. It carries free text, so the words are ours.

use super::Provider;
use super::http::{self, StartError, discreet, unknown};
use crate::ports::{Message, SmsError};
use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;
use url::Url;
use url::form_urlencoded::Serializer;

/// The account that pays, and who the messages come from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://api.twilio.com`
    pub base_url: Url,
    /// `AC…`
    pub account_sid: String,
    /// `SK…` of an API key, or the account's own SID.
    pub key_sid: String,
    /// Of the API key, or the account's auth token.
    pub key_secret: SecretString,
    pub sender: Sender,
    /// Says whose messages these are.
    pub brand: String,
    /// For a whole request.
    pub timeout: Duration,
}

#[derive(Debug, Clone)]
pub enum Sender {
    /// A number in E.164, a short code, or letters where the country allows them.
    From(String),
    /// `MG…`: Twilio chooses among its numbers.
    Service(String),
}

pub struct Twilio {
    settings: Settings,
    endpoint: Url,
    client: Client,
}

impl Twilio {
    /// Connects to nothing yet.
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
        "twilio"
    }

    /// There is nothing that would keep a message from going out twice, so it is asked once.
    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let Settings { key_sid, key_secret, sender, brand, .. } = &self.settings;
        let (name, value) = match sender {
            Sender::From(from) => ("From", from),
            Sender::Service(sid) => ("MessagingServiceSid", sid),
        };
        let words = message.content.words(brand, message.language, message.autofill.as_ref());
        let form = [("To", message.to.e164()), (name, value), ("Body", &words)];
        let request = self
            .client
            .post(self.endpoint.clone())
            .basic_auth(key_sid, Some(key_secret.expose_secret()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Serializer::new(String::new()).extend_pairs(form).finish());
        let (status, answer) = http::ask(request).await?;
        match serde_json::from_slice::<Answer>(&answer) {
            Ok(Answer { sid: Some(_), .. }) if status == StatusCode::CREATED => Ok(()),
            Ok(answer) if http::refuses(status) => Err(answer.refusal(status)),
            Err(_) if http::refuses(status) => Err(Answer::default().refusal(status)),
            _ => Err(unknown(status)),
        }
    }
}

/// A message that was taken has a `sid`, a refusal a `code`.
#[derive(Deserialize, Default)]
struct Answer {
    sid: Option<String>,
    code: Option<u32>,
    message: Option<String>,
}

impl Answer {
    fn refusal(&self, status: StatusCode) -> SmsError {
        let code = self.code.map_or_else(|| format!("HTTP {}", status.as_u16()), |code| format!("code {code}"));
        let text = discreet(self.message.as_deref().unwrap_or_default());
        SmsError::Refused(format!("{code} {text}").trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_code_and_no_digits_of_its_text() {
        let answer = br#"{"code": 21211, "message": "Invalid 'To' Phone Number: +1415555XXXX", "status": 400}"#;
        let answer: Answer = serde_json::from_slice(answer).unwrap();
        assert_eq!(
            answer.refusal(StatusCode::BAD_REQUEST).to_string(),
            "refused: code 21211 Invalid 'To' Phone Number: +#######XXXX"
        );
        assert_eq!(Answer::default().refusal(StatusCode::FORBIDDEN).to_string(), "refused: HTTP 403");
    }
}

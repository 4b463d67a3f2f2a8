//! SMS through a webhook of the operator, signed as in Standard Webhooks.

use super::Provider;
use super::http::{self, StartError, redacted, unknown_outcome};
use super::phone_limits::HOUR;
use crate::config::sms::webhook::{NAME, Settings};
use crate::domain::message::Value;
use crate::domain::webhook::WebhookSecret;
use crate::ports::{Clock, Message, SmsError};
use async_trait::async_trait;
use chrono::SecondsFormat;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub struct Webhook {
    settings: Settings,
    secret: WebhookSecret,
    clock: Arc<dyn Clock>,
    client: Client,
}

impl Webhook {
    /// Creates the client. It does not connect to the provider yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        // The URL is only validated, not changed: it may have a query.
        http::endpoint(&settings.url.0, [])?;
        let secret = WebhookSecret::parse(settings.secret.expose_secret()).ok_or(StartError::Secret)?;
        let client = http::client(settings.timeout)?;
        Ok(Self { settings, secret, clock, client })
    }
}

#[async_trait]
impl Provider for Webhook {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let now = self.clock.now();
        let topic = message.content.topic();
        let body = Body {
            kind: "sms.send",
            timestamp: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            data: Data {
                to: message.to.e164(),
                region: message.to.region().to_string(),
                language: &message.language,
                topic: topic.name(),
                text: message.text.expose_secret(),
                values: topic.values().iter().map(|value| (value.name(), value_text(message, *value))).collect(),
            },
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let timestamp = now.timestamp();
        let request = self
            .client
            .post(self.settings.url.0.clone())
            .header(CONTENT_TYPE, "application/json")
            // The id is the same for the same message, so that the receiver can detect a duplicate.
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.secret.sign(&message.id, timestamp, &body))
            .body(body);
        let (status, response) = http::send(request).await?;
        outcome(status, &response)
    }
}

/// Returns the outcome of a message from the response of the webhook.
pub fn outcome(status: StatusCode, response: &[u8]) -> Result<(), SmsError> {
    if status.is_success() {
        return Ok(());
    }
    if http::is_refusal(status) {
        let text = format!("HTTP {} {}", status.as_u16(), redacted(&String::from_utf8_lossy(response)));
        let reason = text.trim_end().to_owned();
        return Err(match phone_limit(status, response) {
            Some(retry_after) => SmsError::PhoneLimited { reason, retry_after },
            None => SmsError::Refused(reason),
        });
    }
    Err(unknown_outcome(status))
}

/// Returns the wait if the program says that it must not send to this number now: status 429 and this code. A gateway
/// in front of the program answers 429 too, but without the code. The wait is an hour if the program names none, and at
/// most a day.
fn phone_limit(status: StatusCode, response: &[u8]) -> Option<Duration> {
    const CODE: &str = "phone_limit_reached";
    const LONGEST: Duration = Duration::from_secs(86_400);
    let limit: PhoneLimit = serde_json::from_slice(response).ok()?;
    let wait = limit.retry_after.map_or(HOUR, Duration::from_secs).clamp(Duration::from_secs(1), LONGEST);
    (status == StatusCode::TOO_MANY_REQUESTS && limit.code == CODE).then_some(wait)
}

#[derive(Deserialize)]
struct PhoneLimit {
    code: String,
    /// Whole seconds.
    retry_after: Option<u64>,
}

fn value_text(message: &Message, value: Value) -> Cow<'_, str> {
    message.content.value(value).unwrap_or_default()
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    /// RFC 3339, UTC.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    /// E.164.
    to: &'a str,
    region: String,
    language: &'a str,
    topic: &'static str,
    /// The complete text of the message.
    text: &'a str,
    /// Values in the text, for receivers that write their own text.
    values: BTreeMap<&'static str, Cow<'a, str>>,
}

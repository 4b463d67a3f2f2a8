//! SMS through a program of the operator's own: a webhook, signed as Standard Webhooks has it.

use super::Provider;
use super::http::{self, StartError, discreet, unknown};
use crate::domain::message::Value;
use crate::domain::webhook::WebhookSecret;
use crate::ports::{Clock, Message, SmsError};
use async_trait::async_trait;
use chrono::SecondsFormat;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Who is to be told of messages.
#[derive(Debug, Clone)]
pub struct Settings {
    pub url: Url,
    pub secret: WebhookSecret,
    /// Says whose messages these are.
    pub brand: String,
    /// For a whole request.
    pub timeout: Duration,
}

pub struct Webhook {
    settings: Settings,
    clock: Arc<dyn Clock>,
    client: Client,
}

impl Webhook {
    /// Connects to nothing yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        // The address as it is given; it may have a query of its own.
        http::endpoint(&settings.url, [])?;
        let client = http::client(settings.timeout)?;
        Ok(Self { settings, clock, client })
    }
}

#[async_trait]
impl Provider for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let Settings { url, secret, brand, .. } = &self.settings;
        let now = self.clock.now();
        let (content, topic) = (&message.content, message.content.topic());
        let body = Body {
            kind: "sms.send",
            timestamp: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            data: Data {
                to: message.to.e164(),
                region: message.to.region().to_string(),
                language: message.language.tag(),
                topic: topic.name(),
                text: content.words(brand, message.language, message.autofill.as_ref()),
                values: topic.values().iter().map(|value| (value.name(), told(message, *value))).collect(),
            },
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let timestamp = now.timestamp();
        let request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/json")
            // The same for the same message, so that the other side can tell a repetition.
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", secret.sign(&message.id, timestamp, &body))
            .body(body);
        let (status, answer) = http::ask(request).await?;
        if status.is_success() {
            return Ok(());
        }
        if http::refuses(status) {
            let text = format!("HTTP {} {}", status.as_u16(), discreet(&String::from_utf8_lossy(&answer)));
            return Err(SmsError::Refused(text.trim_end().to_owned()));
        }
        Err(unknown(status))
    }
}

fn told(message: &Message, value: Value) -> Cow<'_, str> {
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
    language: &'static str,
    topic: &'static str,
    /// The whole message.
    text: String,
    /// What it tells, for who words it otherwise.
    values: BTreeMap<&'static str, Cow<'a, str>>,
}

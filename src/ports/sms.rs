//! Port of SMS delivery.

use crate::domain::limits::Counter;
use crate::domain::message::{Autofill, Content};
use crate::domain::phone::Phone;
use crate::domain::texts::{TextLanguage, Texts};
use async_trait::async_trait;
use secrecy::SecretString;
use std::time::Duration;

/// Sends messages to phones.
#[async_trait]
pub trait Sms: Send + Sync {
    /// Returns what is known before a message to this phone is reserved. No round trip.
    fn route(&self, phone: &Phone) -> Route;

    /// Returns when a provider has accepted the message. MUST return within its own timeout. MUST NOT pass the same
    /// message to one provider twice. MUST return [`SmsError::PhoneLimited`] only if every provider of the region is
    /// waiting for a limit of this phone to end.
    async fn send(&self, message: &Message) -> Result<Sent, SmsError>;
}

/// Providers for a phone.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Provider that will probably send the message.
    pub first: Option<&'static str>,
    /// Counters that are set while a provider refuses messages to this phone. They count nothing and deny nothing: the
    /// caller reads them with the limits of the message, and needs no round trip for them.
    pub refusals: Vec<Counter>,
}

#[derive(Debug, Clone)]
pub struct Message {
    pub to: Phone,
    pub content: Content,
    /// Whole text, for providers that send free text. It contains the code.
    pub text: SecretString,
    /// Language tag of the text.
    pub language: String,
    /// Idempotency key for providers: 32 hexadecimal digits, the same for the same message.
    pub id: String,
    /// `false` if none of the refusals of the [`Route`] was set. Otherwise the providers that refuse are looked up.
    pub may_be_refused: bool,
}

impl Message {
    /// Renders the text of the message.
    #[must_use]
    pub fn new(
        texts: &Texts,
        language: TextLanguage,
        to: Phone,
        content: Content,
        autofill: Option<&Autofill>,
        id: String,
    ) -> Self {
        let text = texts.render(language, &content, autofill).into();
        Self { to, content, text, language: texts.tag(language).to_owned(), id, may_be_refused: true }
    }
}

/// Result of a message that a provider accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Name of the provider that accepted the message.
    pub provider: &'static str,
}

/// Result of a message that no provider accepted. The text is for the log; it MUST NOT contain a phone, a code or a
/// secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SmsError {
    #[error("refused: {0}")]
    Refused(String),
    /// The provider refuses messages to this phone for some time, and others not: a limit of its own for one number.
    #[error("phone limited: {reason}")]
    PhoneLimited { reason: String, retry_after: Duration },
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It is unknown whether the message was sent.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

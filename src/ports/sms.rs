//! Messages to phones.

use crate::domain::language::Language;
use crate::domain::message::{Autofill, Content};
use crate::domain::phone::Phone;
use async_trait::async_trait;

/// Carries messages to phones.
#[async_trait]
pub trait Sms: Send + Sync {
    /// Returns when a provider has accepted the message. MUST come to an end within its own time limit, and MUST NOT hand the same
    /// message to one provider twice.
    async fn send(&self, message: &Message) -> Result<Sent, SmsError>;
}

#[derive(Debug, Clone)]
pub struct Message {
    pub to: Phone,
    pub content: Content,
    /// For providers that carry free text; those with templates have one language for each.
    pub language: Language,
    /// The same: a template has it in its words.
    pub autofill: Option<Autofill>,
    /// 32 hexadecimal digits, the same for the same message: a provider's protection against sending twice.
    pub id: String,
}

/// A message that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Who carries it.
    pub provider: &'static str,
}

/// Why a message did not go out. The reason is for the log; it MUST NOT hold a phone, a code or a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SmsError {
    #[error("refused: {0}")]
    Refused(String),
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It may or may not have gone out.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

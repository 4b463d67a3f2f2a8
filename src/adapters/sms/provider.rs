//! Contract of an SMS provider.

use crate::ports::{Message, SmsError};
use async_trait::async_trait;

/// A service that sends SMS messages.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Name in settings, logs and metrics.
    fn name(&self) -> &'static str;

    /// Returns when the provider has accepted the message. MUST return within its own timeout. MUST return
    /// [`SmsError::NoAnswer`] unless it is certain that the message was not sent, and [`SmsError::PhoneLimited`] if it
    /// was not sent because of a limit for this phone.
    async fn send(&self, message: &Message) -> Result<(), SmsError>;
}

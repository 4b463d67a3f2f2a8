//! SMS providers, one file each, and the router that chooses among them.

pub mod aliyun;
pub mod circuit_breaker;
pub mod cloopen;
pub mod console;
mod http;
mod phone_limits;
pub mod router;
mod signing;
pub mod tencent;
pub mod twilio;
pub mod webhook;

use crate::ports::{Message, SmsError};
use async_trait::async_trait;

pub use http::StartError;
pub use phone_limits::PhoneLimits;

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

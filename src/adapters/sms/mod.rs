//! Carriers of messages: one file per provider, and the router that chooses among them.

pub mod aliyun;
pub mod circuit_breaker;
pub mod cloopen;
pub mod console;
mod http;
pub mod router;
mod signing;
pub mod tencent;
pub mod twilio;
pub mod webhook;

use crate::ports::{Message, SmsError};
use async_trait::async_trait;

pub use http::StartError;

/// One way to carry messages.
#[async_trait]
pub trait Provider: Send + Sync {
    /// As it is called in settings, logs and metrics.
    fn name(&self) -> &'static str;

    /// Returns when the provider has accepted the message. MUST come to an end within its own time limit. MUST say
    /// [`SmsError::NoAnswer`] unless it is certain that nothing went out.
    async fn send(&self, message: &Message) -> Result<(), SmsError>;
}

//! SMS providers, one file each, and the router that chooses among them.

pub mod aliyun;
pub mod circuit_breaker;
pub mod cloopen;
pub mod console;
mod http;
mod phone_limits;
mod provider;
pub mod router;
mod signing;
pub mod tencent;
pub mod twilio;
pub mod webhook;

use crate::config::sms::ProviderSettings;
use crate::domain::outbox::Outbox;
use crate::ports::Clock;
use aliyun::Aliyun;
use cloopen::Cloopen;
use console::Console;
use std::error::Error;
use std::sync::Arc;
use tencent::Tencent;
use twilio::Twilio;
use webhook::Webhook;

pub use http::StartError;
pub use phone_limits::PhoneLimits;
pub use provider::Provider;

/// Creates the adapter of a provider. It does not connect to the provider yet. The console also adds its messages to
/// `outbox`.
pub fn create(
    settings: &ProviderSettings,
    clock: Arc<dyn Clock>,
    outbox: &Outbox,
) -> Result<Arc<dyn Provider>, Box<dyn Error>> {
    Ok(match settings {
        ProviderSettings::Console(settings) => Arc::new(Console::new(Some(&settings.file), outbox.clone())?),
        ProviderSettings::Cloopen(settings) => Arc::new(Cloopen::new(settings.clone(), clock)?),
        ProviderSettings::Aliyun(settings) => Arc::new(Aliyun::new(settings.clone(), clock)?),
        ProviderSettings::Tencent(settings) => Arc::new(Tencent::new(settings.clone(), clock)?),
        ProviderSettings::Twilio(settings) => Arc::new(Twilio::new(settings.clone())?),
        ProviderSettings::Webhook(settings) => Arc::new(Webhook::new(settings.clone(), clock)?),
    })
}

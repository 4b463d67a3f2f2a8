//! SMS router with the configured providers.

use super::runtime::Runtime;
use crate::adapters::sms::router::{Router, Routes};
use crate::adapters::sms::{self, PhoneLimits};
use crate::config::sms::SmsSettings;
use crate::domain::outbox::Outbox;
use crate::ports::{Sms, Telemetry};
use std::error::Error;
use std::sync::Arc;

pub(super) fn router(
    settings: &SmsSettings,
    runtime: &Runtime,
    phone_limits: PhoneLimits,
    telemetry: &Arc<dyn Telemetry>,
    outbox: &Outbox,
) -> Result<Arc<dyn Sms>, Box<dyn Error>> {
    let providers = settings.providers.iter().map(|one| sms::create(one, Arc::clone(&runtime.clock), outbox));
    let providers = providers.collect::<Result<Vec<_>, _>>()?;
    let routes = Routes { each: settings.route.clone(), own: settings.routes.clone() };
    let (clock, telemetry) = (Arc::clone(&runtime.clock), Arc::clone(telemetry));
    Ok(Arc::new(Router::new(providers, routes, settings.failover_after_timeout, phone_limits, clock, telemetry)))
}

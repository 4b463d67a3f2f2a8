//! The providers of the settings, behind one router.

use super::World;
use crate::adapters::sms::Provider;
use crate::adapters::sms::cloopen::{self, Cloopen};
use crate::adapters::sms::console::Console;
use crate::adapters::sms::router::{Router, Routes};
use crate::config::{CloopenSettings, ProviderSettings, SmsSettings};
use crate::ports::{Clock, Sms, Telemetry};
use std::error::Error;
use std::sync::Arc;

pub(super) fn router(
    settings: &SmsSettings,
    world: &World,
    telemetry: &Arc<dyn Telemetry>,
) -> Result<Arc<dyn Sms>, Box<dyn Error>> {
    let providers = settings.providers.iter().map(|one| provider(one, &settings.brand, &world.clock));
    let providers = providers.collect::<Result<Vec<_>, _>>()?;
    let routes = Routes { each: settings.route.clone(), own: settings.routes.clone() };
    let (clock, telemetry) = (Arc::clone(&world.clock), Arc::clone(telemetry));
    Ok(Arc::new(Router::new(providers, routes, settings.failover_after_timeout, clock, telemetry)))
}

fn provider(
    settings: &ProviderSettings,
    brand: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Provider>, Box<dyn Error>> {
    Ok(match settings {
        ProviderSettings::Console { file } => Arc::new(Console::new(brand, Some(file))?),
        ProviderSettings::Cloopen(settings) => Arc::new(Cloopen::new(cloopen(settings)?, Arc::clone(clock))?),
    })
}

fn cloopen(settings: &CloopenSettings) -> Result<cloopen::Settings, Box<dyn Error>> {
    Ok(cloopen::Settings {
        base_url: settings.base_url.parse()?,
        account_sid: settings.account_sid.clone(),
        auth_token: settings.auth_token.clone(),
        app_id: settings.app_id.clone(),
        templates: settings.templates.clone(),
        timeout: settings.timeout,
    })
}

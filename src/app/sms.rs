//! SMS router with the configured providers.

use super::runtime::Runtime;
use crate::adapters::sms::aliyun::{self, Aliyun};
use crate::adapters::sms::cloopen::{self, Cloopen};
use crate::adapters::sms::console::Console;
use crate::adapters::sms::router::{Router, Routes};
use crate::adapters::sms::tencent::{self, Tencent};
use crate::adapters::sms::twilio::{self, Twilio};
use crate::adapters::sms::webhook::{self, Webhook};
use crate::adapters::sms::{PhoneLimits, Provider};
use crate::config::{
    AliyunSettings, CloopenSettings, ProviderSettings, SmsSettings, TencentAccess, TencentSettings, TwilioSender,
    TwilioSettings, WebhookSettings,
};
use crate::domain::webhook::WebhookSecret;
use crate::ports::{Clock, Sms, Telemetry};
use secrecy::ExposeSecret;
use std::error::Error;
use std::sync::Arc;

pub(super) fn router(
    settings: &SmsSettings,
    runtime: &Runtime,
    phone_limits: PhoneLimits,
    telemetry: &Arc<dyn Telemetry>,
) -> Result<Arc<dyn Sms>, Box<dyn Error>> {
    let providers = settings.providers.iter().map(|one| provider(one, &settings.brand, &runtime.clock));
    let providers = providers.collect::<Result<Vec<_>, _>>()?;
    let routes = Routes { each: settings.route.clone(), own: settings.routes.clone() };
    let (clock, telemetry) = (Arc::clone(&runtime.clock), Arc::clone(telemetry));
    Ok(Arc::new(Router::new(providers, routes, settings.failover_after_timeout, phone_limits, clock, telemetry)))
}

fn provider(
    settings: &ProviderSettings,
    brand: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Provider>, Box<dyn Error>> {
    let clock = Arc::clone(clock);
    Ok(match settings {
        ProviderSettings::Console { file } => Arc::new(Console::new(brand, Some(file))?),
        ProviderSettings::Cloopen(settings) => Arc::new(Cloopen::new(cloopen(settings)?, clock)?),
        ProviderSettings::Aliyun(settings) => Arc::new(Aliyun::new(aliyun(settings)?, clock)?),
        ProviderSettings::Tencent(settings) => Arc::new(Tencent::new(tencent(settings)?, clock)?),
        ProviderSettings::Twilio(settings) => Arc::new(Twilio::new(twilio(settings, brand)?)?),
        ProviderSettings::Webhook(settings) => Arc::new(Webhook::new(webhook(settings, brand)?, clock)?),
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

fn aliyun(settings: &AliyunSettings) -> Result<aliyun::Settings, Box<dyn Error>> {
    Ok(aliyun::Settings {
        base_url: settings.base_url.parse()?,
        access_key_id: settings.access_key_id.clone(),
        access_key_secret: settings.access_key_secret.clone(),
        templates: settings.templates.clone(),
        timeout: settings.timeout,
    })
}

fn tencent(settings: &TencentSettings) -> Result<tencent::Settings, Box<dyn Error>> {
    let access = |access: &TencentAccess| -> Result<_, Box<dyn Error>> {
        Ok(tencent::Access {
            base_url: access.base_url.parse()?,
            secret_id: access.secret_id.clone(),
            secret_key: access.secret_key.clone(),
            app_id: access.app_id.clone(),
            region: access.region.clone(),
            sender_id: access.sender_id.clone(),
        })
    };
    Ok(tencent::Settings {
        domestic: access(&settings.domestic)?,
        international: access(&settings.international)?,
        templates: settings.templates.clone(),
        timeout: settings.timeout,
    })
}

fn twilio(settings: &TwilioSettings, brand: &str) -> Result<twilio::Settings, Box<dyn Error>> {
    Ok(twilio::Settings {
        base_url: settings.base_url.parse()?,
        account_sid: settings.account_sid.clone(),
        key_sid: settings.key_sid.clone(),
        key_secret: settings.key_secret.clone(),
        sender: match &settings.sender {
            TwilioSender::From(from) => twilio::Sender::From(from.clone()),
            TwilioSender::Service(sid) => twilio::Sender::Service(sid.clone()),
        },
        brand: brand.to_owned(),
        timeout: settings.timeout,
    })
}

fn webhook(settings: &WebhookSettings, brand: &str) -> Result<webhook::Settings, Box<dyn Error>> {
    Ok(webhook::Settings {
        url: settings.url.0.parse()?,
        secret: WebhookSecret::parse(settings.secret.expose_secret())
            .ok_or("SMS_WEBHOOK_SECRET: expected a secret of Standard Webhooks")?,
        brand: brand.to_owned(),
        timeout: settings.timeout,
    })
}

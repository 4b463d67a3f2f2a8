//! SMS providers: `SMS_PROVIDERS`, and the settings of each provider in it.

mod aliyun;
mod autofill;
mod cloopen;
mod http;
mod notices;
mod templates;
mod tencent;
mod twilio;
mod webhook;

pub use aliyun::AliyunSettings;
pub use cloopen::CloopenSettings;
pub use tencent::{TencentAccess, TencentSettings};
pub use twilio::{TwilioSender, TwilioSettings};
pub use webhook::WebhookSettings;

pub(super) use autofill::apps;
pub(super) use notices::read as notices;

use super::env::Env;
use super::mode::Mode;
use crate::domain::message::Topic;
use crate::domain::phone::{Region, region};
use crate::domain::policy::Policy;
use crate::domain::template::Templates;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug)]
pub struct SmsSettings {
    /// Sender name in messages with free text.
    pub brand: String,
    /// Names of providers in their order, for every region without a list of its own.
    pub route: Vec<&'static str>,
    /// Lists of single regions.
    pub routes: BTreeMap<Region, Vec<&'static str>>,
    /// Failover to the next provider also when it is unknown whether the one before sent the message.
    pub failover_after_timeout: bool,
    /// All providers that the routes name.
    pub providers: Vec<ProviderSettings>,
}

#[derive(Debug)]
pub enum ProviderSettings {
    /// Prints messages, and appends them to `file`. Development only.
    Console {
        file: PathBuf,
    },
    Cloopen(CloopenSettings),
    Aliyun(AliyunSettings),
    Tencent(TencentSettings),
    Twilio(TwilioSettings),
    Webhook(WebhookSettings),
}

impl ProviderSettings {
    /// Timeout of a whole request.
    const fn timeout(&self) -> Duration {
        match self {
            Self::Console { .. } => Duration::ZERO,
            Self::Cloopen(settings) => settings.timeout,
            Self::Aliyun(settings) => settings.timeout,
            Self::Tencent(settings) => settings.timeout,
            Self::Twilio(settings) => settings.timeout,
            Self::Webhook(settings) => settings.timeout,
        }
    }

    /// Templates of the provider. `None`: it sends free text.
    const fn templates(&self) -> Option<&Templates> {
        match self {
            Self::Console { .. } | Self::Twilio(_) | Self::Webhook(_) => None,
            Self::Cloopen(settings) => Some(&settings.templates),
            Self::Aliyun(settings) => Some(&settings.templates),
            Self::Tencent(settings) => Some(&settings.templates),
        }
    }

    /// Tells whether the provider refuses messages to the region without a signature.
    fn requires_signature(&self, region: Region) -> bool {
        match self {
            Self::Aliyun(_) => true,
            Self::Tencent(_) => region == Region::CN,
            _ => false,
        }
    }

    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Console { .. } => "console",
            Self::Cloopen(_) => "cloopen",
            Self::Aliyun(_) => "aliyun",
            Self::Tencent(_) => "tencent",
            Self::Twilio(_) => "twilio",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// Names of all providers.
const NAMES: [&str; 6] = ["console", "cloopen", "aliyun", "tencent", "twilio", "webhook"];

pub(super) fn read(env: &mut Env, mode: Mode, folder: &Path) -> SmsSettings {
    let route = route(env, "SMS_PROVIDERS").unwrap_or_else(|| vec!["console"]);
    let mut routes = BTreeMap::new();
    for suffix in env.suffixes("SMS_PROVIDERS_") {
        let name = format!("SMS_PROVIDERS_{suffix}");
        match (region(&suffix), self::route(env, &name)) {
            (Some(region), Some(list)) => drop(routes.insert(region, list)),
            (None, _) => env.problem(&name, "expected an ISO 3166 region code at the end, like SMS_PROVIDERS_US"),
            (_, None) => {}
        }
    }
    let mut named: Vec<&str> = routes.values().flatten().chain(&route).copied().collect();
    named.sort_unstable();
    named.dedup();
    if mode == Mode::Production && env.text("SMS_PROVIDERS").is_none() {
        env.problem("SMS_PROVIDERS", "must be set in production, for example to cloopen,aliyun");
    } else if mode == Mode::Production && named.contains(&"console") {
        env.problem("SMS_PROVIDERS", "expected a real provider in production, like cloopen: console prints the codes");
    }
    SmsSettings {
        brand: brand(env),
        providers: named.into_iter().map(|name| provider(env, mode, folder, name)).collect(),
        failover_after_timeout: env.flag("SMS_FAILOVER_AFTER_TIMEOUT", false),
        route,
        routes,
    }
}

/// Reads one list of providers, each once.
fn route(env: &mut Env, name: &str) -> Option<Vec<&'static str>> {
    let expected = format!("expected one or more of {}, separated by commas, each once", NAMES.join(", "));
    env.read(name, None, |text| {
        let find = |item: &str| NAMES.into_iter().find(|known| *known == item.trim()).ok_or_else(|| expected.clone());
        let list = text.split(',').map(find).collect::<Result<Vec<_>, _>>()?;
        let duplicate = list.iter().enumerate().any(|(at, name)| list[..at].contains(name));
        if duplicate { Err(expected.clone()) } else { Ok(Some(list)) }
    })
}

/// Reads 1 to 20 characters. Each character adds to the length, and so to the price, of every message.
fn brand(env: &mut Env) -> String {
    env.read("SMS_BRAND", "doorstep".to_owned(), |text| {
        let allowed = !text.chars().any(|c| c.is_control() || "【】".contains(c));
        if allowed && text.chars().count() <= 20 {
            Ok(text.to_owned())
        } else {
            Err("expected 1 to 20 characters, without line breaks, 【 and 】".to_owned())
        }
    })
}

fn provider(env: &mut Env, mode: Mode, folder: &Path, name: &str) -> ProviderSettings {
    match name {
        "cloopen" => ProviderSettings::Cloopen(cloopen::read(env, mode)),
        "aliyun" => ProviderSettings::Aliyun(aliyun::read(env, mode)),
        "tencent" => ProviderSettings::Tencent(tencent::read(env, mode)),
        "twilio" => ProviderSettings::Twilio(twilio::read(env, mode)),
        "webhook" => ProviderSettings::Webhook(webhook::read(env, mode)),
        _ => ProviderSettings::Console {
            file: env.text("SMS_CONSOLE_FILE").map_or_else(|| folder.join("outbox.log"), PathBuf::from),
        },
    }
}

impl SmsSettings {
    fn route_for(&self, region: Region) -> &[&'static str] {
        self.routes.get(&region).unwrap_or(&self.route)
    }

    /// Longest time to send a message: every provider of the slowest route times out.
    pub(super) fn max_send_duration(&self) -> Duration {
        let total = |route: &Vec<&str>| -> Duration {
            self.providers.iter().filter(|known| route.contains(&known.name())).map(ProviderSettings::timeout).sum()
        };
        self.routes.values().chain([&self.route]).map(total).max().unwrap_or_default()
    }

    /// Validates the settings together with other settings.
    pub(super) fn validate(&self, env: &mut Env, policy: &Policy) {
        let max = self.max_send_duration();
        if policy.limits.cooldowns.0.iter().any(|wait| *wait <= max) {
            let reason =
                "the timeouts of a region's providers together; otherwise a resend can overtake the first message";
            env.problem("COOLDOWN_SECONDS", format!("expected more than {} s: {reason}", max.as_secs()));
        }
        for provider in &self.providers {
            if let Some(templates) = provider.templates() {
                self.validate_templates(env, policy, provider, templates);
            }
        }
        if self.providers.iter().any(|provider| provider.templates().is_none()) {
            autofill::validate(env, &self.brand, &policy.apps);
        }
    }

    /// Checks that every region of the provider has a template for each topic, and a signature if the provider requires
    /// one.
    fn validate_templates(&self, env: &mut Env, policy: &Policy, provider: &ProviderSettings, templates: &Templates) {
        let served = policy.regions.iter().filter(|region| self.route_for(*region).contains(&provider.name()));
        let served: Vec<Region> = served.collect();
        let prefix = provider.name().to_uppercase();
        let sent = |topic: &Topic| !Topic::OPTIONAL.contains(topic) || policy.notices.contains(topic);
        for topic in Topic::ALL.into_iter().filter(sent) {
            if let Some(region) = served.iter().find(|region| templates.of(topic, **region).is_none()) {
                let name = format!("SMS_{prefix}_TEMPLATE_{}", topic.name().to_uppercase());
                env.problem(&name, format!("must be set, or {name}_{region} for that region"));
            }
        }
        let signed = served.iter().filter(|region| provider.requires_signature(**region));
        let unsigned = signed.copied().find(|region| {
            let mut templates = Topic::ALL.iter().filter_map(|topic| templates.of(*topic, *region));
            templates.any(|template| template.signature.is_none())
        });
        if let Some(region) = unsigned {
            let name = format!("SMS_{prefix}_SIGN_NAME");
            env.problem(&name, format!("must be set, or {name}_{region} for that region"));
        }
    }
}

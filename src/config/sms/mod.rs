//! Who carries the messages: `SMS_PROVIDERS` and what each provider in it needs.

mod aliyun;
mod autofill;
mod cloopen;
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

use super::Mode;
use super::env::Env;
use crate::domain::client_app::ClientApps;
use crate::domain::message::Topic;
use crate::domain::phone::{Region, Regions, region};
use crate::domain::template::Templates;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

#[derive(Debug)]
pub struct SmsSettings {
    /// Whose messages these are, where they are free text.
    pub brand: String,
    /// Names of providers in their order, for every region that has no list of its own.
    pub route: Vec<&'static str>,
    pub routes: BTreeMap<Region, Vec<&'static str>>,
    /// Ask the next provider also when nobody knows whether the one before has sent.
    pub failover_after_timeout: bool,
    /// Each that a route names.
    pub providers: Vec<ProviderSettings>,
}

#[derive(Debug)]
pub enum ProviderSettings {
    /// Printed, and appended to `file`. Development only.
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
    /// For a whole request.
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

    /// Of those that have any; the others carry free text.
    const fn templates(&self) -> Option<&Templates> {
        match self {
            Self::Console { .. } | Self::Twilio(_) | Self::Webhook(_) => None,
            Self::Cloopen(settings) => Some(&settings.templates),
            Self::Aliyun(settings) => Some(&settings.templates),
            Self::Tencent(settings) => Some(&settings.templates),
        }
    }

    /// Whether messages to the region are refused without a signature.
    fn wants_signature(&self, region: Region) -> bool {
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

/// Every provider that there is.
const NAMES: [&str; 6] = ["console", "cloopen", "aliyun", "tencent", "twilio", "webhook"];

pub(super) fn read(env: &mut Env, mode: Mode, folder: &Path) -> SmsSettings {
    let route = route(env, "SMS_PROVIDERS").unwrap_or_else(|| vec!["console"]);
    let mut routes = BTreeMap::new();
    for suffix in env.suffixes("SMS_PROVIDERS_") {
        let name = format!("SMS_PROVIDERS_{suffix}");
        match (region(&suffix), self::route(env, &name)) {
            (Some(region), Some(list)) => drop(routes.insert(region, list)),
            (None, _) => env.problem(&name, "expected the ISO 3166 code of a region at its end, like SMS_PROVIDERS_US"),
            (_, None) => {}
        }
    }
    let mut named: Vec<&str> = routes.values().flatten().chain(&route).copied().collect();
    named.sort_unstable();
    named.dedup();
    if mode == Mode::Production && env.text("SMS_PROVIDERS").is_none() {
        env.problem("SMS_PROVIDERS", "must be set in production, like cloopen,aliyun");
    } else if mode == Mode::Production && named.contains(&"console") {
        env.problem("SMS_PROVIDERS", "console prints codes: production needs a real provider, like cloopen");
    }
    SmsSettings {
        brand: brand(env),
        providers: named.into_iter().map(|name| provider(env, mode, folder, name)).collect(),
        failover_after_timeout: env.flag("SMS_FAILOVER_AFTER_TIMEOUT", false),
        route,
        routes,
    }
}

/// The providers of one list, each once.
fn route(env: &mut Env, name: &str) -> Option<Vec<&'static str>> {
    let expected = format!("expected names out of {}, each once", NAMES.join(", "));
    env.read(name, None, |text| {
        let known = |item: &str| NAMES.into_iter().find(|known| *known == item.trim()).ok_or_else(|| expected.clone());
        let list = text.split(',').map(known).collect::<Result<Vec<_>, _>>()?;
        let twice = list.iter().enumerate().any(|(at, name)| list[..at].contains(name));
        if twice { Err(expected.clone()) } else { Ok(Some(list)) }
    })
}

/// 1 to 20 characters: every one of them is paid for with each message.
fn brand(env: &mut Env) -> String {
    env.read("SMS_BRAND", "doorstep".to_owned(), |text| {
        let plain = !text.chars().any(|c| c.is_control() || "【】".contains(c));
        if plain && text.chars().count() <= 20 {
            Ok(text.to_owned())
        } else {
            Err("expected 1 to 20 characters without line breaks and 【】".to_owned())
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

/// A provider's own, or the one of all.
fn timeout(env: &mut Env, name: &str) -> Duration {
    let all = env.seconds("SMS_TIMEOUT_SECONDS", Duration::from_secs(5), 1, 30);
    env.seconds(name, all, 1, 30)
}

/// Production speaks to providers through TLS. An address is shown by `check-config`, so it holds no password.
fn base_url(env: &mut Env, mode: Mode, name: &str, default: &str) -> String {
    let text = env.text(name).unwrap_or_else(|| default.to_owned());
    match Url::parse(&text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            env.problem(name, "must not have a user or a password in it");
        }
        Ok(url) if url.scheme() == "https" && url.has_host() => {}
        Ok(url) if url.scheme() == "http" && url.has_host() && mode == Mode::Development => {}
        _ => env.problem(name, "expected an https:// address (http:// in development)"),
    }
    text
}

impl SmsSettings {
    fn route_of(&self, region: Region) -> &[&'static str] {
        self.routes.get(&region).unwrap_or(&self.route)
    }

    /// How long a message may take when every provider of the longest route stands still.
    pub(super) fn max_send_duration(&self) -> Duration {
        let of = |route: &Vec<&str>| -> Duration {
            self.providers.iter().filter(|known| route.contains(&known.name())).map(ProviderSettings::timeout).sum()
        };
        self.routes.values().chain([&self.route]).map(of).max().unwrap_or_default()
    }

    /// What only shows beside the other settings.
    pub(super) fn validate(&self, env: &mut Env, regions: &Regions, apps: &ClientApps, cooldowns: &[Duration]) {
        if cooldowns.iter().any(|wait| *wait <= self.max_send_duration()) {
            env.problem(
                "COOLDOWN_SECONDS",
                "must be longer than the time-outs of all providers of a region together, or two messages overtake each other",
            );
        }
        for provider in &self.providers {
            if let Some(templates) = provider.templates() {
                self.validate_templates(env, regions, provider, templates);
            }
        }
        if self.providers.iter().any(|provider| provider.templates().is_none()) {
            autofill::validate(env, &self.brand, apps);
        }
    }

    /// Every region that the provider serves has a template for each topic, and a signature where one is needed.
    fn validate_templates(&self, env: &mut Env, regions: &Regions, provider: &ProviderSettings, templates: &Templates) {
        let served = regions.iter().filter(|region| self.route_of(*region).contains(&provider.name()));
        let served: Vec<Region> = served.collect();
        let prefix = provider.name().to_uppercase();
        for topic in Topic::ALL {
            if let Some(region) = served.iter().find(|region| templates.of(topic, **region).is_none()) {
                let name = format!("SMS_{prefix}_TEMPLATE_{}", topic.name().to_uppercase());
                env.problem(&name, format!("must be set, or {name}_{region} for that region"));
            }
        }
        let wanting = served.iter().filter(|region| provider.wants_signature(**region));
        let unsigned = wanting.copied().find(|region| {
            let mut of_region = Topic::ALL.iter().filter_map(|topic| templates.of(*topic, *region));
            of_region.any(|template| template.signature.is_none())
        });
        if let Some(region) = unsigned {
            let name = format!("SMS_{prefix}_SIGN_NAME");
            env.problem(&name, format!("must be set, or {name}_{region} for that region"));
        }
    }
}

//! SMS providers: `SMS_PROVIDERS`, and the settings of each provider in it.

pub mod aliyun;
pub(super) mod autofill;
pub mod cloopen;
mod common;
pub mod console;
mod length;
pub(super) mod notices;
mod templates;
pub(super) mod texts;
pub mod tencent;
pub mod twilio;
pub mod webhook;

use super::env::Env;
use super::variable::Production::Required;
use super::variable::{About, Section, Variable, WithDefault, flag, section};
use crate::domain::message::Topic;
use crate::domain::phone::{Region, region};
use crate::domain::policy::Policy;
use crate::domain::template::Templates;
use common::Common;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug)]
pub struct SmsSettings {
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
#[expect(clippy::large_enum_variant, reason = "there is one for each provider, once")]
pub enum ProviderSettings {
    Console(console::Settings),
    Cloopen(cloopen::Settings),
    Aliyun(aliyun::Settings),
    Tencent(tencent::Settings),
    Twilio(twilio::Settings),
    Webhook(webhook::Settings),
}

/// Reader of a provider's settings.
struct Provider {
    name: &'static str,
    section: fn() -> Section,
    read: fn(&mut Env) -> ProviderSettings,
}

section! {
    fn section = "SMS", "docs/sms-providers.md describes the set-up and the errors of each provider.";
    /// Providers that send messages, in this order; console is for development only. The next provider gets the message
    /// when the one before certainly did not send it: it refused or was unreachable. SMS_PROVIDERS_US is the list of
    /// one region, by its ISO 3166 code.
    pub(super) static SMS_PROVIDERS: WithDefault<Route> = Variable::new("", route)
        .computed(|| format!("one or more of {}, separated by commas, each once", names().join(", ")))
        .with_variants()
        .production(Required("console prints the codes"))
        .shown_default(|| vec![console::NAME], |route| route.join(","));
    /// Try the next provider also when it is unknown whether the one before sent the message. The user may then get the
    /// same code twice.
    static SMS_FAILOVER_AFTER_TIMEOUT: WithDefault<bool> = flag().default(|| false);
}

/// All providers.
const PROVIDERS: [Provider; 6] = [
    Provider {
        name: console::NAME,
        section: console::section,
        read: |env| ProviderSettings::Console(console::read(env)),
    },
    Provider {
        name: cloopen::NAME,
        section: cloopen::section,
        read: |env| ProviderSettings::Cloopen(cloopen::read(env)),
    },
    Provider { name: aliyun::NAME, section: aliyun::section, read: |env| ProviderSettings::Aliyun(aliyun::read(env)) },
    Provider {
        name: tencent::NAME,
        section: tencent::section,
        read: |env| ProviderSettings::Tencent(tencent::read(env)),
    },
    Provider { name: twilio::NAME, section: twilio::section, read: |env| ProviderSettings::Twilio(twilio::read(env)) },
    Provider {
        name: webhook::NAME,
        section: webhook::section,
        read: |env| ProviderSettings::Webhook(webhook::read(env)),
    },
];

impl ProviderSettings {
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.common().name()
    }

    /// The part that all providers have in common.
    fn common(&self) -> &dyn Common {
        match self {
            Self::Console(settings) => settings,
            Self::Cloopen(settings) => settings,
            Self::Aliyun(settings) => settings,
            Self::Tencent(settings) => settings,
            Self::Twilio(settings) => settings,
            Self::Webhook(settings) => settings,
        }
    }
}

/// Names of all providers.
pub(super) fn names() -> [&'static str; PROVIDERS.len()] {
    PROVIDERS.map(|provider| provider.name)
}

type Route = Vec<&'static str>;

pub(super) fn sections() -> impl Iterator<Item = Section> {
    let common =
        [section(), common::section(), texts::section(), autofill::section(), notices::section(), templates::section()];
    common.into_iter().chain(PROVIDERS.iter().map(|provider| (provider.section)()))
}

pub(super) fn read(env: &mut Env) -> SmsSettings {
    let route = env.get(&SMS_PROVIDERS);
    let routes = routes(env);
    let used = |provider: &&Provider| routes.values().chain([&route]).any(|route| route.contains(&provider.name));
    let mut used: Vec<&Provider> = PROVIDERS.iter().filter(used).collect();
    used.sort_unstable_by_key(|provider| provider.name);
    if env.is_production() && env.text(SMS_PROVIDERS.name).is_some() && used.iter().any(|one| one.name == console::NAME)
    {
        let what = "expected a real provider in production, like cloopen: console prints the codes";
        env.problem(SMS_PROVIDERS.name, what);
    }
    SmsSettings {
        providers: used.into_iter().map(|provider| (provider.read)(env)).collect(),
        failover_after_timeout: env.get(&SMS_FAILOVER_AFTER_TIMEOUT),
        route,
        routes,
    }
}

/// Reads the lists of single regions.
fn routes(env: &mut Env) -> BTreeMap<Region, Route> {
    let mut routes = BTreeMap::new();
    for suffix in env.suffixes("SMS_PROVIDERS_") {
        let name = format!("SMS_PROVIDERS_{suffix}");
        let Some(region) = region(&suffix) else {
            env.problem(&name, "expected an ISO 3166 region code at the end, like SMS_PROVIDERS_US");
            continue;
        };
        match SMS_PROVIDERS.parse(&env.text(&name).unwrap_or_default()) {
            Ok(route) => drop(routes.insert(region, route)),
            Err(what) => env.problem(&name, what),
        }
    }
    routes
}

/// Reads one list of providers, each once.
fn route(text: &str, about: &About) -> Result<Route, String> {
    let find = |item: &str| names().into_iter().find(|name| *name == item.trim());
    let route = about.unless_none(text.split(',').map(find).collect::<Option<Route>>())?;
    let is_repeated = route.iter().enumerate().any(|(at, name)| route[..at].contains(name));
    if is_repeated { Err(about.expected()) } else { Ok(route) }
}

impl SmsSettings {
    fn route_for(&self, region: Region) -> &[&'static str] {
        self.routes.get(&region).unwrap_or(&self.route)
    }

    /// Longest time to send a message: every provider of the slowest route times out.
    fn max_send_duration(&self) -> Duration {
        let total = |route: &Vec<&str>| -> Duration {
            let used = self.providers.iter().filter(|known| route.contains(&known.name()));
            used.map(|provider| provider.common().timeout()).sum()
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
            if let Some(templates) = provider.common().templates() {
                self.validate_templates(env, policy, provider, templates);
            }
        }
        if self.providers.iter().any(|provider| provider.common().templates().is_none()) {
            texts::validate(env, policy);
            autofill::validate(env, &policy.texts, &policy.apps);
        }
    }

    /// Checks that every region of the provider has a template for each topic, and a signature if the provider requires
    /// one.
    fn validate_templates(&self, env: &mut Env, policy: &Policy, provider: &ProviderSettings, templates: &Templates) {
        let served = policy.regions.iter().filter(|region| self.route_for(*region).contains(&provider.name()));
        let served: Vec<Region> = served.collect();
        let prefix = provider.name().to_uppercase();
        for topic in Topic::ALL.into_iter().filter(|topic| policy.sends(*topic)) {
            if let Some(region) = served.iter().find(|region| templates.of(topic, **region).is_none()) {
                let name = format!("SMS_{prefix}_TEMPLATE_{}", topic.name().to_uppercase());
                env.problem(&name, format!("must be set, or {name}_{region} for that region"));
            }
        }
        let signed = served.iter().filter(|region| provider.common().requires_signature(**region));
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

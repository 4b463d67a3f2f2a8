//! Rate limits. Their names, defaults and documentation are those of the catalogue.

use super::env::Env;
use super::variable::{Declared, Description, Section, Variable, WithDefault, items, list, number, section};
use crate::domain::limits::Cooldowns;
use crate::domain::limits::{Entry, Limit, Limits, ReservedShare, Scope};
use crate::domain::phone::{Region, Regions, region};
use std::time::Duration;

section! {
    fn others = "Limits",
        "An IP block is an IPv4 address or an IPv6 /64. An IPv6 /56 may have twice, a /48 six times as much. In \
         production, more than 100 times the default for an IP block is a warning.";
    /// Cooldowns: wait after the first, second, third and every further message to a phone within an hour, seconds.
    static COOLDOWN_SECONDS: WithDefault<Vec<u64>> = list("seconds, like 60,120,300").shown_default(
        || Cooldowns::default().0.iter().map(Duration::as_secs).collect(),
        |waits| waits.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
    );
    /// Share of each budget of messages, and of each limit of an IP block on messages, phones and unverified codes,
    /// that new numbers, existing accounts and known devices each keep, in percent. Sign-ups can use the rest, and no
    /// more.
    static SMS_BUDGET_RESERVED_PERCENT: WithDefault<u32> =
        number(0, ReservedShare::HIGHEST as u64).default(|| ReservedShare::default().of(100));
}

const DAY: u64 = 86_400;

/// Highest maximum for a region.
const REGION_HIGHEST: u32 = Limit::RegionHour.entry().highest;

/// One maximum for every region, and others for some regions: `1000,US=50`.
#[derive(Default)]
struct RegionMaxima {
    every: Option<u32>,
    own: Vec<(Region, u32)>,
}

/// The settings of the catalogue.
struct Catalogue;

impl Declared for Catalogue {
    fn describe(&self) -> Vec<Description> {
        let mut found: Vec<Description> = Vec::new();
        for entry in Limit::ALL.into_iter().map(Limit::entry) {
            let default = Some(entry.default.max.to_string());
            let description = match entry {
                Entry { scope: Scope::Region, .. } => regional(&entry).map(|variable| variable.description(default)),
                _ => variable(&entry).map(|variable| variable.description(default)),
            };
            // Two limits may share a setting.
            found.extend(description.filter(|new| !found.iter().any(|known| known.name == new.name)));
        }
        found
    }
}

fn variable(entry: &Entry) -> Option<Variable<u32>> {
    entry.setting.map(|(name, doc)| number(1, entry.highest.into()).named(name, doc))
}

fn regional(entry: &Entry) -> Option<Variable<RegionMaxima>> {
    let (name, doc) = entry.setting?;
    let variable = Variable::new("", |text, about| about.unless_none(region_maxima(text))).named(name, doc);
    Some(
        variable.computed(|| {
            format!("a whole number from 1 to {REGION_HIGHEST}, and regions with another, like 1000,US=50")
        }),
    )
}

fn region_maxima(text: &str) -> Option<RegionMaxima> {
    let mut maxima = RegionMaxima::default();
    for item in items(text) {
        let (code, max) = item.split_once('=').map_or((None, item), |(code, max)| (Some(code.trim()), max.trim()));
        let max = max.parse().ok().filter(|max| (1..=REGION_HIGHEST).contains(max))?;
        match code {
            None => maxima.every = Some(max),
            Some(code) => maxima.own.push((region(code)?, max)),
        }
    }
    Some(maxima)
}

pub(super) fn section() -> Section {
    let mut section = others();
    section.settings.splice(1..1, Catalogue.describe());
    section
}

pub(super) fn read(env: &mut Env, regions: &Regions) -> Limits {
    let mut limits = Limits::default();
    limits.cooldowns = cooldowns(env);
    for limit in Limit::ALL {
        read_limit(env, limit, &mut limits);
        warn_of_loose_limit(env, limit, limits.quota(limit).max);
    }
    limits.reserved = ReservedShare::percent(env.get(&SMS_BUDGET_RESERVED_PERCENT));
    for limit in Limit::ALL {
        if let Entry { setting: Some((name, _)), within: Some(other), .. } = limit.entry()
            && limits.quota(limit).max > limits.quota(other).max
            && let Some((other, _)) = other.entry().setting
        {
            env.problem(name, format!("is more than {other}"));
        }
    }
    for (name, contradiction) in limits.contradictions(regions) {
        env.warning(name, contradiction);
    }
    limits
}

fn read_limit(env: &mut Env, limit: Limit, limits: &mut Limits) {
    let entry = limit.entry();
    if entry.scope == Scope::Region {
        let maxima = regional(&entry).and_then(|variable| env.optional(&variable)).unwrap_or_default();
        maxima.every.into_iter().for_each(|max| limits.set(limit, max));
        maxima.own.into_iter().for_each(|(region, max)| limits.set_region(limit, region, max));
    } else if let Some(max) = variable(&entry).and_then(|variable| env.optional(&variable)) {
        limits.set(limit, max);
    }
}

/// Warns of a limit of an IP block that is over 100 times its default. A small service has no other defence against one
/// client. Budgets have no such warning, because they grow with the service.
fn warn_of_loose_limit(env: &mut Env, limit: Limit, max: u32) {
    let Entry { setting: Some((name, _)), scope: Scope::IpBlock, default, .. } = limit.entry() else { return };
    if env.is_production() && max > default.max.saturating_mul(100) {
        env.warning(name, format!("is over 100 times its default, {}, and so hardly a limit", default.max));
    }
}

fn cooldowns(env: &mut Env) -> Cooldowns {
    let waits = env.get(&COOLDOWN_SECONDS);
    if waits.is_empty() || waits.len() > 10 || waits.iter().any(|wait| !(1..=DAY).contains(wait)) {
        env.problem(COOLDOWN_SECONDS.name, "expected one to ten waits of 1 to 86400 seconds");
    }
    Cooldowns(waits.into_iter().map(Duration::from_secs).collect())
}

//! Reads the numbers of the policy that an operator may change.

use super::env::Env;
use super::mode::Mode;
use super::{avatar, legal, public_urls, test_phones};
use crate::domain::flow::{Cooldowns, FlowPolicy};
use crate::domain::ip_block::Nat64;
use crate::domain::limits::{Entry, Limit, Limits, ReservedShare, Scope};
use crate::domain::phone::{Regions, region};
use crate::domain::policy::{CaptchaPolicy, Demand, Policy, ProofPolicy, SessionPolicy};
use ipnet::Ipv6Net;
use std::time::Duration;

const DAY: u64 = 86_400;

pub(super) fn read(env: &mut Env, mode: Mode, captcha: CaptchaPolicy) -> Policy {
    let regions = env.read("PHONE_REGIONS", Regions::default(), |text| {
        let regions = Regions::parse(text.split(',').map(str::trim));
        regions.ok_or_else(|| "expected ISO 3166 country codes, like CN,SG; the first is the default".to_owned())
    });
    let defaults = Policy::new(regions);
    Policy {
        flow: flow(env, &defaults.flow),
        limits: limits(env, mode, &defaults.regions),
        nat64: nat64(env),
        apps: super::sms::apps(env),
        captcha,
        proof: proof(env, &defaults.proof),
        test_phones: test_phones::read(env, mode),
        session: session(env, &defaults.session),
        public_urls: public_urls::read(env, mode),
        conceal_taken_phone: env.flag("REGISTER_CONCEAL_TAKEN", defaults.conceal_taken_phone),
        legal_documents: legal::read(env),
        avatar_base: avatar::base(env),
        avatar: avatar::policy(env, &defaults.avatar),
        ..defaults
    }
}

fn flow(env: &mut Env, defaults: &FlowPolicy) -> FlowPolicy {
    FlowPolicy {
        // OWASP ASVS 5.0 6.5.5: a code is valid for ten minutes at most.
        code_ttl: env.seconds("CODE_SECONDS", defaults.code_ttl, 60, 600),
        verified_ttl: env.seconds("VERIFIED_SECONDS", defaults.verified_ttl, 60, 3_600),
        attempts: env.number("CODE_ATTEMPTS", defaults.attempts, 1, 10),
        ..defaults.clone()
    }
}

/// Every limit of the catalogue that has a setting.
fn limits(env: &mut Env, mode: Mode, regions: &Regions) -> Limits {
    let mut limits = Limits::default();
    limits.cooldowns = cooldowns(env);
    for limit in Limit::ALL {
        let entry = limit.entry();
        match entry {
            Entry { variable: Some(name), scope: Scope::Region, .. } => region_maxima(env, name, limit, &mut limits),
            Entry { variable: Some(name), default, highest, .. } => {
                limits.set(limit, env.number(name, default.max, 1, highest));
            }
            Entry { variable: None, .. } => {}
        }
        warn_of_loose_limit(env, mode, limit, limits.quota(limit).max);
    }
    let percent = env.number("SMS_BUDGET_RESERVED_PERCENT", 30, 0, ReservedShare::HIGHEST);
    limits.reserved = ReservedShare::percent(percent);
    for limit in Limit::ALL {
        if let Entry { variable: Some(name), within: Some(other), .. } = limit.entry()
            && limits.quota(limit).max > limits.quota(other).max
        {
            let other = other.entry().variable.unwrap_or_default();
            env.problem(name, format!("is more than {other}"));
        }
    }
    for (name, contradiction) in limits.contradictions(regions) {
        env.warning(name, contradiction);
    }
    limits
}

/// Warns of a limit of an IP block that is over 100 times its default. A small service has no other defence against one
/// client. Budgets have no such warning, because they grow with the service.
fn warn_of_loose_limit(env: &mut Env, mode: Mode, limit: Limit, max: u32) {
    let Entry { variable: Some(name), scope: Scope::IpBlock, default, .. } = limit.entry() else { return };
    if mode == Mode::Production && max > default.max.saturating_mul(100) {
        env.warning(name, format!("is over 100 times its default, {}, and so hardly a limit", default.max));
    }
}

/// Prefixes of NAT64 gateways, whose clients count by their IPv4 address.
fn nat64(env: &mut Env) -> Nat64 {
    let expected = "IPv6 prefixes, like 64:ff9b:1::/96";
    let prefixes: Vec<Ipv6Net> = env.list("NAT64_PREFIXES", Vec::new(), expected);
    if prefixes.iter().any(|prefix| !Nat64::LENGTHS.contains(&prefix.prefix_len())) {
        env.problem("NAT64_PREFIXES", "expected prefixes of 32, 40, 48, 56, 64 or 96 bits (RFC 6052)");
    }
    Nat64::new(prefixes)
}

fn cooldowns(env: &mut Env) -> Cooldowns {
    let seconds = Cooldowns::default().0.iter().map(Duration::as_secs).collect();
    let waits: Vec<u64> = env.list("COOLDOWN_SECONDS", seconds, "seconds, like 60,120,300");
    if waits.is_empty() || waits.len() > 10 || waits.iter().any(|wait| !(1..=DAY).contains(wait)) {
        env.problem("COOLDOWN_SECONDS", "expected one to ten waits of 1 to 86400 seconds");
    }
    Cooldowns(waits.into_iter().map(Duration::from_secs).collect())
}

/// One maximum for every region, and others for some regions: `1000,US=50`.
fn region_maxima(env: &mut Env, name: &str, limit: Limit, limits: &mut Limits) {
    let read = |text: &str, limits: &mut Limits| {
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (code, max) = item.split_once('=').map_or((None, item), |(code, max)| (Some(code.trim()), max.trim()));
            let max = max.parse().ok().filter(|max| (1..=limit.entry().highest).contains(max))?;
            match code {
                None => limits.set(limit, max),
                Some(code) => limits.set_region(limit, region(code)?, max),
            }
        }
        Some(())
    };
    if let Some(text) = env.text(name)
        && read(&text, limits).is_none()
    {
        let highest = limit.entry().highest;
        let what = format!("expected a whole number from 1 to {highest}, and regions with another, like 1000,US=50");
        env.problem(name, what);
    }
}

fn proof(env: &mut Env, defaults: &ProofPolicy) -> ProofPolicy {
    ProofPolicy {
        demand: env.read("PROOF_OF_WORK", defaults.demand, |text| match text {
            "off" => Ok(Demand::Never),
            "auto" => Ok(Demand::OnAbuseSignal),
            "always" => Ok(Demand::Always),
            _ => Err("expected off, auto or always".to_owned()),
        }),
        // With more than 26 a slow phone finds no solution within the lifetime of a challenge.
        bits: env.number("PROOF_OF_WORK_BITS", defaults.bits, 1, 26),
    }
}

fn session(env: &mut Env, defaults: &SessionPolicy) -> SessionPolicy {
    let days = |days: u64| Duration::from_secs(days * DAY);
    let policy = SessionPolicy {
        retry: env.seconds("REFRESH_RETRY_SECONDS", defaults.retry, 0, 3_600),
        per_user: defaults.per_user,
        access_ttl: env.seconds("ACCESS_TOKEN_SECONDS", defaults.access_ttl, 60, 3_600),
        idle: days(env.number("SESSION_IDLE_DAYS", defaults.idle.as_secs() / DAY, 1, 365)),
        absolute: days(env.number("SESSION_ABSOLUTE_DAYS", defaults.absolute.as_secs() / DAY, 1, 3_650)),
    };
    if policy.idle > policy.absolute {
        env.problem("SESSION_IDLE_DAYS", "is longer than SESSION_ABSOLUTE_DAYS");
    }
    policy
}

//! The numbers of `domain::policy` that an operator may change.

use super::env::Env;
use super::{Mode, avatar, captcha, test_phones};
use crate::domain::phone::{Regions, region};
use crate::domain::policy::{
    CodePolicy, Demand, LoginPolicy, PhoneLimits, Policy, ProofPolicy, Quota, RegionQuota, SessionPolicy, SmsLimits,
};
use std::time::Duration;

const DAY: u64 = 86_400;

pub(super) fn read(env: &mut Env, mode: Mode) -> Policy {
    let regions = env.read("PHONE_REGIONS", Regions::default(), |text| {
        let regions = Regions::parse(text.split(',').map(str::trim));
        regions.ok_or_else(|| "expected ISO 3166 country codes, like CN,SG; the first is the default".to_owned())
    });
    let defaults = Policy::new(regions);
    Policy {
        code: code(env, &defaults.code),
        phone: phone(env, &defaults.phone),
        captchas_per_ip: quota(env, "LIMIT_IP_CAPTCHAS", defaults.captchas_per_ip),
        audio_captchas_per_ip: quota(env, "LIMIT_IP_AUDIO_CAPTCHAS", defaults.audio_captchas_per_ip),
        sms: sms(env, &defaults.sms),
        apps: super::sms::apps(env),
        captcha: captcha::read(env, mode, &defaults.captcha),
        proof: proof(env, &defaults.proof),
        test_phones: test_phones::read(env, mode),
        session: session(env, &defaults.session),
        login: login(env, &defaults.login),
        conceal_taken_phone: env.flag("REGISTER_CONCEAL_TAKEN", defaults.conceal_taken_phone),
        avatar_base: avatar::base(env),
        avatar: avatar::policy(env, &defaults.avatar),
        ..defaults
    }
}

fn quota(env: &mut Env, name: &str, defaults: Quota) -> Quota {
    Quota { max: env.number(name, defaults.max, 1, 1_000_000_000), ..defaults }
}

fn code(env: &mut Env, defaults: &CodePolicy) -> CodePolicy {
    CodePolicy {
        // OWASP ASVS 5.0 6.5.5: a code lives for ten minutes at most.
        life: env.seconds("CODE_SECONDS", defaults.life, 60, 600),
        verified_life: env.seconds("VERIFIED_SECONDS", defaults.verified_life, 60, 3_600),
        attempts: env.number("CODE_ATTEMPTS", defaults.attempts, 1, 10),
        ..defaults.clone()
    }
}

fn phone(env: &mut Env, defaults: &PhoneLimits) -> PhoneLimits {
    let seconds = defaults.cooldowns.iter().map(Duration::as_secs).collect();
    let cooldowns: Vec<u64> = env.list("COOLDOWN_SECONDS", seconds, "seconds, like 60,120,300");
    if cooldowns.is_empty() || cooldowns.len() > 10 || cooldowns.iter().any(|wait| !(1..=DAY).contains(wait)) {
        env.problem("COOLDOWN_SECONDS", "expected one to ten waits of 1 to 86400 seconds");
    }
    PhoneLimits {
        cooldowns: cooldowns.into_iter().map(Duration::from_secs).collect(),
        hourly: quota(env, "LIMIT_PHONE_HOUR", defaults.hourly),
        daily: quota(env, "LIMIT_PHONE_DAY", defaults.daily),
        wrong_codes: quota(env, "LIMIT_WRONG_CODES_DAY", defaults.wrong_codes),
    }
}

fn sms(env: &mut Env, defaults: &SmsLimits) -> SmsLimits {
    SmsLimits {
        per_ip: quota(env, "LIMIT_IP_SENDS", defaults.per_ip),
        phones_per_ip: quota(env, "LIMIT_IP_PHONES_HOUR", defaults.phones_per_ip),
        unverified_per_ip: quota(env, "LIMIT_IP_UNVERIFIED_HOUR", defaults.unverified_per_ip),
        unverified_per_region: region_quota(env, "SMS_BUDGET_REGION_UNVERIFIED_HOUR", &defaults.unverified_per_region),
        per_region: region_quota(env, "SMS_BUDGET_REGION_HOUR", &defaults.per_region),
        hourly: quota(env, "SMS_BUDGET_HOUR", defaults.hourly),
        daily: quota(env, "SMS_BUDGET_DAY", defaults.daily),
    }
}

/// One number for every region, and then some of their own: `1000,US=50`.
fn region_quota(env: &mut Env, name: &str, defaults: &RegionQuota) -> RegionQuota {
    let mut quota = defaults.clone();
    let read = |text: &str, quota: &mut RegionQuota| {
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (of, max) = item.split_once('=').map_or((None, item), |(of, max)| (Some(of.trim()), max.trim()));
            let max = max.parse().ok().filter(|max| (1..=1_000_000_000).contains(max))?;
            match of {
                None => quota.each.max = max,
                Some(code) => drop(quota.own.insert(region(code)?, max)),
            }
        }
        Some(())
    };
    if let Some(text) = env.text(name)
        && read(&text, &mut quota).is_none()
    {
        env.problem(name, "expected a whole number from 1 to 1000000000, and regions with another, like 1000,US=50");
    }
    quota
}

fn proof(env: &mut Env, defaults: &ProofPolicy) -> ProofPolicy {
    ProofPolicy {
        demand: env.read("PROOF_OF_WORK", defaults.demand, |text| match text {
            "off" => Ok(Demand::Never),
            "auto" => Ok(Demand::OnAbuseSignal),
            "always" => Ok(Demand::Always),
            _ => Err("expected off, auto or always".to_owned()),
        }),
        // Beyond 26 a slow phone does not find one in the life of a challenge.
        bits: env.number("PROOF_OF_WORK_BITS", defaults.bits, 1, 26),
        free_per_ip: quota(env, "PROOF_OF_WORK_IP_CAPTCHAS", defaults.free_per_ip),
        ..defaults.clone()
    }
}

fn session(env: &mut Env, defaults: &SessionPolicy) -> SessionPolicy {
    let days = |days: u64| Duration::from_secs(days * DAY);
    let policy = SessionPolicy {
        retry: env.seconds("REFRESH_RETRY_SECONDS", defaults.retry, 0, 3_600),
        per_user: defaults.per_user,
        access_life: env.seconds("ACCESS_TOKEN_SECONDS", defaults.access_life, 60, 3_600),
        idle: days(env.number("SESSION_IDLE_DAYS", defaults.idle.as_secs() / DAY, 1, 365)),
        absolute: days(env.number("SESSION_ABSOLUTE_DAYS", defaults.absolute.as_secs() / DAY, 1, 3_650)),
    };
    if policy.idle > policy.absolute {
        env.problem("SESSION_IDLE_DAYS", "is longer than SESSION_ABSOLUTE_DAYS");
    }
    policy
}

fn login(env: &mut Env, defaults: &LoginPolicy) -> LoginPolicy {
    let policy = LoginPolicy {
        // Beyond the tries of any kind it would have no effect.
        per_phone: Quota {
            max: env.number("LIMIT_WRONG_PASSWORDS_HOUR", defaults.per_phone.max, 1, defaults.tries.max),
            ..defaults.per_phone
        },
        free_per_phone: quota(env, "LOGIN_CAPTCHA_AFTER", defaults.free_per_phone),
        per_ip: quota(env, "LIMIT_IP_WRONG_PASSWORDS_HOUR", defaults.per_ip),
        free_per_ip: quota(env, "LOGIN_IP_CAPTCHA_AFTER", defaults.free_per_ip),
        ..defaults.clone()
    };
    for (name, free, all) in [
        ("LOGIN_CAPTCHA_AFTER", policy.free_per_phone, policy.per_phone),
        ("LOGIN_IP_CAPTCHA_AFTER", policy.free_per_ip, policy.per_ip),
    ] {
        if free.max > all.max {
            env.problem(name, "is more than what is allowed with a captcha");
        }
    }
    policy
}

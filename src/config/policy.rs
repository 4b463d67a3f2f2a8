//! Policy: the numbers of the flows that an operator may change.

use super::env::Env;
use super::sms::{autofill, notices, texts};
use super::variable::{Variable, WithDefault, flag, items, number, seconds, section};
use super::{avatar, captcha, legal, limits, ownership, proxies, test_phones, tokens};
use crate::domain::flow::FlowPolicy;
use crate::domain::mobile_prefix::MobilePrefix;
use crate::domain::phone::Regions;
use crate::domain::policy::{CaptchaPolicy, Policy};

section! {
    pub(super) fn section = "Phones and codes";
    /// ISO 3166 codes of the regions whose mobile numbers can sign up, or become the new number of an account. Numbers
    /// of the first region can be in national form. An existing account keeps working when its region is removed here,
    /// and still gets messages.
    static PHONE_REGIONS: WithDefault<Regions> =
        Variable::new("ISO 3166 country codes, like CN,SG; the first is the default", |text, about| {
            about.unless_none(Regions::parse(text.split(',').map(str::trim)))
        })
        .shown_default(Regions::default, |regions| {
            regions.iter().map(|region| region.to_string()).collect::<Vec<_>>().join(",")
        });
    /// Beginnings of mobile numbers that the built-in numbering plans do not know: a region and the first digits of its
    /// national numbers. Numbers with this beginning and the length of a mobile number are accepted. Use it for a new
    /// range, or for one that the plans call data cards (149 in China). An account can use such a number only while its
    /// beginning is listed here.
    static PHONE_EXTRA_MOBILE_PREFIXES: Variable<Vec<MobilePrefix>> =
        Variable::new("a region and two or more first digits of its own mobile numbers, like CN=149", |text, about| {
            let item = |item: &str| item.parse().map_err(|_| format!("{}, and not \"{item}\"", about.expected()));
            items(text).map(item).collect()
        })
        .example("CN=149,CN=1410");
    // OWASP ASVS 5.0 6.5.5: a code is valid for ten minutes at most.
    /// Lifetime of a code.
    static CODE_SECONDS: WithDefault<u64> = seconds(60, 600).default(|| FlowPolicy::default().code_ttl.as_secs());
    /// Lifetime of a flow after the phone is verified.
    static VERIFIED_SECONDS: WithDefault<u64> =
        seconds(60, 3_600).default(|| FlowPolicy::default().verified_ttl.as_secs());
    /// Wrong codes until the flow ends.
    static CODE_ATTEMPTS: WithDefault<u32> = number(1, 10).default(|| FlowPolicy::default().attempts);
    /// Respond to a registered phone at send-code like to a free one, and send nothing. The client then also gets no
    /// error when a message could not be sent.
    static REGISTER_CONCEAL_TAKEN: WithDefault<bool> = flag().default(|| false);
}

pub(super) fn read(env: &mut Env, captcha: CaptchaPolicy) -> Policy {
    let passwords = ownership::read_passwords(env);
    let prefixes = env.optional(&PHONE_EXTRA_MOBILE_PREFIXES).unwrap_or_default();
    let defaults = Policy::new(env.get(&PHONE_REGIONS).with_mobile_prefixes(prefixes));
    Policy {
        flow: FlowPolicy {
            code_ttl: env.seconds(&CODE_SECONDS),
            verified_ttl: env.seconds(&VERIFIED_SECONDS),
            attempts: env.get(&CODE_ATTEMPTS),
            ..defaults.flow
        },
        limits: limits::read(env, &defaults.regions),
        nat64: proxies::read_nat64(env),
        apps: autofill::apps(env),
        notices: env.get(&notices::SMS_NOTICES),
        texts: texts::read(env),
        captcha,
        proof: captcha::read_proof(env),
        test_phones: test_phones::read(env),
        session: tokens::read_sessions(env),
        ownership: ownership::read(env, passwords),
        passwords,
        new_device_code: ownership::read_new_device_code(env),
        public_urls: tokens::read_public_urls(env),
        conceal_taken_phone: env.get(&REGISTER_CONCEAL_TAKEN),
        legal_documents: env.optional(&legal::LEGAL_DOCUMENTS).unwrap_or_default(),
        avatar_base: env.optional(&avatar::AVATAR_BASE_URL),
        avatar: avatar::read_policy(env),
        ..defaults
    }
}

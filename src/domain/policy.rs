//! The policy: every number that the flows decide by, with its source. Settings may change the defaults.
//!
//! The numbers of flows are in [`super::flow`], those of rate limits in [`super::limits`].

use super::Invalid;
use super::captcha::{Alphabet, Kind, Look, Puzzle};
use super::client_app::ClientApps;
use super::dpop::PublicUrls;
use super::flow::FlowPolicy;
use super::limits::Limits;
use super::phone::{Phone, PhoneError, Regions};
use super::test_phone::TestPhones;
use chrono::{DateTime, Utc};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Everything that the flows decide by.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Regions whose numbers may get an account.
    pub regions: Regions,
    pub flow: FlowPolicy,
    pub limits: Limits,
    /// Longest time to send a message when every provider of its region times out; follows from the settings.
    pub max_send_duration: Duration,
    /// Apps that messages with SMS autofill can be made for.
    pub apps: ClientApps,
    pub captcha: CaptchaPolicy,
    pub proof: ProofPolicy,
    /// Numbers with fixed codes, for store review and QA.
    pub test_phones: TestPhones,
    pub session: SessionPolicy,
    /// URLs by which clients reach the service, for DPoP.
    pub public_urls: PublicUrls,
    /// Whether sign-up answers a taken phone like a free one, and sends nothing.
    pub conceal_taken_phone: bool,
    /// Public base URL of avatars; without it no avatar URL is accepted.
    pub avatar_base: Option<url::Url>,
    pub avatar: AvatarPolicy,
}

#[derive(Debug, Clone)]
pub struct CaptchaPolicy {
    pub puzzle: Puzzle,
    pub look: Look,
    /// Whether audio captchas are offered.
    pub audio: bool,
    /// 300 s, as in the earlier systems.
    pub ttl: Duration,
    /// Answer that passes for every captcha. Development only.
    pub bypass_answer: Option<super::captcha::CaptchaAnswer>,
}

impl CaptchaPolicy {
    /// Parses a kind of captcha that is offered.
    pub fn kind(&self, text: &str) -> Result<Kind, Invalid> {
        match Kind::parse(text)? {
            Kind::Audio if !self.audio => Err(Invalid::NotAllowed),
            kind => Ok(kind),
        }
    }
}

/// When a captcha needs proof of work, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPolicy {
    pub demand: Demand,
    /// Zero bits that the hash begins with: 18, on average 262,144 hashes. A server core was measured at 4.8 million a
    /// second (docs/performance.md); a phone is assumed to do one to five million: 0.05 to 0.26 s, and 4.6 times as
    /// long once in a hundred times.
    pub bits: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    Never,
    /// While an abuse signal is active for the IP block or for any region, and always before an audio captcha, which
    /// machines solve best.
    OnAbuseSignal,
    Always,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy {
    /// 15 minutes (RFC 9700: short-lived).
    pub access_ttl: Duration,
    /// A refresh token that is not used for 30 days ends its session.
    pub idle: Duration,
    /// 180 days after the sign-in the session ends in any case (OWASP ASVS 5.0 10.4.8).
    pub absolute: Duration,
    /// A refresh token that is used again within 120 s is the retry of a device that lost the answer; URLSession gives
    /// a request 60 s by default. Later it is a replay (see [`crate::ports::Users::refresh`]).
    pub retry: Duration,
    /// Sessions of one person: 100. Another one replaces the least recently used.
    pub per_user: u32,
}

/// Limits of an avatar upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarPolicy {
    /// 2 MiB: a picture 1024 pixels wide from the camera of a phone, with room to spare.
    pub max_bytes: u32,
    /// Lifetime of a permit: 600 s, in which 2 MiB arrive at 28 kbit/s (Qiniu checks at the end of an upload). Not
    /// longer, because a permit cannot be revoked when its session ends.
    pub permit_ttl: Duration,
}

impl Default for CaptchaPolicy {
    fn default() -> Self {
        // Six characters, as many as a code by SMS has, fill two lines of three.
        let puzzle = Puzzle::Text { alphabet: Alphabet::default(), length: 6 };
        Self { puzzle, look: Look::default(), audio: true, ttl: 5 * MINUTE, bypass_answer: None }
    }
}

impl Default for ProofPolicy {
    fn default() -> Self {
        Self { demand: Demand::OnAbuseSignal, bits: 18 }
    }
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self { access_ttl: 15 * MINUTE, idle: 30 * DAY, absolute: 180 * DAY, retry: 2 * MINUTE, per_user: 100 }
    }
}

impl Default for AvatarPolicy {
    fn default() -> Self {
        Self { max_bytes: 2 * 1024 * 1024, permit_ttl: 10 * MINUTE }
    }
}

impl Policy {
    #[must_use]
    pub fn new(regions: Regions) -> Self {
        Self {
            regions,
            flow: FlowPolicy::default(),
            limits: Limits::default(),
            max_send_duration: Duration::ZERO,
            apps: ClientApps::default(),
            captcha: CaptchaPolicy::default(),
            proof: ProofPolicy::default(),
            test_phones: TestPhones::default(),
            session: SessionPolicy::default(),
            public_urls: PublicUrls::default(),
            conceal_taken_phone: false,
            avatar_base: None,
            avatar: AvatarPolicy::default(),
        }
    }

    /// Parses a number that may get an account, or a test number in force, which may be outside every real region.
    pub fn phone(&self, text: &str, now: DateTime<Utc>) -> Result<Phone, PhoneError> {
        match self.test_phones.named(text, &self.regions, now) {
            Some(phone) => Ok(phone),
            None => Phone::parse(text, &self.regions),
        }
    }

    /// Parses a number that may have an account already.
    pub fn phone_of_account(&self, text: &str, now: DateTime<Utc>) -> Result<Phone, Invalid> {
        match self.test_phones.named(text, &self.regions, now) {
            Some(phone) => Ok(phone),
            None => Phone::parse_of_any_region(text, &self.regions),
        }
    }
}

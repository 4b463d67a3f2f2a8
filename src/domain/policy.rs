//! The policy: every number that the flows use, with its source. Settings can change the defaults.
//!
//! The numbers of flows are in [`super::flow`], those of rate limits in [`super::limits`].

use super::Invalid;
use super::captcha::{Alphabet, Kind, Puzzle, Theme};
use super::client_app::ClientApps;
use super::consent::LegalDocuments;
use super::dpop::PublicUrls;
use super::flow::FlowPolicy;
use super::ip_block::Nat64;
use super::limits::Limits;
use super::message::Topic;
use super::ownership::OwnershipPolicy;
use super::password_mode::PasswordMode;
use super::phone::{Phone, PhoneError, Regions};
use super::test_phone::TestPhones;
use super::texts::Texts;
use super::user::User;
use chrono::{DateTime, Utc};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// All settings of the flows.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Regions whose numbers may get an account.
    pub regions: Regions,
    pub flow: FlowPolicy,
    pub limits: Limits,
    /// IPv6 prefixes whose clients count by their IPv4 address.
    pub nat64: Nat64,
    /// Apps whose messages can have a line for SMS autofill.
    pub apps: ClientApps,
    /// Optional notices that are sent: by default all.
    pub notices: Vec<Topic>,
    /// Texts of messages, and the sender name in them.
    pub texts: Texts,
    pub captcha: CaptchaPolicy,
    pub proof: ProofPolicy,
    /// Numbers with fixed codes, for store review and QA.
    pub test_phones: TestPhones,
    pub session: SessionPolicy,
    pub ownership: OwnershipPolicy,
    pub passwords: PasswordMode,
    /// A right password on a device that the account does not know needs a code, too.
    pub new_device_code: bool,
    /// URLs by which clients reach the service, for DPoP.
    pub public_urls: PublicUrls,
    /// Concealment: sign-up and change of number respond to a taken phone like to a free one, and send nothing.
    pub conceal_taken_phone: bool,
    /// Legal documents that a user accepts at sign-up.
    pub legal_documents: LegalDocuments,
    /// Public base URL of avatars; without it no avatar URL is accepted.
    pub avatar_base: Option<url::Url>,
    pub avatar: AvatarPolicy,
}

#[derive(Debug, Clone)]
pub struct CaptchaPolicy {
    pub puzzle: Puzzle,
    /// Theme of the picture for clients that do not name one.
    pub theme: Theme,
    /// Offer of audio captchas.
    pub audio: bool,
    /// Lifetime: 300 s, as in the back ends that doorstep replaces.
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

/// Condition and difficulty of the proof of work before a captcha.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPolicy {
    pub demand: Demand,
    /// Zero bits at the start of the hash: 18, on average 262,144 hashes. A server core computes 4.9 million a second
    /// (docs/performance.md). A phone is assumed to compute one to five million: 0.05 to 0.26 s. One proof in a hundred
    /// takes 4.6 times as long.
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
    /// A refresh token that is used again within 120 s is the retry of a device that lost the response. The default
    /// timeout of URLSession is 60 s. After this time it is a late replay (see [`crate::ports::Users::refresh`]).
    pub retry: Duration,
    /// Active sessions of one user: 100. A further one replaces the least recently used.
    pub per_user: u32,
}

/// Limits of an avatar upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarPolicy {
    /// 2 MiB: more than a picture from a phone camera needs at a width of 1,024 pixels.
    pub max_bytes: u32,
    /// Lifetime of a permit: 600 s, in which 2 MiB arrive at 28 kbit/s (Qiniu checks at the end of an upload). Not
    /// longer, because a permit cannot be revoked when its session ends.
    pub permit_ttl: Duration,
}

impl Default for CaptchaPolicy {
    fn default() -> Self {
        // Six characters, as many as a code by SMS has, fill two lines of three.
        let puzzle = Puzzle::Text { alphabet: Alphabet::default(), length: 6, two_lines: true };
        Self { puzzle, theme: Theme::Light, audio: true, ttl: 5 * MINUTE, bypass_answer: None }
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
            nat64: Nat64::default(),
            apps: ClientApps::default(),
            notices: Topic::OPTIONAL.to_vec(),
            texts: Texts::built_in("doorstep"),
            captcha: CaptchaPolicy::default(),
            proof: ProofPolicy::default(),
            test_phones: TestPhones::default(),
            session: SessionPolicy::default(),
            ownership: OwnershipPolicy::default(),
            passwords: PasswordMode::default(),
            new_device_code: false,
            public_urls: PublicUrls::default(),
            conceal_taken_phone: false,
            legal_documents: LegalDocuments::default(),
            avatar_base: None,
            avatar: AvatarPolicy::default(),
        }
    }

    /// Tells whether messages on a topic are sent.
    #[must_use]
    pub fn sends(&self, topic: Topic) -> bool {
        !Topic::OPTIONAL.contains(&topic) || self.notices.contains(&topic)
    }

    /// Returns whether the user has a password that is accepted.
    #[must_use]
    pub const fn has_password(&self, user: &User) -> bool {
        user.has_password && self.passwords.accepts_passwords()
    }

    /// Parses a number that may get an account, or an active test number, which need not belong to a supported region.
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

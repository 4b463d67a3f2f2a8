//! The numbers of the house, each with its source. Settings may change them; these are the defaults.

use super::Invalid;
use super::captcha::{Alphabet, Kind, Look, Puzzle};
use super::client_app::ClientApps;
use super::phone::{Phone, PhoneError, Region, Regions};
use super::test_phone::TestPhones;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// At most `max` in a window of `window`, which begins with the first one counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub max: u32,
    pub window: Duration,
}

/// The life and the attempts of a one-time code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePolicy {
    /// Life of a flow, and so of its code, until it is verified: 300 s (OWASP ASVS 5.0 6.5.5 allows 10 minutes).
    pub life: Duration,
    /// Life of a flow once the phone is verified: 900 s, time to think of a password and a name.
    pub verified_life: Duration,
    /// Wrong codes until the flow ends: 5 (Ory Kratos, SuperTokens and Twilio Verify have the same).
    pub attempts: u32,
    /// For what a right code is for, where that is done at once: 6 s, two calls of the database with all their patience. So
    /// long nobody else may redeem the same code; a process that died meanwhile holds it up no longer.
    pub claim: Duration,
    /// Passwords that are hashed for one flow: 20, more than a person tries, and a bound on what one ticket costs.
    pub passwords: u32,
}

/// How often a code may go to one phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneLimits {
    /// Wait after the first, second, third and every further send of the hour: 60, 120, 300 s (Twilio Verify's
    /// growing delay; the earlier systems' 60 s).
    pub cooldowns: Vec<Duration>,
    /// 5 an hour and 10 a day: inside what Aliyun itself lets through to one number.
    pub hourly: Quota,
    pub daily: Quota,
    /// Wrong codes a day over all flows of a phone: 30, a chance of 3 in 100,000 for a guesser.
    pub wrong_codes: Quota,
}

impl PhoneLimits {
    /// The same for a number that no message goes to: it may be asked for as often as one likes, and guessed at no more often.
    #[must_use]
    pub fn of_test_phone(&self) -> Self {
        let endless = |quota: Quota| Quota { max: u32::MAX, ..quota };
        Self {
            cooldowns: Vec::new(),
            hourly: endless(self.hourly),
            daily: endless(self.daily),
            wrong_codes: self.wrong_codes,
        }
    }
}

/// How many messages go out, to whomever.
#[derive(Debug, Clone)]
pub struct SmsLimits {
    /// Sends per client address: 60 in ten minutes. Loose, because whole cities share an address behind carrier NAT
    /// (login.gov's figure).
    pub per_ip: Quota,
    /// Different phones per client address: 60 an hour. A bomber goes through many; a household, or an office, does not.
    pub phones_per_ip: Quota,
    /// Codes that were sent for a client address and not entered yet: 30 an hour. Half of the phones above: where people sign
    /// up, most codes come back within minutes, and are given back here.
    pub unverified_per_ip: Quota,
    /// The same for a region: 300 an hour. Who pumps SMS earns by the message, and never enters a code.
    pub unverified_per_region: RegionQuota,
    /// Messages to a region: 1,000 an hour, as many as the whole service has.
    pub per_region: RegionQuota,
    /// Messages of the whole service, 1,000 an hour and 5,000 a day: what a night of SMS pumping may cost at most.
    pub hourly: Quota,
    pub daily: Quota,
}

/// A quota for each region.
#[derive(Debug, Clone)]
pub struct RegionQuota {
    /// Of every region that has none of its own.
    pub each: Quota,
    pub own: BTreeMap<Region, u32>,
}

impl RegionQuota {
    #[must_use]
    pub const fn all(each: Quota) -> Self {
        Self { each, own: BTreeMap::new() }
    }

    #[must_use]
    pub fn of(&self, region: Region) -> Quota {
        Quota { max: self.own.get(&region).copied().unwrap_or(self.each.max), ..self.each }
    }
}

/// Everything that the flows decide by.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whose numbers may get an account.
    pub regions: Regions,
    pub code: CodePolicy,
    pub phone: PhoneLimits,
    pub sms: SmsLimits,
    /// How long a message may take to be handed over when every provider of its region stands still: by the settings.
    pub max_send_duration: Duration,
    /// The apps that codes can be made for.
    pub apps: ClientApps,
    pub captchas_per_ip: Quota,
    /// Of these, captchas that are heard: 20 in ten minutes. Machines hear better than they see (docs/captcha-audio.md), and a file is
    /// forty times as large as a picture; somebody who cannot see needs one, and a few more where the street is loud.
    pub audio_captchas_per_ip: Quota,
    pub captcha: CaptchaPolicy,
    pub proof: ProofPolicy,
    /// Numbers with fixed codes, for store review and QA.
    pub test_phones: TestPhones,
    pub session: SessionPolicy,
    pub login: LoginPolicy,
    /// Codes to new numbers for one user: 5 a day. A signed-in person needs no captcha, and a number is changed once in years.
    pub phone_changes: Quota,
    /// Answer a taken phone like a free one, and send nothing.
    pub conceal_taken_phone: bool,
    /// Where avatars live; without it no avatar URL is accepted.
    pub avatar_base: Option<url::Url>,
    pub avatar: AvatarPolicy,
}

#[derive(Debug, Clone)]
pub struct CaptchaPolicy {
    pub puzzle: Puzzle,
    pub look: Look,
    /// Whether there are captchas that are heard.
    pub audio: bool,
    /// 300 s, as in the earlier systems.
    pub life: Duration,
    /// An answer that passes for every captcha. Development only.
    pub bypass_answer: Option<super::captcha::CaptchaAnswer>,
}

impl CaptchaPolicy {
    /// A kind of captcha that there is.
    pub fn kind(&self, text: &str) -> Result<Kind, Invalid> {
        match Kind::parse(text)? {
            Kind::Audio if !self.audio => Err(Invalid::NotAllowed),
            kind => Ok(kind),
        }
    }
}

/// When work is asked for before a captcha is drawn, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPolicy {
    pub demand: Demand,
    /// Zero bits that the hash has to begin with: 18, 262,144 hashes on average. A server's core was measured at 4.8
    /// million a second (docs/performance.md), and a phone is taken to do one to five: 0.05 to 0.26 s, and once in
    /// a hundred times 4.6 times as long.
    pub bits: u8,
    /// Captchas without work for one client address: 30 in the ten minutes that its captchas are counted in, a quarter of
    /// those. An office, not a bot.
    pub free_per_ip: Quota,
    /// How long everybody works after the last sign that a region is being pumped: 600 s.
    pub pressure: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    Never,
    /// While the client's address, or any region, is under pressure; and always before what is heard, which machines understand best.
    OnAbuseSignal,
    Always,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy {
    /// 15 minutes (RFC 9700: short-lived).
    pub access_life: Duration,
    /// A refresh token that is not used for 30 days ends its session.
    pub idle: Duration,
    /// 180 days after the sign-in the session ends in any case (OWASP ASVS 5.0 10.4.8).
    pub absolute: Duration,
    /// A refresh token that comes a second time within 120 s of the first is a device that asks again for an answer it
    /// lost; URLSession gives a request 60 s by default. Later it is a replay (see [`crate::ports::Users::refresh`]).
    pub retry: Duration,
    /// Signed-in devices of one person: 100. Another one takes the place of the least recently used.
    pub per_user: u32,
}

/// Who may try how many passwords. Counted before the password is looked at, and taken back when it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPolicy {
    /// Wrong passwords for one phone: 10 an hour (OWASP ASVS 5.0 6.3.1 asks for a limit; the SMS path stays open, so that
    /// nobody can lock a stranger out).
    pub per_phone: Quota,
    /// Of these so many without a captcha: 3.
    pub free_per_phone: Quota,
    /// Wrong passwords from one address: 500 an hour, 100 of them without a captcha. Loose, because whole cities share an
    /// address behind carrier NAT; it makes one guess each for many phones dear.
    pub per_ip: Quota,
    pub free_per_ip: Quota,
    /// Wrong current passwords of one signed-in user: 10 an hour.
    pub per_user: Quota,
    /// Passwords of one phone or user that are looked at, right or wrong: 60 an hour, because each costs a hash.
    pub tries: Quota,
}

/// What may be uploaded as an avatar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarPolicy {
    /// 2 MiB: a picture of 1024 pixels' width from a phone's camera, with room to spare.
    pub max_bytes: u32,
    /// Life of a permit: 600 s, in which 2 MiB arrive at 28 kbit/s (Qiniu looks at the end of an upload). No longer, because
    /// it cannot be taken back when its session ends.
    pub permit_life: Duration,
    /// Permits for one user: 20 an hour, more than a person tries; a bound on what one account can fill a bucket with.
    pub permits: Quota,
}

impl Default for CodePolicy {
    fn default() -> Self {
        Self { life: 5 * MINUTE, verified_life: 15 * MINUTE, attempts: 5, claim: Duration::from_secs(6), passwords: 20 }
    }
}

impl Default for PhoneLimits {
    fn default() -> Self {
        Self {
            cooldowns: vec![MINUTE, 2 * MINUTE, 5 * MINUTE],
            hourly: Quota { max: 5, window: HOUR },
            daily: Quota { max: 10, window: DAY },
            wrong_codes: Quota { max: 30, window: DAY },
        }
    }
}

impl Default for SmsLimits {
    fn default() -> Self {
        let an_hour = |max| Quota { max, window: HOUR };
        Self {
            per_ip: Quota { max: 60, window: 10 * MINUTE },
            phones_per_ip: an_hour(60),
            unverified_per_ip: an_hour(30),
            unverified_per_region: RegionQuota::all(an_hour(300)),
            per_region: RegionQuota::all(an_hour(1_000)),
            hourly: an_hour(1_000),
            daily: Quota { max: 5_000, window: DAY },
        }
    }
}

impl Default for CaptchaPolicy {
    fn default() -> Self {
        // Six characters, as many as a code by SMS has, fill two lines of three.
        let puzzle = Puzzle::Text { alphabet: Alphabet::default(), length: 6 };
        Self { puzzle, look: Look::default(), audio: true, life: 5 * MINUTE, bypass_answer: None }
    }
}

impl Default for ProofPolicy {
    fn default() -> Self {
        let free_per_ip = Quota { max: 30, window: 10 * MINUTE };
        Self { demand: Demand::OnAbuseSignal, bits: 18, free_per_ip, pressure: 10 * MINUTE }
    }
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self { access_life: 15 * MINUTE, idle: 30 * DAY, absolute: 180 * DAY, retry: 2 * MINUTE, per_user: 100 }
    }
}

impl Default for LoginPolicy {
    fn default() -> Self {
        let an_hour = |max| Quota { max, window: HOUR };
        Self {
            per_phone: an_hour(10),
            free_per_phone: an_hour(3),
            per_ip: an_hour(500),
            free_per_ip: an_hour(100),
            per_user: an_hour(10),
            tries: an_hour(60),
        }
    }
}

impl Default for AvatarPolicy {
    fn default() -> Self {
        Self { max_bytes: 2 * 1024 * 1024, permit_life: 10 * MINUTE, permits: Quota { max: 20, window: HOUR } }
    }
}

impl Policy {
    #[must_use]
    pub fn new(regions: Regions) -> Self {
        Self {
            regions,
            code: CodePolicy::default(),
            phone: PhoneLimits::default(),
            sms: SmsLimits::default(),
            max_send_duration: Duration::ZERO,
            apps: ClientApps::default(),
            captchas_per_ip: Quota { max: 120, window: 10 * MINUTE },
            audio_captchas_per_ip: Quota { max: 20, window: 10 * MINUTE },
            captcha: CaptchaPolicy::default(),
            proof: ProofPolicy::default(),
            test_phones: TestPhones::default(),
            session: SessionPolicy::default(),
            login: LoginPolicy::default(),
            phone_changes: Quota { max: 5, window: DAY },
            conceal_taken_phone: false,
            avatar_base: None,
            avatar: AvatarPolicy::default(),
        }
    }

    /// A number that may get an account, or a test number while it lives, which may be none of a real region.
    pub fn phone(&self, text: &str, now: DateTime<Utc>) -> Result<Phone, PhoneError> {
        match self.test_phones.named(text, &self.regions, now) {
            Some(phone) => Ok(phone),
            None => Phone::parse(text, &self.regions),
        }
    }

    /// The same for a number that may have one already.
    pub fn phone_of_account(&self, text: &str, now: DateTime<Utc>) -> Result<Phone, Invalid> {
        match self.test_phones.named(text, &self.regions, now) {
            Some(phone) => Ok(phone),
            None => Phone::parse_of_any_region(text, &self.regions),
        }
    }
}

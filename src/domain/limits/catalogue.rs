//! The catalogue: every rate limit with its scope, default, setting, denial and refunds, in one entry.

use super::entry::{Denial, Refund, Scope};
use super::quota::Quota;
use crate::domain::flow::BudgetClass;
use std::time::Duration;

/// Every rate limit. Its numbers and rules are in [`Limit::entry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Wait between two messages to a phone.
    PhoneCooldown,
    /// Messages to a phone in an hour.
    PhoneHour,
    /// Messages to a phone in a day.
    PhoneDay,
    /// Wrong codes over all flows of a phone in a day.
    WrongCodes,
    /// Block of a region, or of all, by the operator.
    RegionBlock,
    /// Messages that an IP block requests.
    IpSends,
    /// Different phones that an IP block requests messages for.
    IpPhones,
    /// Codes sent for an IP block and not verified.
    IpUnverified,
    /// Codes sent to new numbers of a region and not verified.
    RegionUnverified,
    /// Codes sent to existing accounts of a region and not verified.
    RegionUnverifiedAccounts,
    /// Messages to a region in an hour.
    RegionHour,
    /// Messages of the whole service in an hour.
    ServiceHour,
    /// Messages of the whole service in a day.
    ServiceDay,
    /// Abuse signal: active while a region is being pumped.
    AbuseSignal,
    /// Captchas that an IP block requests.
    IpCaptchas,
    /// Audio captchas among them.
    IpAudioCaptchas,
    /// Captchas without proof of work for an IP block.
    IpFreeCaptchas,
    /// Share of [`Limit::IpUnverified`] from which an IP block needs proof of work.
    IpUnverifiedFree,
    /// Uses of one proof of work.
    ProofOfWork,
    /// Passwords of a phone that are hashed at sign-in, right or wrong.
    PasswordAttempts,
    /// Wrong passwords for a phone.
    WrongPasswords,
    /// Wrong passwords from an IP block.
    IpWrongPasswords,
    /// Wrong passwords for a phone without a captcha.
    WrongPasswordsFree,
    /// Wrong passwords from an IP block without a captcha.
    IpWrongPasswordsFree,
    /// Current passwords of a signed-in user that are hashed, right or wrong.
    UserPasswordAttempts,
    /// Wrong current passwords of a signed-in user.
    UserWrongPasswords,
    /// Codes to new numbers for one user.
    UserPhoneChanges,
    /// Avatar upload permits for one user.
    UserAvatarPermits,
}

/// Entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Name in logs, metrics and staging keys.
    pub name: &'static str,
    pub scope: Scope,
    pub default: Quota,
    /// Whether the maximum holds in every window of this length, wherever it begins.
    pub sliding: bool,
    /// Whether each class of numbers keeps a share of the maximum.
    pub shared: bool,
    pub denial: Denial,
    /// Setting that changes the maximum.
    pub variable: Option<&'static str>,
    /// Highest maximum that the setting accepts.
    pub highest: u32,
    /// Limit that this one must not exceed.
    pub within: Option<Limit>,
    pub refunded_on: &'static [Refund],
    /// Whether reaching the limit extends the abuse signal.
    pub extends_abuse_signal: bool,
    /// Upper bound of `Retry-After`, for a limit that an operator may lift at any time.
    pub longest_wait: Option<Duration>,
}

impl Entry {
    const fn new(name: &'static str, scope: Scope, default: Quota, denial: Denial) -> Self {
        Self {
            name,
            scope,
            default,
            sliding: false,
            shared: false,
            denial,
            variable: None,
            highest: 1_000_000_000,
            within: None,
            refunded_on: &[],
            extends_abuse_signal: false,
            longest_wait: None,
        }
    }

    const fn variable(self, name: &'static str) -> Self {
        Self { variable: Some(name), ..self }
    }

    const fn highest(self, highest: u32) -> Self {
        Self { highest, ..self }
    }

    /// The store keeps one time for each event, so the maximum has a bound.
    const fn sliding(self) -> Self {
        Self { sliding: true, highest: MOST_SLIDING, ..self }
    }

    const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    const fn within(self, limit: Limit) -> Self {
        Self { within: Some(limit), ..self }
    }

    const fn refunded_on(self, refunds: &'static [Refund]) -> Self {
        Self { refunded_on: refunds, ..self }
    }

    const fn extends_abuse_signal(self) -> Self {
        Self { extends_abuse_signal: true, ..self }
    }

    const fn longest_wait(self, seconds: u64) -> Self {
        Self { longest_wait: Some(Duration::from_secs(seconds)), ..self }
    }

    /// Whether the limit is a budget that an operator watches: a warning is logged at 80 %.
    #[must_use]
    pub const fn is_budget(&self) -> bool {
        matches!(self.denial, Denial::SmsBudgetExhausted | Denial::SmsRegionSuspended)
    }
}

/// Highest maximum of a sliding window: the store keeps the times of that many events.
const MOST_SLIDING: u32 = 100;

impl Limit {
    /// Every limit, in the order of their declaration.
    pub const ALL: [Self; Self::UserAvatarPermits as usize + 1] = [
        Self::PhoneCooldown,
        Self::PhoneHour,
        Self::PhoneDay,
        Self::WrongCodes,
        Self::RegionBlock,
        Self::IpSends,
        Self::IpPhones,
        Self::IpUnverified,
        Self::RegionUnverified,
        Self::RegionUnverifiedAccounts,
        Self::RegionHour,
        Self::ServiceHour,
        Self::ServiceDay,
        Self::AbuseSignal,
        Self::IpCaptchas,
        Self::IpAudioCaptchas,
        Self::IpFreeCaptchas,
        Self::IpUnverifiedFree,
        Self::ProofOfWork,
        Self::PasswordAttempts,
        Self::WrongPasswords,
        Self::IpWrongPasswords,
        Self::WrongPasswordsFree,
        Self::IpWrongPasswordsFree,
        Self::UserPasswordAttempts,
        Self::UserWrongPasswords,
        Self::UserPhoneChanges,
        Self::UserAvatarPermits,
    ];

    /// The catalogue.
    #[must_use]
    pub const fn entry(self) -> Entry {
        use Denial::{
            CaptchaRequired, PhoneLimitReached, ProofOfWorkRequired, ResendCooldown, SmsBudgetExhausted,
            SmsRegionSuspended, TooManyRequests,
        };
        use Refund::{CodeVerified, NothingDone, PasswordRight, PhoneTaken, UnknownOutcome};
        match self {
            // The waits are those of `Cooldowns`; the quota says which counter they grow with (PhoneHour).
            Self::PhoneCooldown => {
                Entry::new("phone-cooldown", Scope::Phone, Quota::per_seconds(1, 60), ResendCooldown)
                    .refunded_on(&[NothingDone, UnknownOutcome])
            }
            // 5 an hour and 10 a day are within the limits of Aliyun itself for one number.
            Self::PhoneHour => Entry::new("phone-hour", Scope::Phone, Quota::per_hour(5), PhoneLimitReached)
                .variable("LIMIT_PHONE_HOUR")
                .refunded_on(&[NothingDone]),
            Self::PhoneDay => Entry::new("phone-day", Scope::Phone, Quota::per_day(10), PhoneLimitReached)
                .variable("LIMIT_PHONE_DAY")
                .refunded_on(&[NothingDone]),
            // 30: a chance of 3 in 100,000 a day to guess a code.
            Self::WrongCodes => Entry::new("wrong-codes", Scope::Phone, Quota::per_day(30), PhoneLimitReached)
                .variable("LIMIT_WRONG_CODES_DAY")
                .sliding(),
            // 1: the operator sets it. Clients ask again after 5 minutes at the latest, since the operator may lift it.
            Self::RegionBlock => {
                Entry::new("sms-block", Scope::Region, Quota::per_day(1), SmsRegionSuspended).longest_wait(300)
            }
            // 60 in ten minutes (login.gov's figure): whole cities share an address behind carrier NAT.
            Self::IpSends => Entry::new("sends-ip", Scope::IpBlock, Quota::per_seconds(60, 600), TooManyRequests)
                .variable("LIMIT_IP_SENDS")
                .shared()
                .refunded_on(&[NothingDone]),
            // 60 an hour: an SMS bomber uses many phones; a household or an office does not.
            Self::IpPhones => Entry::new("phones-ip", Scope::IpBlock, Quota::per_hour(60), TooManyRequests)
                .variable("LIMIT_IP_PHONES_HOUR")
                .shared()
                .refunded_on(&[NothingDone]),
            // 30 an hour, half of the phones above: people verify most codes within minutes, which refunds them.
            Self::IpUnverified => Entry::new("sms-unverified-ip", Scope::IpBlock, Quota::per_hour(30), TooManyRequests)
                .variable("LIMIT_IP_UNVERIFIED_HOUR")
                .shared()
                .refunded_on(&[NothingDone, PhoneTaken, CodeVerified]),
            // 140 an hour: SMS pumping earns by the message and verifies few codes. A fifth of the messages that new
            // numbers can get in an hour; and pumping of one region, all day, does not use up their day (24 times 140
            // are 3,360 of 3,500). Decoys count as messages do: a refund would tell which phone has an account.
            Self::RegionUnverified => {
                Entry::new("sms-unverified-region", Scope::Region, Quota::per_hour(140), SmsRegionSuspended)
                    .variable("SMS_BUDGET_REGION_UNVERIFIED_HOUR")
                    .refunded_on(&[NothingDone, PhoneTaken, CodeVerified])
                    .extends_abuse_signal()
            }
            Self::RegionUnverifiedAccounts => {
                Entry::new("sms-unverified-accounts", Scope::Region, Quota::per_hour(140), SmsRegionSuspended)
                    .variable("SMS_BUDGET_REGION_UNVERIFIED_HOUR")
                    .refunded_on(&[NothingDone, PhoneTaken, CodeVerified])
                    .extends_abuse_signal()
            }
            // 1,000 an hour, as many as the whole service has.
            Self::RegionHour => {
                Entry::new("sms-region-hour", Scope::Region, Quota::per_hour(1_000), SmsRegionSuspended)
                    .variable("SMS_BUDGET_REGION_HOUR")
                    .shared()
                    .refunded_on(&[NothingDone, PhoneTaken])
                    .extends_abuse_signal()
            }
            // 1,000 an hour and 5,000 a day: the highest cost of a night of SMS pumping.
            Self::ServiceHour => Entry::new("sms-hour", Scope::Service, Quota::per_hour(1_000), SmsBudgetExhausted)
                .variable("SMS_BUDGET_HOUR")
                .shared()
                .refunded_on(&[NothingDone, PhoneTaken])
                .extends_abuse_signal(),
            Self::ServiceDay => Entry::new("sms-day", Scope::Service, Quota::per_day(5_000), SmsBudgetExhausted)
                .variable("SMS_BUDGET_DAY")
                .shared()
                .refunded_on(&[NothingDone, PhoneTaken])
                .extends_abuse_signal(),
            // One signal for all regions: the phone, and so the region, is not known when a captcha is requested.
            Self::AbuseSignal => {
                Entry::new("abuse-signal", Scope::Service, Quota::per_seconds(1, 600), ProofOfWorkRequired)
            }
            // 120 in ten minutes.
            Self::IpCaptchas => {
                Entry::new("captchas-ip", Scope::IpBlock, Quota::per_seconds(120, 600), TooManyRequests)
                    .variable("LIMIT_IP_CAPTCHAS")
                    .refunded_on(&[NothingDone])
            }
            // 20 in ten minutes: machines hear better than they see (docs/captcha-audio.md), and a sound file is forty
            // times as large as a picture. A blind person needs one, and a few more in a loud place.
            Self::IpAudioCaptchas => {
                Entry::new("audio-captchas-ip", Scope::IpBlock, Quota::per_seconds(20, 600), TooManyRequests)
                    .variable("LIMIT_IP_AUDIO_CAPTCHAS")
                    .refunded_on(&[NothingDone])
            }
            // 30 in ten minutes, a quarter of the captchas above: an office, not a bot.
            Self::IpFreeCaptchas => {
                Entry::new("captchas-free-ip", Scope::IpBlock, Quota::per_seconds(30, 600), ProofOfWorkRequired)
                    .variable("PROOF_OF_WORK_IP_CAPTCHAS")
                    .refunded_on(&[NothingDone])
            }
            // The counter of IpUnverified, read with half of its maximum (see `Limits::half_unverified`).
            Self::IpUnverifiedFree => {
                Entry::new("sms-unverified-ip", Scope::IpBlock, Quota::per_hour(15), ProofOfWorkRequired)
            }
            // Remembered for twice the lifetime of a challenge (120 s): the clocks of replicas may be two minutes
            // apart.
            Self::ProofOfWork => {
                Entry::new("proof", Scope::ProofOfWork, Quota::per_seconds(1, 240), ProofOfWorkRequired)
                    .refunded_on(&[NothingDone])
            }
            // 60 an hour, right or wrong: each attempt costs a hash.
            Self::PasswordAttempts => Entry::new("passwords", Scope::Account, Quota::per_hour(60), PhoneLimitReached)
                .refunded_on(&[NothingDone]),
            // 10 an hour (OWASP ASVS 5.0 6.3.1 asks for a limit); sign-in by code stays possible, so that a stranger
            // cannot lock a person out. More than the attempts above would have no effect.
            Self::WrongPasswords => {
                Entry::new("wrong-passwords", Scope::Account, Quota::per_hour(10), PhoneLimitReached)
                    .variable("LIMIT_WRONG_PASSWORDS_HOUR")
                    .sliding()
                    .highest(60)
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 500 an hour: whole cities share an address behind carrier NAT. It makes one guess each for many phones
            // expensive. A fixed window: 500 times for each IP block are too many to keep.
            Self::IpWrongPasswords => {
                Entry::new("wrong-passwords-ip", Scope::IpBlock, Quota::per_hour(500), TooManyRequests)
                    .variable("LIMIT_IP_WRONG_PASSWORDS_HOUR")
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 3 an hour, then a captcha.
            Self::WrongPasswordsFree => {
                Entry::new("wrong-passwords-free", Scope::Account, Quota::per_hour(3), CaptchaRequired)
                    .variable("LOGIN_CAPTCHA_AFTER")
                    .sliding()
                    .within(Self::WrongPasswords)
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 100 an hour, then a captcha.
            Self::IpWrongPasswordsFree => {
                Entry::new("wrong-passwords-ip-free", Scope::IpBlock, Quota::per_hour(100), CaptchaRequired)
                    .variable("LOGIN_IP_CAPTCHA_AFTER")
                    .within(Self::IpWrongPasswords)
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // As for sign-in.
            Self::UserPasswordAttempts => {
                Entry::new("passwords-user", Scope::User, Quota::per_hour(60), TooManyRequests)
                    .refunded_on(&[NothingDone])
            }
            Self::UserWrongPasswords => {
                Entry::new("wrong-passwords-user", Scope::User, Quota::per_hour(10), TooManyRequests)
                    .sliding()
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 5 a day: a signed-in person needs no captcha, and changes their number once in years.
            Self::UserPhoneChanges => Entry::new("phone-changes-user", Scope::User, Quota::per_day(5), TooManyRequests),
            // 20 an hour, more than a person tries: a bound on what one account can store in the bucket.
            Self::UserAvatarPermits => Entry::new("avatars-user", Scope::User, Quota::per_hour(20), TooManyRequests),
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        self.entry().name
    }

    #[must_use]
    pub fn is_refunded_on(self, refund: Refund) -> bool {
        self.entry().refunded_on.contains(&refund)
    }

    /// Unverified codes of a region, by the budget class of their numbers.
    #[must_use]
    pub const fn region_unverified(class: BudgetClass) -> Self {
        match class {
            BudgetClass::NewNumbers => Self::RegionUnverified,
            BudgetClass::ExistingAccounts => Self::RegionUnverifiedAccounts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_catalogue_lists_every_limit_once() {
        assert!(Limit::ALL.is_sorted());
        assert_eq!(Limit::ALL.iter().collect::<HashSet<_>>().len(), Limit::ALL.len());
        let shared = Limit::IpUnverifiedFree;
        assert_eq!(shared.name(), Limit::IpUnverified.name(), "it reads the same counter");
        let names: HashSet<_> = Limit::ALL.iter().filter(|limit| **limit != shared).map(|limit| limit.name()).collect();
        assert_eq!(names.len(), Limit::ALL.len() - 1);
    }

    #[test]
    fn a_limit_within_another_has_a_lower_default() {
        for entry in Limit::ALL.map(Limit::entry) {
            assert!(entry.default.max <= entry.highest || entry.variable.is_none(), "{}", entry.name);
            assert!(!entry.sliding || (entry.highest <= MOST_SLIDING && entry.default.max <= MOST_SLIDING));
            assert!(entry.within.is_none_or(|other| entry.default.max <= other.entry().default.max), "{}", entry.name);
        }
    }
}

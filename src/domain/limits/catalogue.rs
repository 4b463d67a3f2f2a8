//! The catalogue: every rate limit with its scope, default, setting, denial and refunds, in one entry.

use super::entry::{Denial, Entry, Refund, Scope};
use super::limit::Limit;
use super::quota::Quota;
use crate::domain::flow::BudgetClass;

/// Documentation of the setting for the codes of a region that are not verified.
const REGION_UNVERIFIED: &str = "Budget of each region: codes in an hour that are sent and not yet verified. When it \
                                 is exhausted, this region gets no codes; other regions do. New numbers and existing \
                                 accounts have separate budgets: SMS pumping through sign-up does not block the \
                                 sign-in to existing accounts.";

impl Limit {
    /// Every limit, in the order of their declaration.
    pub const ALL: [Self; Self::UserStoredResponses as usize + 1] = [
        Self::PhoneCooldown,
        Self::PhoneHour,
        Self::PhoneDay,
        Self::WrongCodes,
        Self::DeviceCodes,
        Self::NewDeviceCodes,
        Self::DeviceWrongCodes,
        Self::PhoneAtProvider,
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
        Self::ServiceWrongPasswordsFree,
        Self::DeviceAttempts,
        Self::DeviceWrongPasswords,
        Self::DeviceOtherNumbers,
        Self::UserPasswordAttempts,
        Self::UserWrongPasswords,
        Self::UserPhoneChanges,
        Self::UserNoticesOfKind,
        Self::UserNotices,
        Self::ServiceNotices,
        Self::UserAvatarPermits,
        Self::IpStoredResponses,
        Self::UserStoredResponses,
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
            // The waits are those of `Cooldowns`, and grow with PhoneHour (see `Limits::phone`). This quota is not
            // used.
            Self::PhoneCooldown => {
                Entry::new("phone-cooldown", Scope::Phone, Quota::per_seconds(1, 60), ResendCooldown)
                    .refunded_on(&[NothingDone, UnknownOutcome])
            }
            // 5 an hour and 10 a day are within the limits of Aliyun itself for one number.
            Self::PhoneHour => Entry::new("phone-hour", Scope::Phone, Quota::per_hour(5), PhoneLimitReached)
                .setting("LIMIT_PHONE_HOUR", "Messages to one phone in an hour.")
                .refunded_on(&[NothingDone]),
            Self::PhoneDay => Entry::new("phone-day", Scope::Phone, Quota::per_day(10), PhoneLimitReached)
                .setting("LIMIT_PHONE_DAY", "Messages to one phone in a day.")
                .refunded_on(&[NothingDone]),
            // 30: an attacker guesses a code with a chance of 3 in 100,000 a day.
            Self::WrongCodes => Entry::new("wrong-codes", Scope::Phone, Quota::per_day(30), PhoneLimitReached)
                .setting("LIMIT_WRONG_CODES_DAY", "Wrong codes for one phone in any 24 hours.")
                .sliding(),
            // 3 a day: enough for a person who mistypes, and for a message that is lost. Only the flows of the device
            // count on it: strangers cannot use it up.
            Self::DeviceCodes => Entry::new("device-codes", Scope::Phone, Quota::per_day(3), PhoneLimitReached)
                .refunded_on(&[NothingDone]),
            // 3 a day. Only a client with the right password gets here.
            Self::NewDeviceCodes => Entry::new("new-device-codes", Scope::Phone, Quota::per_day(3), PhoneLimitReached)
                .refunded_on(&[NothingDone]),
            // 10: the three flows of a day allow 15. A thief of a device token guesses a code with a chance of 1 in
            // 100,000 a day.
            Self::DeviceWrongCodes => {
                Entry::new("device-wrong-codes", Scope::Phone, Quota::per_day(10), PhoneLimitReached).sliding()
            }
            // The router of the providers sets this counter when a provider refuses, for as long as the provider says.
            Self::PhoneAtProvider => {
                Entry::new("sms-provider-phone", Scope::PhoneAtProvider, Quota::per_hour(1), PhoneLimitReached)
            }
            // The operator sets this counter. Clients retry after 5 minutes at the latest, because the operator may end
            // the block.
            Self::RegionBlock => {
                Entry::new("sms-block", Scope::Region, Quota::per_day(1), SmsRegionSuspended).longest_wait(300)
            }
            // 60 in ten minutes (login.gov's figure): whole cities share an address behind carrier NAT.
            Self::IpSends => Entry::new("sends-ip", Scope::IpBlock, Quota::per_seconds(60, 600), TooManyRequests)
                .setting("LIMIT_IP_SENDS", "Messages for one IP block in ten minutes.")
                .shared()
                .refunded_on(&[NothingDone]),
            // 60 an hour: an SMS bomber uses many phones; a household or an office does not.
            Self::IpPhones => Entry::new("phones-ip", Scope::IpBlock, Quota::per_hour(60), TooManyRequests)
                .setting(
                    "LIMIT_IP_PHONES_HOUR",
                    "Different phones for which one IP block can request codes in an hour.",
                )
                .shared()
                .refunded_on(&[NothingDone]),
            // 30 an hour, half of the phones above: people verify most codes within minutes, which refunds them.
            Self::IpUnverified => Entry::new("sms-unverified-ip", Scope::IpBlock, Quota::per_hour(30), TooManyRequests)
                .setting(
                    "LIMIT_IP_UNVERIFIED_HOUR",
                    "Codes for one IP block in an hour that are sent and not yet verified.",
                )
                .shared()
                .refunded_on(&[NothingDone, PhoneTaken, CodeVerified]),
            // 120 an hour. SMS pumping earns money per message, and the attacker verifies few codes. This is a fifth of
            // the messages that new numbers can get in an hour. Pumping of one region for a whole day does not use up
            // the day of new numbers (24 times 120 is 2,880 of 3,000). Decoys count like messages: a refund would
            // reveal which phone has an account.
            Self::RegionUnverified => {
                Entry::new("sms-unverified-region", Scope::Region, Quota::per_hour(120), SmsRegionSuspended)
                    .setting("SMS_BUDGET_REGION_UNVERIFIED_HOUR", REGION_UNVERIFIED)
                    .refunded_on(&[NothingDone, PhoneTaken, CodeVerified])
                    .extends_abuse_signal()
            }
            Self::RegionUnverifiedAccounts => {
                Entry::new("sms-unverified-accounts", Scope::Region, Quota::per_hour(120), SmsRegionSuspended)
                    .setting("SMS_BUDGET_REGION_UNVERIFIED_HOUR", REGION_UNVERIFIED)
                    .refunded_on(&[NothingDone, PhoneTaken, CodeVerified])
                    .extends_abuse_signal()
            }
            // 1,000 an hour, as many as the whole service has.
            Self::RegionHour => {
                Entry::new("sms-region-hour", Scope::Region, Quota::per_hour(1_000), SmsRegionSuspended)
                    .setting("SMS_BUDGET_REGION_HOUR", "Budget of each region: all messages in an hour.")
                    .shared()
                    .refunded_on(&[NothingDone, PhoneTaken])
                    .extends_abuse_signal()
            }
            // 1,000 an hour and 5,000 a day: the highest cost of a night of SMS pumping.
            Self::ServiceHour => Entry::new("sms-hour", Scope::Service, Quota::per_hour(1_000), SmsBudgetExhausted)
                .setting(
                    "SMS_BUDGET_HOUR",
                    "Budget of the whole service: messages in an hour. When it is exhausted, doorstep sends nothing.",
                )
                .shared()
                .refunded_on(&[NothingDone, PhoneTaken])
                .extends_abuse_signal(),
            Self::ServiceDay => Entry::new("sms-day", Scope::Service, Quota::per_day(5_000), SmsBudgetExhausted)
                .setting(
                    "SMS_BUDGET_DAY",
                    "Budget of the whole service: messages in a day. When it is exhausted, doorstep sends nothing.",
                )
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
                    .setting("LIMIT_IP_CAPTCHAS", "Captchas for one IP block in ten minutes.")
                    .refunded_on(&[NothingDone])
            }
            // 20 in ten minutes. Machines solve audio captchas more easily than pictures
            // (crates/captcha/docs/audio.md), and a sound file is about forty times as large. A blind user needs one,
            // and a few more in a loud place.
            Self::IpAudioCaptchas => {
                Entry::new("audio-captchas-ip", Scope::IpBlock, Quota::per_seconds(20, 600), TooManyRequests)
                    .setting("LIMIT_IP_AUDIO_CAPTCHAS", "Audio captchas among these captchas.")
                    .refunded_on(&[NothingDone])
            }
            // 30 in ten minutes, a quarter of the captchas above: enough for an office, too few for a bot.
            Self::IpFreeCaptchas => {
                Entry::new("captchas-free-ip", Scope::IpBlock, Quota::per_seconds(30, 600), ProofOfWorkRequired)
                    .setting(
                        "PROOF_OF_WORK_IP_CAPTCHAS",
                        "Captchas without proof of work for one IP block in ten minutes.",
                    )
                    .refunded_on(&[NothingDone])
            }
            // The counter of IpUnverified, read with half of its maximum (see `Limits::half_unverified`).
            Self::IpUnverifiedFree => {
                Entry::new("sms-unverified-ip", Scope::IpBlock, Quota::per_hour(15), ProofOfWorkRequired)
                    .shared()
                    .refunded_on(&[CodeVerified])
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
            // 10 an hour (OWASP ASVS 5.0 6.3.1 requires a limit). Sign-in by code stays possible, so that a stranger
            // cannot lock a user out. A setting of more than 60, the limit of PasswordAttempts, would have no effect.
            Self::WrongPasswords => {
                Entry::new("wrong-passwords", Scope::Account, Quota::per_hour(10), PhoneLimitReached)
                    .setting(
                        "LIMIT_WRONG_PASSWORDS_HOUR",
                        "Wrong passwords for one phone in any 60 minutes. Above the limit the user has to wait before \
                         the next login with the password; a login with a code needs no wait.",
                    )
                    .sliding()
                    .highest(60)
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 500 an hour: whole cities share an address behind carrier NAT. The limit slows an attacker who tries one
            // password for each of many phones. A fixed window, because 500 times for each IP block are too many to
            // store.
            Self::IpWrongPasswords => {
                Entry::new("wrong-passwords-ip", Scope::IpBlock, Quota::per_hour(500), TooManyRequests)
                    .setting("LIMIT_IP_WRONG_PASSWORDS_HOUR", "Wrong passwords from one IP block in an hour.")
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 3 an hour, then a captcha.
            Self::WrongPasswordsFree => {
                Entry::new("wrong-passwords-free", Scope::Account, Quota::per_hour(3), CaptchaRequired)
                    .setting(
                        "LOGIN_CAPTCHA_AFTER",
                        "Wrong passwords for one phone in any 60 minutes before the login requires a captcha.",
                    )
                    .sliding()
                    .within(Self::WrongPasswords)
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 100 an hour, then a captcha.
            Self::IpWrongPasswordsFree => {
                Entry::new("wrong-passwords-ip-free", Scope::IpBlock, Quota::per_hour(100), CaptchaRequired)
                    .setting(
                        "LOGIN_IP_CAPTCHA_AFTER",
                        "Wrong passwords from one IP block in an hour before the login requires a captcha.",
                    )
                    .within(Self::IpWrongPasswords)
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 1,000 an hour, as many as ten IP blocks: guesses from any number of IP blocks. A service where one
            // password in ten is wrong reaches it with 10,000 sign-ins an hour.
            Self::ServiceWrongPasswordsFree => {
                Entry::new("wrong-passwords-service-free", Scope::Service, Quota::per_hour(1_000), CaptchaRequired)
                    .setting(
                        "LOGIN_SERVICE_CAPTCHA_AFTER",
                        "Wrong passwords of all clients in an hour before every login with a password requires a \
                         captcha.",
                    )
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 60 an hour, as for a phone: each attempt costs a query, and most cost a hash.
            Self::DeviceAttempts => Entry::new("device-attempts", Scope::Device, Quota::per_hour(60), CaptchaRequired)
                .refunded_on(&[NothingDone]),
            // 10 in any 24 hours. Beyond them the device counts like any other client.
            Self::DeviceWrongPasswords => {
                Entry::new("device-wrong-passwords", Scope::Device, Quota::per_day(10), CaptchaRequired)
                    .sliding()
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 10 in the 180 days that a device is known: people share a device with a few others, and a thief of a
            // token tries it with many numbers. Beyond them the token is worth nothing.
            Self::DeviceOtherNumbers => {
                Entry::new("device-other-numbers", Scope::Device, Quota::per_seconds(10, 180 * 86_400), CaptchaRequired)
            }
            // 60 and 10 an hour, as for sign-in.
            Self::UserPasswordAttempts => {
                Entry::new("passwords-user", Scope::User, Quota::per_hour(60), TooManyRequests)
                    .refunded_on(&[NothingDone])
            }
            Self::UserWrongPasswords => {
                Entry::new("wrong-passwords-user", Scope::User, Quota::per_hour(10), TooManyRequests)
                    .sliding()
                    .refunded_on(&[NothingDone, PasswordRight])
            }
            // 5 a day: a signed-in user needs no captcha, and seldom changes the number.
            Self::UserPhoneChanges => Entry::new("phone-changes-user", Scope::User, Quota::per_day(5), TooManyRequests),
            // One of a kind an hour and three a day: a thief with the password cannot bomb the owner with them, and the
            // first one is warning enough. They are separate from the budgets of codes: nobody can use those up to keep
            // a notice away.
            Self::UserNoticesOfKind => {
                Entry::new("notices-kind-user", Scope::User, Quota::per_hour(1), TooManyRequests)
                    .refunded_on(&[NothingDone])
            }
            Self::UserNotices => {
                Entry::new("notices-user", Scope::User, Quota::per_day(3), TooManyRequests).refunded_on(&[NothingDone])
            }
            // 1,000 a day, a fifth of the messages with codes: people change passwords far less often than they sign
            // in.
            Self::ServiceNotices => {
                Entry::new("notices-day", Scope::Service, Quota::per_day(1_000), SmsBudgetExhausted)
                    .setting(
                        "SMS_BUDGET_NOTICES_DAY",
                        "Notices about passwords and about held changes of number, of the whole service in a day.",
                    )
                    .refunded_on(&[NothingDone])
            }
            // 20 an hour, more than a user needs: a limit to what one account can store in the bucket.
            Self::UserAvatarPermits => Entry::new("avatars-user", Scope::User, Quota::per_hour(20), TooManyRequests),
            // 2,000 a day: 500 sign-ups of four steps from one address of carrier NAT. 12 MB if each response had the
            // largest size that is stored (4 KiB, encrypted 6 kB).
            Self::IpStoredResponses => {
                Entry::new("responses-ip", Scope::IpBlock, Quota::per_day(2_000), TooManyRequests)
                    .setting(
                        "LIMIT_IP_STORED_RESPONSES_DAY",
                        "Responses that are stored for requests with an Idempotency-Key, for one IP block in a day. \
                         Above the limit a request is served, and its response is not stored: a retry runs again.",
                    )
                    .refunded_on(&[NothingDone])
            }
            // 500 a day: the avatar permits of a day (20 an hour) and some more. 3 MB of the largest responses.
            Self::UserStoredResponses => {
                Entry::new("responses-user", Scope::User, Quota::per_day(500), TooManyRequests)
                    .refunded_on(&[NothingDone])
            }
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

    /// Unverified codes of a region, by the budget class of their numbers. Those of known devices have no limit of a
    /// region: a stranger cannot request one.
    #[must_use]
    pub const fn region_unverified(class: BudgetClass) -> Option<Self> {
        match class {
            BudgetClass::NewNumbers => Some(Self::RegionUnverified),
            BudgetClass::ExistingAccounts => Some(Self::RegionUnverifiedAccounts),
            BudgetClass::KnownDevices => None,
        }
    }
}

//! The rate limits.

/// Every rate limit. Its numbers and rules are in [`Limit::entry`], in the catalogue.
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
    /// Messages that a known device requests for its account, without a captcha.
    DeviceCodes,
    /// Messages to the phone of an account after a right password on a new device.
    NewDeviceCodes,
    /// Wrong codes over all flows of a device for one phone.
    DeviceWrongCodes,
    /// Messages to a phone that a provider refuses now by a limit of its own.
    PhoneAtProvider,
    /// Block of a region, or of all regions, by the operator.
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
    /// Audio captchas that an IP block requests.
    IpAudioCaptchas,
    /// Captchas without proof of work for an IP block.
    IpFreeCaptchas,
    /// Half of [`Limit::IpUnverified`]. Beyond it an IP block needs proof of work.
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
    /// Wrong passwords of the whole service without a captcha.
    ServiceWrongPasswordsFree,
    /// Requests with a device token: passwords at sign-in, and codes.
    DeviceAttempts,
    /// Wrong passwords from a known device.
    DeviceWrongPasswords,
    /// Uses of a device token for an account that does not know the device.
    DeviceOtherNumbers,
    /// Current passwords of a signed-in user that are hashed, right or wrong.
    UserPasswordAttempts,
    /// Wrong current passwords of a signed-in user.
    UserWrongPasswords,
    /// Codes that a signed-in user requests for a change of number.
    UserPhoneChanges,
    /// Notices of one kind to one user in an hour.
    UserNoticesOfKind,
    /// Notices to one user in a day.
    UserNotices,
    /// Notices of the whole service in a day.
    ServiceNotices,
    /// Avatar upload permits for one user.
    UserAvatarPermits,
    /// Stored responses of an IP block. Beyond it a response is not stored; never denies.
    IpStoredResponses,
    /// Stored responses of one user. Beyond it a response is not stored; never denies.
    UserStoredResponses,
}

//! Length of messages in SMS, which the operator pays for.

use crate::domain::flow::Purpose;
use crate::domain::message::{Content, Topic};
use crate::domain::otp::OneTimeCode;
use crate::domain::segment::Segments;
use crate::domain::user::UserId;

/// Longest lifetime of a code in minutes, which makes the longest text: `CODE_SECONDS` is at most ten minutes.
const MAX_MINUTES: u64 = 10;
/// Maximum number of SMS for a message, because each SMS costs money. A Chinese text with a domain needs one; two leave
/// room for a Chinese brand in an English text.
pub(super) const MAX_SMS: usize = 2;

/// Returns the longest message of each topic.
pub(super) fn samples() -> Vec<(Topic, Content)> {
    let Ok(code) = OneTimeCode::parse("000000") else { return Vec::new() };
    let user = UserId(uuid::Uuid::nil());
    let purposes = [
        Purpose::Register,
        Purpose::Login,
        Purpose::ResetPassword,
        Purpose::ChangePhone(user),
        Purpose::DeleteAccount,
        Purpose::SetPassword(user),
        Purpose::ConfirmPhone(user),
    ];
    let codes = purposes.map(|purpose| Content::Code { purpose, code: code.clone(), minutes: MAX_MINUTES });
    // E.164: at most 15 digits.
    let to = || "+12345678****345".to_owned();
    let notices = [
        Content::PhoneChanged { to: to() },
        Content::PhoneChangeHeld { to: to() },
        Content::PasswordChanged,
        Content::PasswordReset,
    ];
    codes.into_iter().chain(notices).map(|content| (content.topic(), content)).collect()
}

pub(super) fn sms_count(text: &str) -> usize {
    Segments::of(text).count()
}

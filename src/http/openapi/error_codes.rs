//! Error codes of each operation, for the OpenAPI document.

use crate::http::error::Code;
use crate::http::{avatar, captchas, dpop, health, login, me, password_reset, register, sessions};

/// Errors of every endpoint with a JSON body, before its flow starts.
const BODY_PROBLEMS: &[Code] = &[
    Code::MalformedJson,
    Code::MalformedRequest,
    Code::RequestTimeout,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationFailed,
];

/// Errors of every endpoint for signed-in users.
const BEARER_PROBLEMS: &[Code] = &[Code::TokenMissing, Code::TokenInvalid, Code::TokenExpired, Code::Overloaded];

/// Errors of `send-code` for an account, the same whether the account exists or not.
const SEND_CODE_PROBLEMS: &[Code] = &[
    Code::CaptchaExpired,
    Code::CaptchaWrong,
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
    Code::Overloaded,
];

/// Errors of `resend-code` for an account.
const RESEND_CODE_PROBLEMS: &[Code] = &[
    Code::TicketExpired,
    Code::WrongStep,
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
];

/// Errors of `verify-code`.
const VERIFY_CODE_PROBLEMS: &[Code] =
    &[Code::CodeWrong, Code::CodeExhausted, Code::PhoneLimitReached, Code::TicketExpired];

/// Errors of every endpoint that uses staging or the database.
const DEPENDENCY_PROBLEMS: &[Code] = &[Code::InternalError, Code::DependencyUnavailable];

/// Errors of each operation, by operation id. A POST also has the errors of its idempotency key,
/// unless it is harmless to repeat.
pub(super) const BY_OPERATION: &[(&str, &[&[Code]])] = &[
    ("captchas.create", &[BODY_PROBLEMS, captchas::CREATE, DEPENDENCY_PROBLEMS]),
    ("register.sendCode", &[BODY_PROBLEMS, register::SEND_CODE, DEPENDENCY_PROBLEMS]),
    ("register.resendCode", &[BODY_PROBLEMS, register::RESEND_CODE, DEPENDENCY_PROBLEMS]),
    ("register.verifyCode", &[BODY_PROBLEMS, register::VERIFY_CODE, DEPENDENCY_PROBLEMS]),
    ("register.setPassword", &[BODY_PROBLEMS, register::SET_PASSWORD, DEPENDENCY_PROBLEMS]),
    ("register.submitProfile", &[BODY_PROBLEMS, dpop::PROBLEMS, register::SUBMIT_PROFILE, DEPENDENCY_PROBLEMS]),
    ("register.status", &[BODY_PROBLEMS, register::STATUS, DEPENDENCY_PROBLEMS]),
    ("login.withPassword", &[BODY_PROBLEMS, dpop::PROBLEMS, login::WITH_PASSWORD, DEPENDENCY_PROBLEMS]),
    ("login.sendCode", &[BODY_PROBLEMS, SEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("login.resendCode", &[BODY_PROBLEMS, RESEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    (
        "login.verifyCode",
        &[BODY_PROBLEMS, dpop::PROBLEMS, VERIFY_CODE_PROBLEMS, login::SIGN_IN_WITH_CODE, DEPENDENCY_PROBLEMS],
    ),
    ("tokens.refresh", &[BODY_PROBLEMS, dpop::PROBLEMS, sessions::REFRESH, DEPENDENCY_PROBLEMS]),
    ("sessions.logOut", &[BEARER_PROBLEMS, BODY_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("sessions.list", &[BEARER_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("sessions.end", &[BEARER_PROBLEMS, sessions::END, DEPENDENCY_PROBLEMS]),
    ("me.read", &[BEARER_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("me.update", &[BEARER_PROBLEMS, BODY_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("me.delete", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::deletion::DELETE, VERIFY_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("me.permitAvatar", &[BEARER_PROBLEMS, BODY_PROBLEMS, avatar::PERMIT, DEPENDENCY_PROBLEMS]),
    ("me.changePassword", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::password::CHANGE, DEPENDENCY_PROBLEMS]),
    ("phoneChange.sendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::phone::SEND_CODE, DEPENDENCY_PROBLEMS]),
    ("phoneChange.resendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, register::RESEND_CODE, DEPENDENCY_PROBLEMS]),
    (
        "phoneChange.verifyCode",
        &[BEARER_PROBLEMS, BODY_PROBLEMS, VERIFY_CODE_PROBLEMS, me::phone::VERIFY_CODE, DEPENDENCY_PROBLEMS],
    ),
    ("deletion.sendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::deletion::SEND_CODE, DEPENDENCY_PROBLEMS]),
    ("deletion.resendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, register::RESEND_CODE, DEPENDENCY_PROBLEMS]),
    ("passwordReset.sendCode", &[BODY_PROBLEMS, SEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("passwordReset.resendCode", &[BODY_PROBLEMS, RESEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("passwordReset.verifyCode", &[BODY_PROBLEMS, register::VERIFY_CODE, DEPENDENCY_PROBLEMS]),
    ("passwordReset.setPassword", &[BODY_PROBLEMS, password_reset::SET_PASSWORD, DEPENDENCY_PROBLEMS]),
    ("accountDeletion.sendCode", &[BODY_PROBLEMS, SEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("accountDeletion.resendCode", &[BODY_PROBLEMS, RESEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("accountDeletion.verifyCode", &[BODY_PROBLEMS, VERIFY_CODE_PROBLEMS, login::VERIFY_CODE, DEPENDENCY_PROBLEMS]),
    ("health.ready", &[health::READY]),
];

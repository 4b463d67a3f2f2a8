//! Errors of the API: the table of error codes, and the problem (RFC 9457) that has one of them.

use super::field_codes::FieldError;
use crate::domain::consent::LegalDocument;
use crate::domain::flow::Step;
use crate::domain::proof::Challenge;
use crate::flows::InQuestion;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Stable error codes. Clients handle an error by its code; titles and details are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    MalformedJson,
    MalformedRequest,
    InvalidDpopProof,
    UseDpopNonce,
    CredentialsInvalid,
    TokenMissing,
    TokenInvalid,
    TokenExpired,
    RefreshInvalid,
    RefreshReused,
    RefreshKeyMismatch,
    NotFound,
    AvatarUploadsDisabled,
    PasswordsDisabled,
    MethodNotAllowed,
    RequestTimeout,
    PhoneAlreadyRegistered,
    PhoneMissing,
    PasswordAlreadySet,
    PasswordTooNew,
    AccountDormant,
    ActHeld,
    ActRefused,
    StartAnewUnavailable,
    DeviceTooNew,
    WrongStep,
    NewDevice,
    RequestInProgress,
    TicketExpired,
    CodeExhausted,
    ResponseGone,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
    ConsentRequired,
    CaptchaExpired,
    CaptchaWrong,
    CaptchaRequired,
    ProofOfWorkRequired,
    ProofOfWorkInvalid,
    CodeWrong,
    RegionNotSupported,
    PasswordTooWeak,
    PasswordWrong,
    IdempotencyKeyReused,
    ResendCooldown,
    PhoneLimitReached,
    TooManyRequests,
    InternalError,
    SmsDeliveryFailed,
    SmsBudgetExhausted,
    SmsRegionSuspended,
    Overloaded,
    DependencyUnavailable,
}

/// Row of the table.
pub struct Row {
    pub code: Code,
    pub status: u16,
    pub name: &'static str,
    /// Title and detail.
    pub en: [&'static str; 2],
    pub zh: [&'static str; 2],
    /// The error is stored for retries with the same `Idempotency-Key`: the request used up or changed something, and a
    /// second run would use it up again. Not if the request changed nothing: a retry may succeed later, and errors that
    /// any client can provoke must not fill staging for a day.
    pub replayable: bool,
}

const fn row(code: Code, status: u16, name: &'static str, en: [&'static str; 2], zh: [&'static str; 2]) -> Row {
    Row { code, status, name, en, zh, replayable: false }
}

impl Row {
    const fn replayable(self) -> Self {
        Self { replayable: true, ..self }
    }
}

/// Error table, in the order of [`Code`].
#[rustfmt::skip]
static ROWS: [Row; Code::DependencyUnavailable as usize + 1] = [
    row(Code::MalformedJson, 400, "malformed_json", ["Malformed JSON", "The body is not valid JSON."], ["JSON 格式错误", "请求正文不是有效的 JSON。"]),
    row(Code::MalformedRequest, 400, "malformed_request", ["Malformed request", "The request does not match the API documentation."], ["请求格式错误", "请求与接口文档不符。"]),
    row(Code::InvalidDpopProof, 400, "invalid_dpop_proof", ["Invalid DPoP proof", "The proof in the DPoP header is not valid for this request, or the session is not bound to a key."], ["DPoP 证明无效", "DPoP 请求头中的证明对该请求无效，或会话未绑定密钥。"]),
    row(Code::UseDpopNonce, 400, "use_dpop_nonce", ["DPoP nonce required", "Repeat the request with a new proof that contains the nonce from the DPoP-Nonce header."], ["需要 DPoP nonce", "请使用 DPoP-Nonce 响应头中的 nonce 生成新的证明后重试。"]),
    // An attempt was counted.
    row(Code::CredentialsInvalid, 401, "credentials_invalid", ["Wrong phone number or password", "Check both and try again."], ["手机号或密码错误", "请检查后重试。"]).replayable(),
    row(Code::TokenMissing, 401, "token_missing", ["Not signed in", "This endpoint requires an access token."], ["未登录", "该接口需要访问令牌。"]),
    row(Code::TokenInvalid, 401, "token_invalid", ["Invalid access token", "The access token is invalid, or its session has ended."], ["访问令牌无效", "访问令牌无效，或会话已结束。"]),
    row(Code::TokenExpired, 401, "token_expired", ["Access token expired", "Refresh the tokens and try again."], ["访问令牌已过期", "请刷新令牌后重试。"]),
    row(Code::RefreshInvalid, 401, "refresh_invalid", ["Invalid refresh token", "Sign in again."], ["刷新令牌无效", "请重新登录。"]),
    row(Code::RefreshReused, 401, "refresh_reused", ["Refresh token reused", "The session was ended for security. Sign in again."], ["刷新令牌被重复使用", "为了安全，会话已结束，请重新登录。"]),
    row(Code::RefreshKeyMismatch, 401, "refresh_key_mismatch", ["Refresh token bound to another key", "Send a DPoP proof of the key to which the session is bound."], ["刷新令牌绑定了其他密钥", "请发送会话所绑定密钥的 DPoP 证明。"]),
    row(Code::NotFound, 404, "not_found", ["Not found", "This path or resource does not exist."], ["未找到", "该路径或资源不存在。"]),
    row(Code::AvatarUploadsDisabled, 404, "avatar_uploads_disabled", ["Avatar uploads disabled", "This service does not accept avatar uploads."], ["未开放头像上传", "该服务未开启头像上传。"]),
    row(Code::PasswordsDisabled, 404, "passwords_disabled", ["Passwords disabled", "This service does not use passwords. Sign in with a code."], ["未启用密码", "该服务不使用密码，请使用验证码登录。"]),
    row(Code::MethodNotAllowed, 405, "method_not_allowed", ["Method not allowed", "The `Allow` header lists the allowed methods."], ["不支持的请求方法", "允许的请求方法见 Allow 响应头。"]),
    row(Code::RequestTimeout, 408, "request_timeout", ["Request timeout", "The body did not arrive within 10 seconds."], ["请求超时", "请求正文未在 10 秒内送达。"]),
    // The captcha was used up; at the end of a sign-up, the flow.
    row(Code::PhoneAlreadyRegistered, 409, "phone_already_registered", ["Phone number already registered", "Sign in, or use another number."], ["手机号已注册", "请直接登录，或使用其他手机号。"]).replayable(),
    row(Code::PhoneMissing, 409, "phone_missing", ["No phone number", "Another person has signed up with the number of this account. Set a new number first."], ["账号没有手机号", "该账号的手机号已被他人注册，请先设置新的手机号。"]),
    row(Code::PasswordAlreadySet, 409, "password_already_set", ["Password already set", "This account has a password. Change it with the current password."], ["已设置密码", "该账号已有密码，请使用当前密码修改。"]),
    row(Code::PasswordTooNew, 409, "password_too_new", ["Password too new", "The password was set with a code a short time ago. Try again after `retry_after` seconds."], ["密码设置时间过短", "该密码刚通过验证码设置，请在 retry_after 秒后重试。"]),
    row(Code::AccountDormant, 409, "account_dormant", ["Account not used for a long time", "The number has an account that was not used for a long time. Prove that it is yours with its password, or start a new account."], ["账号长期未使用", "该手机号对应的账号长期未使用，请使用密码证明账号归您所有，或注册新账号。"]),
    row(Code::ActHeld, 409, "act_held", ["Held for safety", "This can be done in `retry_after` seconds with a new code, or as soon as it is approved on a device that is signed in."], ["出于安全考虑暂缓执行", "请在 retry_after 秒后使用新的验证码继续，或在已登录的设备上批准。"]),
    row(Code::ActRefused, 409, "act_refused", ["Refused by the owner", "The owner of the account has refused this. It can be asked for again after `retry_after` seconds."], ["已被账号所有者拒绝", "账号所有者已拒绝该操作，请在 retry_after 秒后重试。"]),
    row(Code::StartAnewUnavailable, 409, "start_anew_unavailable", ["No new account possible", "The account of this number was used with it recently. Sign in to it."], ["无法注册新账号", "该手机号对应的账号近期已验证，请直接登录。"]),
    row(Code::DeviceTooNew, 409, "device_too_new", ["Device too new", "This device can approve held acts in `retry_after` seconds. Use a device that was signed in before."], ["设备登录时间过短", "该设备在 retry_after 秒后才能批准操作，请使用更早登录的设备。"]),
    row(Code::WrongStep, 409, "wrong_step", ["Wrong step", "The field `step` names the next step."], ["步骤不符", "下一步见 step 字段。"]),
    // A message was sent.
    row(Code::NewDevice, 409, "new_device", ["Code required on a new device", "A code was sent to the phone number of the account. Enter it with the `ticket`."], ["新设备需要验证码", "验证码已发送至账号的手机号，请连同 ticket 一起提交。"]).replayable(),
    row(Code::RequestInProgress, 409, "request_in_progress", ["Request in progress", "The same request is still running. Try again after `retry_after` seconds."], ["请求处理中", "相同的请求正在处理，请在 retry_after 秒后重试。"]),
    row(Code::TicketExpired, 410, "ticket_expired", ["Ticket expired", "Start again."], ["流程已过期", "请重新开始。"]),
    // An attempt was counted.
    row(Code::CodeExhausted, 410, "code_exhausted", ["Too many wrong codes", "Start again."], ["验证码错误次数过多", "请重新开始。"]).replayable(),
    row(Code::ResponseGone, 410, "response_gone", ["Response no longer available", "The tokens of the first response were used, or their session has ended. If you have no tokens, sign in with a new Idempotency-Key."], ["响应已失效", "首次响应中的令牌已被使用，或其会话已结束。如果您没有令牌，请使用新的 Idempotency-Key 登录。"]),
    row(Code::PayloadTooLarge, 413, "payload_too_large", ["Body too large", "The body must not be larger than 16 KiB."], ["请求正文过大", "请求正文不能超过 16 KiB。"]),
    row(Code::UnsupportedMediaType, 415, "unsupported_media_type", ["Unsupported media type", "Send exactly one Content-Type header, application/json, and no Content-Encoding."], ["不支持的媒体类型", "请只发送一个 Content-Type: application/json 请求头，且不要使用 Content-Encoding。"]),
    row(Code::ValidationFailed, 422, "validation_failed", ["Invalid input", "The field `errors` lists the invalid fields."], ["输入有误", "详见 errors 字段。"]),
    row(Code::ConsentRequired, 422, "consent_required", ["Consent required", "The field `documents` lists the documents in force. Show them to the user, and send exactly these in `accepted`."], ["需要同意协议", "请向用户展示 documents 字段中的协议，并在用户同意后于 accepted 字段中原样提交。"]),
    row(Code::CaptchaExpired, 422, "captcha_expired", ["Captcha expired", "Request a new captcha."], ["图形验证码已失效", "请刷新图形验证码。"]),
    // The captcha was used up.
    row(Code::CaptchaWrong, 422, "captcha_wrong", ["Wrong captcha", "Request a new captcha and try again."], ["图形验证码错误", "请刷新图形验证码后重试。"]).replayable(),
    row(Code::CaptchaRequired, 422, "captcha_required", ["Captcha required", "Solve a captcha and send its answer with the request."], ["需要图形验证码", "请先完成图形验证码。"]),
    row(Code::ProofOfWorkRequired, 422, "proof_of_work_required", ["Proof of work required", "Solve the challenge in `proof_of_work` and send the request again with the solution."], ["需要工作量证明", "请完成 proof_of_work 字段中的计算后重试。"]),
    row(Code::ProofOfWorkInvalid, 422, "proof_of_work_invalid", ["Proof of work not accepted", "The proof was wrong, expired or already used. Solve the new challenge in `proof_of_work`."], ["工作量证明无效", "该证明错误、已过期或已被使用，请完成新的 proof_of_work 后重试。"]),
    // An attempt was counted.
    row(Code::CodeWrong, 422, "code_wrong", ["Wrong code", "The field `attempts_left` is the number of attempts left."], ["验证码错误", "剩余次数见 attempts_left 字段。"]).replayable(),
    row(Code::RegionNotSupported, 422, "region_not_supported", ["Region not supported", "Phone numbers of this country or region are not accepted."], ["暂不支持该地区", "暂不支持该国家或地区的手机号。"]),
    // One of the passwords of the ticket was used up.
    row(Code::PasswordTooWeak, 422, "password_too_weak", ["Password too easy to guess", "Choose a less common password."], ["密码过于简单", "请换一个不常见的密码。"]).replayable(),
    // An attempt was counted.
    row(Code::PasswordWrong, 422, "password_wrong", ["Wrong password", "The current password is wrong."], ["密码错误", "当前密码不正确。"]).replayable(),
    row(Code::IdempotencyKeyReused, 422, "idempotency_key_reused", ["Idempotency key reused", "This Idempotency-Key belongs to a request with other content. Use a new key."], ["幂等键重复使用", "该 Idempotency-Key 已用于内容不同的请求，请使用新的键。"]),
    row(Code::ResendCooldown, 429, "resend_cooldown", ["Code sent too recently", "Wait `resend_in` seconds before you request another code."], ["发送过于频繁", "验证码刚刚发送过，请在 resend_in 秒后重试。"]),
    row(Code::PhoneLimitReached, 429, "phone_limit_reached", ["Limit reached for this phone number", "Try again after `retry_after` seconds."], ["该手机号已达上限", "请在 retry_after 秒后重试。"]),
    row(Code::TooManyRequests, 429, "too_many_requests", ["Too many requests", "Try again after `retry_after` seconds."], ["请求过于频繁", "请在 retry_after 秒后重试。"]),
    row(Code::InternalError, 500, "internal_error", ["Internal error", "Report the `request_id`, so that we can find the cause."], ["内部错误", "请提供 request_id 以便排查。"]),
    // The message may have been sent, or will be charged: an HTTP library that retries a 502 by itself must not
    // send a second one. A user who presses the button again gets a new key.
    row(Code::SmsDeliveryFailed, 502, "sms_delivery_failed", ["SMS delivery failed", "Try again."], ["短信发送失败", "请重试。"]).replayable(),
    row(Code::SmsBudgetExhausted, 503, "sms_budget_exhausted", ["No SMS can be sent now", "Try again after `retry_after` seconds."], ["暂时无法发送短信", "请在 retry_after 秒后重试。"]),
    row(Code::SmsRegionSuspended, 503, "sms_region_suspended", ["No SMS to this region", "Codes to phone numbers of this country or region are suspended. Try again later."], ["该地区短信暂停", "该国家或地区的短信服务暂停，请稍后再试。"]),
    row(Code::Overloaded, 503, "overloaded", ["Service busy", "Try again after `retry_after` seconds."], ["服务繁忙", "请在 retry_after 秒后重试。"]),
    row(Code::DependencyUnavailable, 503, "dependency_unavailable", ["Service temporarily unavailable", "Try again after `retry_after` seconds."], ["服务暂时不可用", "请在 retry_after 秒后重试。"]),
];

const _: () = {
    let mut at = 0;
    while at < ROWS.len() {
        assert!(ROWS[at].code as usize == at, "the table has another order than the enum");
        at += 1;
    }
};

impl Code {
    /// All codes, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.code)
    }

    /// Row of the table. A code has the same status and the same texts everywhere.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Error of a request. A middleware (`problem_json`) writes it as a body in the language of the client.
#[derive(Debug, Clone)]
pub struct Problem {
    pub code: Code,
    pub errors: Vec<FieldError>,
    pub retry_after: Option<Duration>,
    pub attempts_left: Option<u32>,
    pub step: Option<Step>,
    /// Right code that was not enough. Boxed, like the others: a large error makes every result of a handler large.
    pub question: Option<Box<InQuestion>>,
    pub proof_of_work: Option<Box<Challenge>>,
    /// Documents in force, if they must be accepted.
    pub documents: Vec<LegalDocument>,
    /// Flow that the request has started.
    pub flow: Option<Box<StartedFlow>>,
    /// Cause, for the log and never for the client.
    pub cause: Option<Box<str>>,
}

/// Flow that waits for its code. The ticket is a secret of the client.
#[derive(Clone, Serialize, Deserialize)]
pub struct StartedFlow {
    pub ticket: String,
    pub expires_in: u64,
    pub resend_in: u64,
}

impl fmt::Debug for StartedFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartedFlow(..)")
    }
}

impl Problem {
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            errors: Vec::new(),
            retry_after: None,
            attempts_left: None,
            step: None,
            question: None,
            proof_of_work: None,
            documents: Vec::new(),
            flow: None,
            cause: None,
        }
    }

    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    /// Internal error, whose cause is in the log only.
    pub(super) fn internal(cause: &str) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Code::InternalError) }
    }

    pub(super) fn with_challenge(code: Code, challenge: Challenge) -> Self {
        Self { proof_of_work: Some(Box::new(challenge)), ..Self::new(code) }
    }

    pub(super) fn retry_later(code: Code, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(code) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.row().name)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// Returns an empty response with the problem attached: only the middleware `problem_json` knows the language.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_a_unique_name_a_status_and_texts_in_two_languages() {
        let mut names = HashSet::new();
        for code in Code::all() {
            let row = code.row();
            assert!(names.insert(row.name), "{} twice", row.name);
            assert!(row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
            assert_eq!(code.status().as_u16(), row.status);
            assert!(row.en.iter().all(|text| !text.is_empty() && text.is_ascii()), "{}", row.name);
            assert!(row.zh.iter().all(|text| !text.is_ascii()), "{}", row.name);
        }
    }
}

//! `POST /v1/login`: sign-in with the password. `POST /v1/login/…`: sign-in with a code.

use super::bodies::{CodeSent, FlowTicket, SendCode, SignedIn, signed_in};
use super::checks::{self, field, optional};
use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::error::{Code, Problem};
use super::extract::Json;
use super::otp;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::session::{Device, DeviceName};
use crate::domain::ticket::Ticket;
use crate::flows::Service;
use crate::flows::login::{self, LogIn as Request};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

pub(super) const WITH_PASSWORD: &[Code] = &[
    Code::ResponseGone,
    Code::CredentialsInvalid,
    Code::CaptchaRequired,
    Code::CaptchaExpired,
    Code::CaptchaWrong,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::Overloaded,
];
pub(super) const VERIFY_CODE: &[Code] = &[Code::Overloaded];
pub(super) const SIGN_IN_WITH_CODE: &[Code] = &[Code::ResponseGone, Code::Overloaded];

/// Phone number and password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// Mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613800138000")]
    phone_number: String,
    #[validate(custom(function = "checks::password"))]
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    password: Zeroizing<String>,
    /// Name of the device for the list of sessions. Never rejected: it is cut after 64 characters, and invisible
    /// characters are removed.
    #[schema(example = "iPhone 17")]
    device_name: Option<String>,
    /// Id of a solved captcha. Only required after `captcha_required`, together with `captcha_answer`.
    #[validate(custom(function = "checks::captcha_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = json!(null))]
    captcha_id: Option<String>,
    #[validate(custom(function = "checks::captcha_answer"))]
    #[schema(max_length = 32, pattern = "[^ ]", example = json!(null))]
    captcha_answer: Option<String>,
}

/// Code that the user has entered for the sign-in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyLogin {
    /// Ticket from `send-code`.
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    ticket: String,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[validate(custom(function = "checks::code"))]
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = "042137")]
    code: String,
    /// Name of the device for the list of sessions. Never rejected: it is cut after 64 characters, and invisible
    /// characters are removed.
    #[schema(example = "iPhone 17")]
    device_name: Option<String>,
}

/// Sign in with the password.
///
/// An unknown number and a wrong password get the same response (`credentials_invalid`) after the same time. After
/// three wrong passwords for a number in an hour a captcha is required (`captcha_required`). After ten, sign-in with
/// the password is suspended (`phone_limit_reached`); sign-in with a code stays possible.
#[utoipa::path(
    post, path = "/v1/login", operation_id = "login.withPassword", tag = "login", request_body = LogIn,
    responses((status = 200, description = "Signed in", body = SignedIn))
)]
pub(super) async fn with_password(
    service: web::Data<Service>,
    client: ClientContext,
    key: DeviceKey,
    body: Json<LogIn>,
) -> Result<HttpResponse, Problem> {
    let body = body.0;
    let captcha_id = optional("captcha_id", body.captcha_id.as_deref(), CaptchaId::parse)?;
    let captcha_answer = optional("captcha_answer", body.captcha_answer.as_deref(), CaptchaAnswer::parse)?;
    let request = Request {
        phone: checks::phone_of_account(&body.phone_number, &service)?,
        password: field("password", Password::parse(&body.password))?,
        captcha: match (captcha_id, captcha_answer) {
            (Some(id), Some(answer)) => Some((id, answer)),
            (None, None) => None,
            (Some(_), None) => return Err(Problem::missing("captcha_answer")),
            (None, Some(_)) => return Err(Problem::missing("captcha_id")),
        },
        device: Device { name: body.device_name.as_deref().and_then(DeviceName::parse), key: key.0 },
        client: client.0.address,
    };
    Ok(signed_in(StatusCode::OK, login::with_password(&service, request).await?))
}

/// Send a sign-in code.
///
/// A number without an account gets the same response, but no message. The captcha allows one attempt, right or wrong.
#[utoipa::path(
    post, path = "/v1/login/send-code", operation_id = "login.sendCode", tag = "login", request_body = SendCode,
    responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SendCode>,
) -> Result<HttpResponse, Problem> {
    otp::send_to_account(service, client, &body.0, Purpose::Login).await
}

/// Send the code again.
///
/// Sends the same code again. This does not extend the lifetime of the code and adds no attempts.
#[utoipa::path(
    post, path = "/v1/login/resend-code", operation_id = "login.resendCode", tag = "login",
    request_body = FlowTicket, responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    otp::resend_to_account(service, client, &body.0, Purpose::Login).await
}

/// Sign in with the code.
///
/// A wrong code (`code_wrong`) uses one of the attempts, five by default; the last wrong code ends the flow
/// (`code_exhausted`). A code works once, but after a `503` the client can submit the same code again.
#[utoipa::path(
    post, path = "/v1/login/verify-code", operation_id = "login.verifyCode", tag = "login",
    request_body = VerifyLogin, responses((status = 200, description = "Signed in", body = SignedIn))
)]
pub(super) async fn verify_code(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<VerifyLogin>,
) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    let name = body.0.device_name.as_deref().and_then(DeviceName::parse);
    let device = Device { name, key: key.0 };
    Ok(signed_in(StatusCode::OK, login::with_code(&service, ticket, code, device).await?))
}

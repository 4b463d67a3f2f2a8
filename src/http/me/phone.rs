//! `POST /v1/me/phone/…`: phone number change of the signed-in user.

use super::bodies::ChangePhone;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::ticket::Ticket;
use crate::flows::Service;
use crate::flows::account::phone;
use crate::http::bodies::{CodeSent, FlowTicket, VerifyCode};
use crate::http::checks::{self, field, optional};
use crate::http::client::ClientContext;
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json};
use crate::http::otp;
use crate::http::response::json;
use crate::http::schemas::User;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

pub(in crate::http) const SEND_CODE: &[Code] = &[
    Code::PasswordWrong,
    Code::RegionNotSupported,
    Code::PhoneAlreadyRegistered,
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsDeliveryFailed,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
    Code::Overloaded,
];
pub(in crate::http) const VERIFY_CODE: &[Code] = &[Code::PhoneAlreadyRegistered];

/// Send a code to the new number.
///
/// Requires the current password. A number with an account is rejected (`phone_already_registered`). If the operator
/// hides this, the response is the same as for a new number, but no message is sent.
#[utoipa::path(
    post, path = "/v1/me/phone/send-code", operation_id = "phoneChange.sendCode", tag = "phoneChange",
    security(("access_token" = [])), request_body = ChangePhone,
    responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(in crate::http) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<ChangePhone>,
) -> Result<HttpResponse, Problem> {
    let request = phone::SendCode {
        phone: checks::phone(&body.0.phone_number, &service)?,
        current_password: field("current_password", Password::parse(&body.0.current_password))?,
        client: client.0,
        app: optional("client_id", body.0.client_id.as_deref(), |text| service.policy().apps.known(text))?,
    };
    let sent = phone::send_code(&service, bearer.caller(&service).await?, request).await?;
    Ok(otp::sent(sent))
}

/// Send the code again.
///
/// Sends the same code again. This does not extend the lifetime of the code and adds no attempts.
#[utoipa::path(
    post, path = "/v1/me/phone/resend-code", operation_id = "phoneChange.resendCode", tag = "phoneChange",
    security(("access_token" = [])), request_body = FlowTicket,
    responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(in crate::http) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let sent = phone::resend_code(&service, &bearer.caller(&service).await?, ticket, client.0).await?;
    Ok(otp::sent(sent))
}

/// Verify the code and change the number.
///
/// The earlier number gets a notice by SMS. The sessions stay active. A wrong code (`code_wrong`) uses one of the
/// attempts, five by default. After a `503` the client can submit the same code again.
#[utoipa::path(
    post, path = "/v1/me/phone/verify-code", operation_id = "phoneChange.verifyCode", tag = "phoneChange",
    security(("access_token" = [])), request_body = VerifyCode,
    responses((status = 200, description = "Account with the new number", body = User))
)]
pub(in crate::http) async fn verify_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<VerifyCode>,
) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    let user = phone::verify_code(&service, bearer.caller(&service).await?, ticket, code, client.0.language).await?;
    Ok(json(StatusCode::OK, &User::from(user)))
}

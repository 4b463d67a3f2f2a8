//! `DELETE /v1/me`, and the code that can replace the password.

use super::bodies::{DeleteMe, SendOwnCode};
use crate::domain::Invalid;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::ticket::Ticket;
use crate::flows::Service;
use crate::flows::account::deletion;
use crate::http::bodies::{CodeSent, FlowTicket};
use crate::http::checks::{field, optional};
use crate::http::client::ClientContext;
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json, OptionalJson};
use crate::http::otp;
use actix_web::{HttpResponse, web};

pub(in crate::http) const SEND_CODE: &[Code] = &[
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsDeliveryFailed,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
];
pub(in crate::http) const DELETE: &[Code] = &[Code::PasswordWrong, Code::TooManyRequests, Code::Overloaded];

/// Send an account deletion code.
///
/// Sends a code to the account's own number. A user who does not know the password deletes the account with this code
/// and `DELETE /v1/me`.
#[utoipa::path(
    post, path = "/v1/me/deletion/send-code", operation_id = "deletion.sendCode", tag = "deletion",
    security(("access_token" = [])), request_body = SendOwnCode,
    responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(in crate::http) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: OptionalJson<SendOwnCode>,
) -> Result<HttpResponse, Problem> {
    let app = optional("client_id", body.0.client_id.as_deref(), |text| service.policy().apps.known(text))?;
    let sent = deletion::send_code(&service, &bearer.caller(&service).await?, client.0, app).await?;
    Ok(otp::sent(sent))
}

/// Send the code again.
///
/// Sends the same code again. This does not extend the lifetime of the code and adds no attempts.
#[utoipa::path(
    post, path = "/v1/me/deletion/resend-code", operation_id = "deletion.resendCode", tag = "deletion",
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
    let sent = deletion::resend_code(&service, &bearer.caller(&service).await?, ticket, client.0).await?;
    Ok(otp::sent(sent))
}

/// Delete the account.
///
/// Requires the password, or a new code with its ticket. Deletes all data of the account in this service and ends all
/// sessions. The number can sign up again.
#[utoipa::path(
    delete, path = "/v1/me", operation_id = "me.delete", tag = "me", security(("access_token" = [])),
    request_body = DeleteMe, responses((status = 204, description = "Account deleted"))
)]
pub(in crate::http) async fn delete(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<DeleteMe>,
) -> Result<HttpResponse, Problem> {
    let caller = bearer.caller(&service).await?;
    match (body.0.password, body.0.ticket, body.0.code) {
        (Some(password), None, None) => {
            let password = field("password", Password::parse(&password))?;
            deletion::with_password(&service, caller, password).await?;
        }
        (None, Some(ticket), Some(code)) => {
            let ticket = field("ticket", Ticket::parse(&ticket))?;
            let code = field("code", OneTimeCode::parse(&code))?;
            deletion::with_code(&service, &caller, ticket, code).await?;
        }
        (Some(_), _, _) => return Err(Problem::field("password", Invalid::NotAllowed)),
        (None, None, None) => return Err(Problem::missing("password")),
        (None, None, Some(_)) => return Err(Problem::missing("ticket")),
        (None, Some(_), None) => return Err(Problem::missing("code")),
    }
    Ok(HttpResponse::NoContent().finish())
}

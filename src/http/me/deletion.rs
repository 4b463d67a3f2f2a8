//! `DELETE /v1/me` and `POST /v1/me/deletion`, and the code that can replace the password.

use super::confirmation::{Confirmation, Fields};
use crate::domain::flow::Purpose;
use crate::flows::Service;
use crate::flows::account::deletion;
use crate::http::client::ClientContext;
use crate::http::dto::account::{DeleteMe, SendOwnCode};
use crate::http::dto::flow::FlowTicket;
use crate::http::endpoint::{Endpoint, delete, post};
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json, OptionalJson};
use crate::http::form::Form;
use crate::http::otp::{self, SEND_LIMITS, Sent, Status};
use crate::http::response::{NoContent, Reply};
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/me/deletion/send-code", send_code)
            .operation("deletion.sendCode", "Send an account deletion code.")
            .description(
                "Sends a code to the account's own number. A user who does not know the password deletes the account \
                 with this code and `DELETE /v1/me`.",
            )
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::PhoneMissing, Code::SmsDeliveryFailed]),
        post("/v1/me/deletion/resend-code", resend_code)
            .operation("deletion.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::PhoneMissing, Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        otp::status_row(post("/v1/me/deletion/status", status), "deletion.status"),
        delete_row(delete("/v1/me", delete_account).operation("me.delete", "Delete the account.")),
        delete_row(
            post("/v1/me/deletion", delete_account)
                .harmless()
                .operation("deletion.confirm", "Delete the account with a POST."),
        ),
    ]
}

const DELETES: &str = "Requires the password, or a new code with its ticket. With a code the deletion is held first \
                       (`act_held`): later, or after an approval on another device, a new code does it. A password \
                       that was set with a code alone is refused for a while (`password_too_new`). Deletes all data of \
                       the account in this service and ends all sessions. The number can sign up again.\n\n\
                       `DELETE /v1/me` and `POST /v1/me/deletion` are the same. Use the POST where a library or a \
                       proxy drops the body of a DELETE.";

fn delete_row(endpoint: Endpoint) -> Endpoint {
    endpoint
        .description(DELETES)
        .success("Account deleted")
        .errors(otp::VERIFY_CODE)
        .errors(&[Code::ActHeld, Code::ActRefused])
        .errors(&[Code::PasswordWrong, Code::PasswordTooNew, Code::TooManyRequests, Code::Overloaded])
}

async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: OptionalJson<SendOwnCode>,
) -> Sent {
    let app = otp::parse_own(&body.0, &service)?;
    Ok(Reply::new(deletion::send_code(&service, &bearer.caller(&service).await?, client.0, app).await?))
}

async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<FlowTicket>,
) -> Sent {
    let ticket = body.0.parse()?;
    Ok(Reply::new(deletion::resend_code(&service, &bearer.caller(&service).await?, ticket, client.0).await?))
}

async fn status(service: web::Data<Service>, bearer: Bearer, body: Json<FlowTicket>) -> Status {
    otp::own_status(&service, bearer, &body.0, Purpose::DeleteSelf).await
}

async fn delete_account(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<DeleteMe>,
) -> Result<NoContent, Problem> {
    let confirmation = body.0.parse()?;
    let caller = bearer.caller(&service).await?;
    match confirmation {
        Confirmation::Password(password) => deletion::with_password(&service, caller, password).await?,
        Confirmation::Code(ticket, code) => deletion::with_code(&service, &caller, ticket, code).await?,
    }
    Ok(NoContent)
}

impl DeleteMe {
    fn parse(&self) -> Result<Confirmation, Problem> {
        let mut form = Form::default();
        let (password, ticket, code) = (self.password.as_ref(), self.ticket.as_deref(), self.code.as_deref());
        let confirmation = Fields { name: "password", password, ticket, code }.parse(&mut form);
        form.finish(|| confirmation)
    }
}

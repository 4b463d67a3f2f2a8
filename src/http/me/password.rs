//! `PUT /v1/me/password`: password change of the signed-in user. `POST /v1/me/password/…`: code for a first password.

use super::confirmation::{Confirmation, Fields};
use crate::domain::flow::Purpose;
use crate::domain::password::NewPassword;
use crate::flows::Service;
use crate::flows::account::password;
use crate::http::client::ClientContext;
use crate::http::dto::account::{ChangePassword, SendOwnCode};
use crate::http::dto::flow::FlowTicket;
use crate::http::dto::session::Tokens;
use crate::http::endpoint::{Endpoint, post, put};
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json, OptionalJson};
use crate::http::form::Form;
use crate::http::otp::{self, SEND_LIMITS, Sent, Status};
use crate::http::response::Reply;
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        put("/v1/me/password", change)
            .operation("me.changePassword", "Change the password, or set the first one.")
            .description(
                "Requires the current password. An account without a password requires a new code with its ticket \
                 instead; an account with one refuses it (`password_already_set`). Ends all other sessions of the \
                 account, and renews this one: the response has new tokens, and the refresh token that the app had \
                 before is invalid (`refresh_invalid`). Send an `Idempotency-Key`: if the response is lost, a retry \
                 with the same key and body gets the same tokens until the new refresh token is used, and then \
                 `response_gone`. A session that is bound to a key stays bound to it. The number of wrong current \
                 passwords (`password_wrong`) in an hour is limited (`too_many_requests`). After \
                 `password_too_weak` the same code is still valid.",
            )
            .success("New tokens of this session")
            .requires_passwords()
            .errors(otp::VERIFY_CODE)
            .errors(&[
                Code::ResponseGone,
                Code::PhoneMissing,
                Code::PasswordAlreadySet,
                Code::PasswordWrong,
                Code::PasswordTooWeak,
                Code::TooManyRequests,
                Code::Overloaded,
            ]),
        post("/v1/me/password/send-code", send_code)
            .operation("firstPassword.sendCode", "Send a code for the first password.")
            .description(
                "Sends a code to the account's own number. A user without a password sets one with this code and \
                 `PUT /v1/me/password`.",
            )
            .success("Ticket and waiting time")
            .requires_passwords()
            .errors(SEND_LIMITS)
            .errors(&[Code::PhoneMissing, Code::PasswordAlreadySet, Code::SmsDeliveryFailed]),
        post("/v1/me/password/resend-code", resend_code)
            .operation("firstPassword.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .requires_passwords()
            .errors(SEND_LIMITS)
            .errors(&[Code::PhoneMissing, Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        otp::status_row(post("/v1/me/password/status", status), "firstPassword.status").requires_passwords(),
    ]
}

async fn change(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<ChangePassword>,
) -> Result<Reply<Tokens>, Problem> {
    let (confirmation, new) = body.0.parse()?;
    let (caller, language) = (bearer.caller(&service).await?, client.0.text_language);
    let tokens = match confirmation {
        Confirmation::Password(current) => password::change(&service, caller, current, new, language).await?,
        Confirmation::Code(ticket, code) => password::set_first(&service, caller, ticket, code, new, language).await?,
    };
    let issued = tokens.generation;
    Ok(Reply::with_tokens(tokens, issued))
}

async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: OptionalJson<SendOwnCode>,
) -> Sent {
    let app = otp::parse_own(&body.0, &service)?;
    Ok(Reply::new(password::send_code(&service, &bearer.caller(&service).await?, client.0, app).await?))
}

async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<FlowTicket>,
) -> Sent {
    let ticket = body.0.parse()?;
    Ok(Reply::new(password::resend_code(&service, &bearer.caller(&service).await?, ticket, client.0).await?))
}

async fn status(service: web::Data<Service>, bearer: Bearer, body: Json<FlowTicket>) -> Status {
    otp::own_status(&service, bearer, &body.0, Purpose::SetPassword).await
}

impl ChangePassword {
    fn parse(&self) -> Result<(Confirmation, NewPassword), Problem> {
        let mut form = Form::default();
        let (password, ticket, code) = (self.current_password.as_ref(), self.ticket.as_deref(), self.code.as_deref());
        let confirmation = Fields { name: "current_password", password, ticket, code }.parse(&mut form);
        let new = form.field("new_password", NewPassword::parse(&self.new_password));
        form.finish(|| confirmation.zip(new))
    }
}

//! `POST /v1/password-reset/…`: password reset with a code.

use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::dto::flow::{FlowTicket, SendAccountCode, SetPassword, StepDone, VerifyOwnerCode};
use super::endpoint::{Endpoint, post};
use super::error::{Code, Problem};
use super::extract::Json;
use super::otp::{self, SEND_LIMITS, Sent, Status};
use super::ownership::IN_QUESTION;
use super::register::SET_PASSWORD;
use super::response::{NoContent, Reply};
use crate::domain::flow::Purpose;
use crate::flows::{Service, password_reset};
use actix_web::web;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/password-reset/send-code", send_code)
            .operation("passwordReset.sendCode", "Send a password reset code.")
            .description(otp::SEND_CONCEALED_OR_KNOWN)
            .success("Ticket and waiting time")
            .requires_passwords()
            .errors(SEND_LIMITS)
            .errors(otp::SEND_TO_ACCOUNT)
            .errors(otp::SEND_TO_KNOWN_DEVICE),
        post("/v1/password-reset/resend-code", resend_code)
            .operation("passwordReset.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .requires_passwords()
            .errors(SEND_LIMITS)
            .errors(&[Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        post("/v1/password-reset/verify-code", verify_code)
            .operation("passwordReset.verifyCode", "Verify the code.")
            .description(
                "A wrong code (`code_wrong`) uses one of the attempts; the last wrong code ends the flow \
                 (`code_exhausted`). A right code may not be enough: `account_dormant`, `act_held` and `act_refused` \
                 keep the flow. Submit the same code again with the token of a known device, or after the act was \
                 approved on another device.",
            )
            .success("Phone number verified")
            .requires_passwords()
            .errors(otp::VERIFY_CODE)
            .errors(IN_QUESTION)
            .errors(&[Code::WrongStep, Code::Overloaded]),
        post("/v1/password-reset/set-password", set_password)
            .operation("passwordReset.setPassword", "Set the new password.")
            .description(
                "Ends all sessions of the account and does not sign the user in: continue with the sign-in. The number \
                 of passwords per ticket is limited (`too_many_requests`).",
            )
            .success("Password set")
            .requires_passwords()
            .errors(SET_PASSWORD),
        otp::status_row(post("/v1/password-reset/status", status), "passwordReset.status").requires_passwords(),
    ]
}

async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    key: DeviceKey,
    body: Json<SendAccountCode>,
) -> Sent {
    otp::send_to_account(service, client, key, &body.0, Purpose::ResetPassword).await
}

async fn resend_code(service: web::Data<Service>, client: ClientContext, body: Json<FlowTicket>) -> Sent {
    otp::resend_to_account(service, client, &body.0, Purpose::ResetPassword).await
}

async fn verify_code(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<VerifyOwnerCode>,
) -> Result<Reply<StepDone>, Problem> {
    let device = body.0.device(&service, &key);
    let (ticket, code) = body.0.parse()?;
    let done = password_reset::verify_code(&service, ticket, code, device).await?;
    Ok(Reply::new(StepDone::new(&done, service.policy().passwords)))
}

async fn set_password(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SetPassword>,
) -> Result<NoContent, Problem> {
    let (ticket, password) = body.0.parse()?;
    password_reset::set_password(&service, ticket, password, client.0.text_language).await?;
    Ok(NoContent)
}

async fn status(service: web::Data<Service>, body: Json<FlowTicket>) -> Status {
    otp::status(&service, &body.0, Purpose::ResetPassword).await
}

//! `POST /v1/account-deletion/…`: deletion with the phone but without the app, as app stores require.

use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::dto::flow::{FlowTicket, SendCode, VerifyOwnerCode};
use super::endpoint::{Endpoint, post};
use super::error::{Code, Problem};
use super::extract::Json;
use super::otp::{self, SEND_LIMITS, Sent, Status};
use super::response::NoContent;
use crate::domain::flow::Purpose;
use crate::flows::Service;
use crate::flows::account::deletion;
use actix_web::web;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/account-deletion/send-code", send_code)
            .operation("accountDeletion.sendCode", "Send an account deletion code.")
            .description(otp::SEND_CONCEALED)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(otp::SEND_TO_ACCOUNT),
        post("/v1/account-deletion/resend-code", resend_code)
            .operation("accountDeletion.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::TicketExpired, Code::WrongStep]),
        post("/v1/account-deletion/verify-code", verify_code)
            .operation("accountDeletion.verifyCode", "Verify the code and delete the account.")
            .description(
                "The code is the consent. The deletion is held first (`act_held`), so that the owner can refuse it on \
                 a device that is signed in; later a new code deletes all data of the account in this service and ends \
                 all sessions. An account that was not used for a long time loses its number at once, and is deleted \
                 later. The number can sign up again. A wrong code (`code_wrong`) uses one of the attempts. After a \
                 `503` the client can submit the same code again.",
            )
            .success("Account deleted")
            .errors(otp::VERIFY_CODE)
            .errors(&[Code::ActHeld, Code::ActRefused])
            .errors(&[Code::Overloaded]),
        otp::status_row(post("/v1/account-deletion/status", status), "accountDeletion.status"),
    ]
}

async fn send_code(service: web::Data<Service>, client: ClientContext, body: Json<SendCode>) -> Sent {
    otp::send_to_account(service, client, DeviceKey(None), &body.0.into(), Purpose::DeleteAccount).await
}

async fn resend_code(service: web::Data<Service>, client: ClientContext, body: Json<FlowTicket>) -> Sent {
    otp::resend_to_account(service, client, &body.0, Purpose::DeleteAccount).await
}

async fn verify_code(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<VerifyOwnerCode>,
) -> Result<NoContent, Problem> {
    let device = body.0.device(&service, &key);
    let (ticket, code) = body.0.parse()?;
    deletion::with_code_alone(&service, ticket, code, device).await?;
    Ok(NoContent)
}

async fn status(service: web::Data<Service>, body: Json<FlowTicket>) -> Status {
    otp::status(&service, &body.0, Purpose::DeleteAccount).await
}

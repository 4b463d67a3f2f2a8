//! `POST /v1/me/phone/confirm/…`: the signed-in user proves that the number is still theirs.

use crate::domain::flow::Purpose;
use crate::flows::Service;
use crate::flows::account::confirm;
use crate::http::client::ClientContext;
use crate::http::dto::account::{SendOwnCode, User};
use crate::http::dto::flow::{FlowTicket, VerifyCode};
use crate::http::endpoint::{Endpoint, post};
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json, OptionalJson};
use crate::http::otp::{self, SEND_LIMITS, Sent, Status};
use crate::http::response::Reply;
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/me/phone/confirm/send-code", send_code)
            .operation("phoneConfirmation.sendCode", "Send a code to the current number.")
            .description(
                "Sends a code to the account's own number. Use it when `phone_confirm_due` of the account is `true`. \
                 If the user has another number now, change the number instead.",
            )
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::PhoneMissing, Code::SmsDeliveryFailed]),
        post("/v1/me/phone/confirm/resend-code", resend_code)
            .operation("phoneConfirmation.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::PhoneMissing, Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        post("/v1/me/phone/confirm/verify-code", verify_code)
            .operation("phoneConfirmation.verifyCode", "Verify the code and confirm the number.")
            .description(
                "A wrong code (`code_wrong`) uses one of the attempts. After a `503` the client can submit the same \
                 code again.",
            )
            .success("Account with a confirmed number")
            .errors(otp::VERIFY_CODE)
            .errors(&[Code::PhoneMissing]),
        otp::status_row(post("/v1/me/phone/confirm/status", status), "phoneConfirmation.status"),
    ]
}

async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: OptionalJson<SendOwnCode>,
) -> Sent {
    let app = otp::parse_own(&body.0, &service)?;
    Ok(Reply::new(confirm::send_code(&service, &bearer.caller(&service).await?, client.0, app).await?))
}

async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<FlowTicket>,
) -> Sent {
    let ticket = body.0.parse()?;
    Ok(Reply::new(confirm::resend_code(&service, &bearer.caller(&service).await?, ticket, client.0).await?))
}

async fn verify_code(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<VerifyCode>,
) -> Result<Reply<User>, Problem> {
    let (ticket, code) = body.0.parse()?;
    let user = confirm::verify_code(&service, bearer.caller(&service).await?, ticket, code).await?;
    Ok(Reply::new(User::new(user, &service)))
}

async fn status(service: web::Data<Service>, bearer: Bearer, body: Json<FlowTicket>) -> Status {
    otp::own_status(&service, bearer, &body.0, Purpose::ConfirmPhone).await
}

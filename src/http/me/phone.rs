//! `POST /v1/me/phone/…`: phone number change of the signed-in user.

use crate::domain::flow::Purpose;
use crate::domain::password::Password;
use crate::flows::Service;
use crate::flows::account::phone;
use crate::http::client::ClientContext;
use crate::http::dto::account::{ChangePhone, User};
use crate::http::dto::flow::{FlowTicket, VerifyCode};
use crate::http::endpoint::{Endpoint, post};
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json};
use crate::http::form::Form;
use crate::http::otp::{self, SEND_LIMITS, Sent, Status};
use crate::http::response::Reply;
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/me/phone/send-code", send_code)
            .operation("phoneChange.sendCode", "Send a code to the new number.")
            .description(
                "Requires the current password, if the account has one. A number with an account gets a code, too: \
                 only the person who has the phone learns that it has one.",
            )
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::PasswordWrong, Code::RegionNotSupported, Code::SmsDeliveryFailed, Code::Overloaded]),
        post("/v1/me/phone/resend-code", resend_code)
            .operation("phoneChange.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        post("/v1/me/phone/verify-code", verify_code)
            .operation("phoneChange.verifyCode", "Verify the code and change the number.")
            .description(
                "The earlier number gets a notice by SMS. The sessions stay active. A wrong code (`code_wrong`) uses \
                 one of the attempts. After a `503` the client can submit the same code again.\n\n\
                 The change is done at once with the password on a device that is known for as long as acts are held. \
                 Otherwise it is held (`act_held`), and so is a change to a number whose account is in use: repeat it \
                 later, or submit the same code again after an approval. A dormant account loses the number at once.",
            )
            .success("Account with the new number")
            .errors(otp::VERIFY_CODE)
            .errors(&[Code::ActHeld, Code::ActRefused, Code::PhoneAlreadyRegistered]),
        otp::status_row(post("/v1/me/phone/status", status), "phoneChange.status"),
    ]
}

async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<ChangePhone>,
) -> Sent {
    let request = body.0.parse(client, &service)?;
    Ok(Reply::new(phone::send_code(&service, bearer.caller(&service).await?, request).await?))
}

async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<FlowTicket>,
) -> Sent {
    let ticket = body.0.parse()?;
    Ok(Reply::new(phone::resend_code(&service, &bearer.caller(&service).await?, ticket, client.0).await?))
}

async fn verify_code(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<VerifyCode>,
) -> Result<Reply<User>, Problem> {
    let (ticket, code) = body.0.parse()?;
    let caller = bearer.caller(&service).await?;
    let user = phone::verify_code(&service, caller, ticket, code, client.0.text_language).await?;
    Ok(Reply::new(User::new(user, &service)))
}

async fn status(service: web::Data<Service>, bearer: Bearer, body: Json<FlowTicket>) -> Status {
    otp::own_status(&service, bearer, &body.0, Purpose::ChangePhone).await
}

impl ChangePhone {
    fn parse(&self, client: ClientContext, service: &Service) -> Result<phone::SendCode, Problem> {
        let mut form = Form::default();
        let phone = form.phone("phone_number", service.policy().phone(&self.phone_number, service.now()));
        let given = self.current_password.as_ref().map(|text| text.as_str());
        let current_password = form.optional("current_password", given, Password::parse);
        let app = otp::parse_app(&mut form, self.client_id.as_deref(), service);
        form.finish(|| Some(phone::SendCode { phone: phone?, current_password, client: client.0, app }))
    }
}

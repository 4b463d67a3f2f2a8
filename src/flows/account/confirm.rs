//! Confirmation of the number: a code proves that the user still has the phone.

use super::own_number;
use crate::domain::client_id::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::domain::user::User;
use crate::flows::otp::CodeSent;
use crate::flows::session::Caller;
use crate::flows::{Client, Error, Service};

pub async fn send_code(
    service: &Service,
    caller: &Caller,
    client: Client,
    app: Option<ClientId>,
) -> Result<CodeSent, Error> {
    own_number::send_code(service, Purpose::ConfirmPhone(caller.user.id), caller, client, app).await
}

pub async fn resend_code(
    service: &Service,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    own_number::resend_code(service, Purpose::ConfirmPhone(caller.user.id), caller, ticket, client).await
}

/// Checks the code, and records the time of the proof. While the database is down the code stays valid.
pub async fn verify_code(service: &Service, caller: Caller, ticket: Ticket, given: OneTimeCode) -> Result<User, Error> {
    own_number::redeem(service, Purpose::ConfirmPhone(caller.user.id), caller, ticket, given, confirm).await
}

async fn confirm(service: Service, caller: Caller, phone: Phone) -> Result<User, Error> {
    let confirmed = service.ports.users.confirm_phone(&caller.authority(), &phone, service.now()).await?;
    // `None`: the session has ended, or the credentials were changed, concurrently.
    let user = confirmed.ok_or(Error::TokenInvalid)?;
    tracing::info!(user = %user.id.0, "phone number confirmed");
    Ok(user)
}

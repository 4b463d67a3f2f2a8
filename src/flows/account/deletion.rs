//! Account deletion: deletes the rows and ends the sessions; the phone number is then free. In the app it requires the
//! password or a code; without the app, a code.

use super::password::confirm;
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::session::Authority;
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, UserId};
use crate::flows::limits::SendReservation;
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::session::Caller;
use crate::flows::{Client, Error, Service};
use crate::ports::Proof;

pub async fn with_password(service: &Service, caller: Caller, password: Password) -> Result<(), Error> {
    service.background.run_to_completion(confirm_and_delete(service.clone(), caller, password)).await
}

async fn confirm_and_delete(service: Service, caller: Caller, password: Password) -> Result<(), Error> {
    let proof = confirm(&service, &caller, password).await?;
    // Not deleted: the session has ended, or the password was changed, concurrently.
    delete(&service, caller.user.id, &proof, Some(&caller.authority()), Error::TokenInvalid).await
}

/// Sends a code to the caller's own phone.
pub async fn send_code(
    service: &Service,
    caller: &Caller,
    client: Client,
    app: Option<ClientId>,
) -> Result<CodeSent, Error> {
    let purpose = Purpose::DeleteSelf(caller.user.id);
    let phone = caller.user.phone.clone().ok_or(Error::NoPhone)?;
    let account = Some(AccountVersion::of(&caller.user));
    let to = Recipient {
        purpose,
        phone,
        account,
        decoy: false,
        conceal: false,
        client,
        app,
        consent: None,
        password_proven: false,
    };
    service.background.run_to_completion(reserve_and_send(service.clone(), to)).await
}

async fn reserve_and_send(service: Service, to: Recipient) -> Result<CodeSent, Error> {
    let reservation = SendReservation::reserve(&service, to.purpose, to.client, &to.phone).await?;
    otp::send(&service, to, reservation).await
}

pub async fn resend_code(
    service: &Service,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    otp::resend(service, Purpose::DeleteSelf(caller.user.id), ticket, client, false).await
}

pub async fn with_code(service: &Service, caller: &Caller, ticket: Ticket, given: OneTimeCode) -> Result<(), Error> {
    let by = caller.authority();
    let delete = move |service, proven| delete_proven(service, proven, Some(by));
    otp::redeem(service, Purpose::DeleteSelf(caller.user.id), ticket, given, delete).await
}

/// Deletes an account without the app. [`otp::send_to_account`] sends the code.
pub async fn with_code_alone(service: &Service, ticket: Ticket, given: OneTimeCode) -> Result<(), Error> {
    let delete = |service, proven| delete_proven(service, proven, None);
    otp::redeem(service, Purpose::DeleteAccount, ticket, given, delete).await
}

async fn delete_proven(service: Service, proven: Proven, by: Option<Authority>) -> Result<(), Error> {
    let account = proven.account.ok_or(Error::TicketExpired)?;
    let proof = Proof::of_code(proven.phone, account);
    // Not deleted: the account is deleted already, or its phone or password has changed since the code was sent.
    delete(&service, account.user, &proof, by.as_ref(), Error::TicketExpired).await
}

async fn delete(
    service: &Service,
    user: UserId,
    proof: &Proof,
    by: Option<&Authority>,
    otherwise: Error,
) -> Result<(), Error> {
    if !service.ports.users.delete(user, proof, by, service.now()).await? {
        return Err(otherwise);
    }
    tracing::info!(user = %user.0, "account deleted");
    Ok(())
}

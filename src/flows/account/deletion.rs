//! The end of an account: rows gone, sessions dead, the phone free. With the password or a code in the app; with a code alone
//! for who no longer has the app.

use super::password::confirm;
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, UserId};
use crate::flows::limits::Grant;
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::session::Caller;
use crate::flows::{Client, Error, Service};
use crate::ports::Proof;
use std::sync::Arc;

pub async fn with_password(service: &Arc<Service>, caller: Caller, password: Password) -> Result<(), Error> {
    service.background.run_to_completion(confirm_and_delete(Arc::clone(service), caller, password)).await
}

async fn confirm_and_delete(service: Arc<Service>, caller: Caller, password: Password) -> Result<(), Error> {
    let proof = confirm(&service, &caller, password).await?;
    // Not deleted: the password was changed at the same moment.
    delete(&service, caller.user.id, &proof, Error::PasswordWrong).await
}

/// Sends a code to the caller's own phone.
pub async fn send_code(
    service: &Arc<Service>,
    caller: &Caller,
    client: Client,
    app: Option<ClientId>,
) -> Result<CodeSent, Error> {
    let (purpose, phone) = (Purpose::DeleteSelf(caller.user.id), caller.user.phone.clone());
    let account = Some(AccountVersion::of(&caller.user));
    let to = Recipient { purpose, phone, account, decoy: false, conceal: false, client, app };
    service.background.run_to_completion(reserve_and_send(Arc::clone(service), to)).await
}

async fn reserve_and_send(service: Arc<Service>, to: Recipient) -> Result<CodeSent, Error> {
    let grant = Grant::reserve(&service, to.purpose, to.client, &to.phone).await?;
    otp::send(&service, to, grant).await
}

pub async fn resend_code(
    service: &Arc<Service>,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    otp::resend(service, Purpose::DeleteSelf(caller.user.id), ticket, client, false).await
}

pub async fn with_code(
    service: &Arc<Service>,
    caller: &Caller,
    ticket: Ticket,
    given: OneTimeCode,
) -> Result<(), Error> {
    otp::redeem(service, Purpose::DeleteSelf(caller.user.id), ticket, given, delete_proven).await
}

/// Without the app. The code goes out as every other does (see [`otp::send_to_account`]).
pub async fn with_code_alone(service: &Arc<Service>, ticket: Ticket, given: OneTimeCode) -> Result<(), Error> {
    otp::redeem(service, Purpose::DeleteAccount, ticket, given, delete_proven).await
}

async fn delete_proven(service: Arc<Service>, proven: Proven) -> Result<(), Error> {
    let account = proven.account.ok_or(Error::TicketExpired)?;
    let proof = Proof::of_code(proven.phone, account);
    // Not deleted: it is gone already, or has another phone or password since the code was sent.
    delete(&service, account.user, &proof, Error::TicketExpired).await
}

async fn delete(service: &Service, user: UserId, proof: &Proof, otherwise: Error) -> Result<(), Error> {
    if !service.ports.users.delete(user, proof).await? {
        return Err(otherwise);
    }
    tracing::info!(user = %user.0, "account deleted");
    Ok(())
}

//! Account deletion: deletes the rows and ends the sessions; the phone number is then free. In the app it requires the
//! password or a code; without the app, a code.

use super::own_number;
use super::password::confirm;
use crate::domain::client_id::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::pending::ActKind;
use crate::domain::session::Authority;
use crate::domain::ticket::Ticket;
use crate::domain::user::UserId;
use crate::flows::otp::{self, CodeSent};
use crate::flows::ownership::{self, Admitted, Question};
use crate::flows::session::Caller;
use crate::flows::{Client, Error, NamedDevice, Service};
use crate::ports::{Proof, Whose};

pub async fn with_password(service: &Service, caller: Caller, password: Password) -> Result<(), Error> {
    service.background.run_to_completion(confirm_and_delete(service.clone(), caller, password)).await
}

async fn confirm_and_delete(service: Service, caller: Caller, password: Password) -> Result<(), Error> {
    let proof = confirm(&service, &caller, password).await?;
    let settles_in = service.policy.ownership.settles_in(caller.user.password_reset_at, service.now());
    if let Some(retry_after) = settles_in {
        return Err(Error::PasswordTooNew { retry_after });
    }
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
    own_number::send_code(service, Purpose::DeleteSelf(caller.user.id), caller, client, app).await
}

pub async fn resend_code(
    service: &Service,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    own_number::resend_code(service, Purpose::DeleteSelf(caller.user.id), caller, ticket, client).await
}

pub async fn with_code(service: &Service, caller: &Caller, ticket: Ticket, given: OneTimeCode) -> Result<(), Error> {
    let by = caller.authority();
    let delete = move |service, proven| delete_proven(service, proven, Some(by), None);
    otp::redeem(service, Purpose::DeleteSelf(caller.user.id), ticket, given, delete).await
}

/// Deletes an account without the app. [`otp::send_to_account`] sends the code. The deletion is held first, unless the
/// account is dormant: then it is detached. On a device that is known for long it is done at once.
pub async fn with_code_alone(
    service: &Service,
    ticket: Ticket,
    given: OneTimeCode,
    device: Option<NamedDevice>,
) -> Result<(), Error> {
    let delete = move |service, proven| delete_proven(service, proven, None, device);
    otp::redeem(service, Purpose::DeleteAccount, ticket, given, delete).await
}

async fn delete_proven(
    service: Service,
    proven: Proven,
    by: Option<Authority>,
    device: Option<NamedDevice>,
) -> Result<(), Error> {
    let account = proven.account.ok_or(Error::TicketExpired)?;
    let whose = by.map_or(Whose::Phone(proven.phone.clone()), |by| Whose::User(by.account.user));
    let question = Question { session: by.map(|by| by.session), device, ..Question::default() };
    match ownership::ask(&service, ActKind::Deletion, whose, account, question).await? {
        Admitted::Enter(entered) => {
            let proof = Proof::of_code(proven.phone, account).using(entered.uses);
            // Not deleted: the account is deleted already, or has changed since the code was sent.
            delete(&service, account.user, &proof, by.as_ref(), Error::TicketExpired).await
        }
        Admitted::Detach(detach) => {
            if !service.ports.users.detach(&detach, service.now()).await? {
                return Err(Error::TicketExpired);
            }
            tracing::info!(user = %account.user.0, "account detached");
            Ok(())
        }
    }
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

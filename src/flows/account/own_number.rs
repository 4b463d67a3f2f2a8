//! Codes to the number of a signed-in user, which prove that the phone is still theirs.

use crate::domain::client_id::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::phone::Phone;
use crate::domain::session::Authority;
use crate::domain::ticket::Ticket;
use crate::domain::user::AccountVersion;
use crate::flows::limits::SendReservation;
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::session::Caller;
use crate::flows::{Client, Error, Service};
use std::future::Future;

/// Sends a code to the caller's own phone.
pub(super) async fn send_code(
    service: &Service,
    purpose: Purpose,
    caller: &Caller,
    client: Client,
    app: Option<ClientId>,
) -> Result<CodeSent, Error> {
    let phone = phone_of(caller)?.clone();
    let account = Some(AccountVersion::of(&caller.user));
    let to = Recipient { account, ..Recipient::new(purpose, phone, client, app) };
    service.background.run_to_completion(reserve_and_send(service.clone(), to)).await
}

async fn reserve_and_send(service: Service, to: Recipient) -> Result<CodeSent, Error> {
    let reservation = SendReservation::reserve(&service, to.purpose, to.client, &to.phone, None).await?;
    otp::send(&service, to, reservation).await
}

/// Sends the code again. A detached account gets none: its number belongs to another account now.
pub(super) async fn resend_code(
    service: &Service,
    purpose: Purpose,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    phone_of(caller)?;
    otp::resend(service, purpose, ticket, client, false).await
}

/// Checks the code, and performs the action of the flow. The code is invalid if the credentials were changed since it
/// was sent.
pub(super) async fn redeem<T, Done>(
    service: &Service,
    purpose: Purpose,
    caller: Caller,
    ticket: Ticket,
    given: OneTimeCode,
    act: impl FnOnce(Service, Caller, Phone) -> Done + Send + 'static,
) -> Result<T, Error>
where
    T: Send + 'static,
    Done: Future<Output = Result<T, Error>> + Send,
{
    phone_of(&caller)?;
    let act = |service, proven: Proven| async move {
        let Authority { account, .. } = caller.authority();
        if proven.account != Some(account) {
            return Err(Error::TicketExpired);
        }
        act(service, caller, proven.phone).await
    };
    otp::redeem(service, purpose, ticket, given, act).await
}

fn phone_of(caller: &Caller) -> Result<&Phone, Error> {
    caller.user.phone.as_ref().ok_or(Error::NoPhone)
}

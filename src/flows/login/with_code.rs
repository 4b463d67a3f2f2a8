//! Sign-in with a code. [`crate::flows::otp::send_to_account`] sends the code.

use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::session::Device;
use crate::domain::ticket::Ticket;
use crate::domain::user::AccountVersion;
use crate::flows::session::{self, SignedIn};
use crate::flows::{Error, Service, otp};
use crate::ports::Proof;

/// Checks the code and signs in. If the database fails, the code stays valid.
pub async fn with_code(
    service: &Service,
    ticket: Ticket,
    given: OneTimeCode,
    device: Device,
) -> Result<SignedIn, Error> {
    let sign_in = move |service, proven| sign_in(service, proven, device);
    otp::redeem(service, Purpose::Login, ticket, given, sign_in).await
}

async fn sign_in(service: Service, proven: Proven, device: Device) -> Result<SignedIn, Error> {
    let account = service.ports.users.by_phone(&proven.phone).await?.map(|account| account.user);
    // `None`: since the code was sent, the account was deleted, or got another phone or a new password.
    let user = account.filter(|user| Some(AccountVersion::of(user)) == proven.account).ok_or(Error::TicketExpired)?;
    let proof = Proof::of_code(proven.phone, AccountVersion::of(&user));
    let signed_in = session::sign_in(&service, user, &proof, None, device).await?;
    signed_in.ok_or(Error::TicketExpired)
}

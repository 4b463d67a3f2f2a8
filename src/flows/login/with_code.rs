//! Sign-in with a code. [`crate::flows::otp::send_to_account`] sends the code.

use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::pending::ActKind;
use crate::domain::session::Device;
use crate::domain::ticket::Ticket;
use crate::flows::ownership::{self, Question};
use crate::flows::session::{self, SignedIn};
use crate::flows::{Error, NamedDevice, Service, otp};
use crate::ports::{Proof, Whose};

/// Checks the code and signs in. If the database fails, the code stays valid. The code alone may not be enough: then
/// the client can repeat it with a known device, or after the owner has approved the sign-in.
pub async fn with_code(
    service: &Service,
    ticket: Ticket,
    given: OneTimeCode,
    token: Option<NamedDevice>,
    device: Device,
) -> Result<SignedIn, Error> {
    let sign_in = move |service, proven| sign_in(service, proven, token, device);
    otp::redeem(service, Purpose::Login, ticket, given, sign_in).await
}

async fn sign_in(
    service: Service,
    proven: Proven,
    token: Option<NamedDevice>,
    device: Device,
) -> Result<SignedIn, Error> {
    let (whose, account) = (Whose::Phone(proven.phone.clone()), proven.account.ok_or(Error::TicketExpired)?);
    let question = Question {
        device: token,
        password: proven.password_proven,
        device_name: device.name.clone(),
        ..Question::default()
    };
    let entered = ownership::ask(&service, ActKind::SignIn, whose, account, question).await?.entered()?;
    let proof = Proof::of_code(proven.phone, account).using(entered.uses);
    let device = Device { known: entered.known, ..device };
    let signed_in = session::sign_in(&service, entered.user, &proof, None, device).await?;
    signed_in.ok_or(Error::TicketExpired)
}

//! Claim of an account after a sign-in code that was right, and not enough: with the password or a known device.

use super::ask::{Question, ask};
use crate::domain::flow::{Flow, Purpose, State};
use crate::domain::password::Password;
use crate::domain::pending::ActKind;
use crate::domain::session::Device;
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, UserId};
use crate::flows::limits::PasswordAttempt;
use crate::flows::session::{self, SignedIn};
use crate::flows::{Error, NamedDevice, Service, otp};
use crate::ports::{Proof, Verdict, Whose};

pub struct Claim {
    pub ticket: Ticket,
    pub evidence: Evidence,
    pub device: Device,
}

pub enum Evidence {
    Password(Password),
    /// Device that the client's token names; `None`: the service has not issued the token.
    Device(Option<NamedDevice>),
}

/// Signs in, and deletes the flow. The phone is proven. After a wrong password the flow stays.
pub async fn claim(service: &Service, request: Claim) -> Result<SignedIn, Error> {
    service.background.run_to_completion(check_and_sign_in(service.clone(), request)).await
}

async fn check_and_sign_in(service: Service, request: Claim) -> Result<SignedIn, Error> {
    let Claim { ticket, evidence, device } = request;
    let flow = service.ports.staging.read_flow(&ticket.flow_key(), Purpose::Login).await?;
    let Flow { phone, state, account, expires_in, .. } = flow.ok_or(Error::TicketExpired)?;
    let State::AccountUnclear = state else { return Err(Error::WrongStep(state.step())) };
    let account = account.ok_or(Error::TicketExpired)?;
    let question = question(&service, account, evidence, &device).await?;
    let asked = ask(&service, ActKind::SignIn, Whose::Phone(phone.clone()), account, question).await;
    let entered = asked.map_err(|error| error.within(expires_in))?.entered()?;
    let proof = Proof::of_code(phone, account).using(entered.uses);
    let device = Device { known: entered.known, ..device };
    let signed_in = session::sign_in(&service, entered.user, &proof, None, device).await?;
    otp::delete_flow(&service, &ticket).await;
    signed_in.ok_or(Error::TicketExpired)
}

/// Checks a password. It is counted by the account: only a person with the SIM gets here, so that wrong passwords of
/// strangers for the phone do not count.
async fn question(
    service: &Service,
    account: AccountVersion,
    evidence: Evidence,
    device: &Device,
) -> Result<Question, Error> {
    let device_name = device.name.clone();
    match evidence {
        Evidence::Device(device) => Ok(Question { device, device_name, ..Question::default() }),
        Evidence::Password(password) => {
            let attempt = PasswordAttempt::for_user(service, account.user).await?;
            attempt.record(service, compare(service, account.user, password).await).await?;
            Ok(Question { password: true, device_name, ..Question::default() })
        }
    }
}

async fn compare(service: &Service, user: UserId, given: Password) -> Result<(), Error> {
    let hash = service.ports.users.password_hash(user).await?;
    let hash = hash.filter(|_| service.policy.passwords.accepts_passwords());
    match service.ports.hasher.verify(given, hash).await? {
        Verdict::Right { .. } => Ok(()),
        Verdict::Wrong => Err(Error::PasswordWrong),
    }
}

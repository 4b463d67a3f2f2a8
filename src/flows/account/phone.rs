//! Change of number: the password, then a code to the new number. The change is held, unless it comes from a device
//! that has been known for the time of a hold.

use super::notice::{self, Notice};
use super::password::confirm;
use crate::domain::client_id::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::limits::Limit;
use crate::domain::message::Content;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::pending::{ActKind, PendingId};
use crate::domain::phone::Phone;
use crate::domain::question::Reason;
use crate::domain::texts::TextLanguage;
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, User, UserId};
use crate::flows::limits::SendReservation;
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::ownership::{self, Admitted, Question};
use crate::flows::session::Caller;
use crate::flows::{Client, Error, InQuestion, Service, limits};
use crate::ports::{Detach, NumberChange, PhoneChange, Whose};

pub struct SendCode {
    pub phone: Phone,
    /// `None` only if the account has no password.
    pub current_password: Option<Password>,
    pub client: Client,
    pub app: Option<ClientId>,
}

/// Sends a code to the new number, also if the number has an account: the person who has the phone learns it by the
/// code, and nobody else.
pub async fn send_code(service: &Service, caller: Caller, request: SendCode) -> Result<CodeSent, Error> {
    service.background.run_to_completion(confirm_and_send(service.clone(), caller, request)).await
}

async fn confirm_and_send(service: Service, caller: Caller, request: SendCode) -> Result<CodeSent, Error> {
    let SendCode { phone, current_password, client, app } = request;
    let password_proven = current_password.is_some();
    match current_password {
        Some(password) => drop(confirm(&service, &caller, password).await?),
        None if service.policy.has_password(&caller.user) => return Err(Error::CurrentPasswordRequired),
        None => {}
    }
    if service.test_phone(&phone).is_none() {
        limits::count_for_user(&service, Limit::UserPhoneChanges, caller.user.id).await?;
    }
    let purpose = Purpose::ChangePhone(caller.user.id);
    let account = Some(AccountVersion::of(&caller.user));
    let to = Recipient { account, password_proven, ..Recipient::new(purpose, phone, client, app) };
    let reservation = SendReservation::reserve(&service, purpose, to.client, &to.phone, None).await?;
    otp::send(&service, to, reservation).await
}

pub async fn resend_code(
    service: &Service,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    otp::resend(service, Purpose::ChangePhone(caller.user.id), ticket, client, false).await
}

/// Checks the code, changes the number, and notifies the earlier number by SMS. While the database is down the code
/// stays valid. The change may be held: then the client can repeat the code after an approval.
pub async fn verify_code(
    service: &Service,
    caller: Caller,
    ticket: Ticket,
    given: OneTimeCode,
    language: TextLanguage,
) -> Result<User, Error> {
    let purpose = Purpose::ChangePhone(caller.user.id);
    let change = move |service, proven| change(service, caller, proven, language);
    otp::redeem(service, purpose, ticket, given, change).await
}

async fn change(service: Service, caller: Caller, proven: Proven, language: TextLanguage) -> Result<User, Error> {
    let (by, new) = (caller.authority(), proven.phone);
    if caller.user.phone.as_ref() == Some(&new) {
        // An earlier call has changed the number, and its response was lost. The number before it is not known any
        // more.
        return Ok(caller.user);
    }
    if proven.account != Some(by.account) {
        // The credentials were changed since the code was sent: perhaps the code was not requested by the owner.
        return Err(Error::TicketExpired);
    }
    // Both are asked, so that both are held at the same time.
    let own = own_change(&service, &caller, &new, proven.password_proven, language).await;
    let detach = match service.ports.users.account_of(&new).await? {
        Some(other) => Some(number_claim(&service, other.version, &new, caller.user.id).await),
        None => None,
    };
    // A refusal by the other account comes first: after the own hold, the change would still be refused.
    if let Some(Err(error @ Error::InQuestion(InQuestion { reason: Reason::Refused(_), .. }))) = detach {
        return Err(error);
    }
    let (uses, detach) = (own?, detach.transpose()?);
    let user = caller.user;
    let change = NumberChange { from: user.phone.clone(), to: new.clone(), uses, detach };
    match service.ports.users.change_phone(&by, &change, service.now()).await? {
        PhoneChange::Done(changed) => {
            if let Some(detach) = change.detach {
                tracing::info!(user = %detach.account.user.0, "account detached");
            }
            tracing::info!(user = %user.id.0, phone = new.masked(), "phone number changed");
            if let Some(to) = user.phone {
                let content = Content::PhoneChanged { to: new.masked() };
                notice::send(&service, Notice { user: user.id, to, content, language });
            }
            Ok(changed)
        }
        PhoneChange::Taken => Err(Error::PhoneTaken),
        // The other account or the held act has changed meanwhile: the rule must be asked again.
        PhoneChange::Changed => Err(Error::TicketExpired),
        PhoneChange::Gone => Err(Error::TokenInvalid),
    }
}

/// Asks whether the user may change the number now: with the password, which the flow has proven, on a known device.
/// Returns the pending act that the change uses up.
async fn own_change(
    service: &Service,
    caller: &Caller,
    new: &Phone,
    password_proven: bool,
    language: TextLanguage,
) -> Result<Option<PendingId>, Error> {
    let (user, account) = (&caller.user, AccountVersion::of(&caller.user));
    let is_settled = service.policy.ownership.is_settled(user.password_reset_at, service.now());
    let content = Content::PhoneChangeHeld { to: new.masked() };
    let question = Question {
        password: password_proven && is_settled,
        session: Some(caller.session),
        target: Some(new.e164().to_owned()),
        notice: user.phone.clone().map(|to| Notice { user: user.id, to, content, language }),
        ..Question::default()
    };
    let asked = ownership::ask(service, ActKind::PhoneChange, Whose::User(user.id), account, question).await;
    Ok(asked?.entered()?.uses)
}

/// Asks whether the new number may be taken from its account.
async fn number_claim(
    service: &Service,
    account: AccountVersion,
    phone: &Phone,
    claimant: UserId,
) -> Result<Detach, Error> {
    let question = Question { target: Some(claimant.0.to_string()), ..Question::default() };
    match ownership::ask(service, ActKind::NumberClaim, Whose::Phone(phone.clone()), account, question).await? {
        Admitted::Detach(detach) => Ok(*detach),
        Admitted::Enter(entered) => {
            let detach = ownership::detach(service, account, phone.clone(), service.now());
            Ok(Detach { uses: entered.uses, ..detach })
        }
    }
}

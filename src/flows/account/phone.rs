//! Change of number: the password, then a code to the new number.

use super::notice::{self, Notice};
use super::password::confirm;
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::limits::Limit;
use crate::domain::message::Content;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::phone::Phone;
use crate::domain::texts::TextLanguage;
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, User};
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::session::Caller;
use crate::flows::{Client, Error, Service, limits};
use crate::ports::PhoneChange;

pub struct SendCode {
    pub phone: Phone,
    pub current_password: Password,
    pub client: Client,
    pub app: Option<ClientId>,
}

/// Sends a code to the new number. If the number has an account, the response says so, unless the policy conceals it,
/// as at sign-up.
pub async fn send_code(service: &Service, caller: Caller, request: SendCode) -> Result<CodeSent, Error> {
    service.background.run_to_completion(confirm_and_send(service.clone(), caller, request)).await
}

async fn confirm_and_send(service: Service, caller: Caller, request: SendCode) -> Result<CodeSent, Error> {
    confirm(&service, &caller, request.current_password).await?;
    // Counted also if no code is sent, because the response reveals who has an account.
    if service.test_phone(&request.phone).is_none() {
        limits::count_for_user(&service, Limit::UserPhoneChanges, caller.user.id).await?;
    }
    let purpose = Purpose::ChangePhone(caller.user.id);
    let account = Some(AccountVersion::of(&caller.user));
    let SendCode { phone, client, app, .. } = request;
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
    otp::send_to_free_phone(&service, to).await
}

pub async fn resend_code(
    service: &Service,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    otp::resend_to_new_number(service, Purpose::ChangePhone(caller.user.id), ticket, client).await
}

/// Checks the code, changes the number, and notifies the earlier number by SMS. While the database is down the code
/// stays valid.
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
    let (by, user, new) = (caller.authority(), caller.user, proven.phone);
    if user.phone.as_ref() == Some(&new) {
        // An earlier call has changed the number, and its response was lost. The number before it is not known any
        // more.
        return Ok(user);
    }
    if proven.account != Some(by.account) {
        // The credentials were changed since the code was sent: perhaps the code was not requested by the owner.
        return Err(Error::TicketExpired);
    }
    match service.ports.users.change_phone(&by, user.phone.as_ref(), &new, service.now()).await? {
        PhoneChange::Done(changed) => {
            tracing::info!(user = %user.id.0, phone = new.masked(), "phone number changed");
            if let Some(to) = user.phone {
                let content = Content::PhoneChanged { to: new.masked() };
                notice::send(&service, Notice { user: user.id, to, content, language });
            }
            Ok(changed)
        }
        PhoneChange::Taken => Err(Error::PhoneTaken),
        PhoneChange::Gone => Err(Error::TokenInvalid),
    }
}

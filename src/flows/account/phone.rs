//! Another number: the password first, then a code to the new one.

use super::password::confirm;
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::language::Language;
use crate::domain::message::Content;
use crate::domain::otp::{OneTimeCode, message_id};
use crate::domain::password::Password;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, User};
use crate::flows::limits::count_phone_change;
use crate::flows::otp::{self, CodeSent};
use crate::flows::session::Caller;
use crate::flows::{Client, Error, Service};
use crate::ports::{Message, PhoneChange};
use std::sync::Arc;

pub struct SendCode {
    pub phone: Phone,
    pub current_password: Password,
    pub client: Client,
    pub app: Option<ClientId>,
}

/// Sends a code to the new number. That it belongs to somebody is told, or concealed, as at sign-up.
pub async fn send_code(service: &Arc<Service>, caller: Caller, request: SendCode) -> Result<CodeSent, Error> {
    service.background.run_to_completion(confirm_and_send(Arc::clone(service), caller, request)).await
}

async fn confirm_and_send(service: Arc<Service>, caller: Caller, request: SendCode) -> Result<CodeSent, Error> {
    confirm(&service, &caller, request.current_password).await?;
    if service.test_phone(&request.phone).is_none() {
        count_phone_change(&service, caller.user.id).await?;
    }
    let purpose = Purpose::ChangePhone(caller.user.id);
    let account = Some(AccountVersion::of(&caller.user));
    otp::send_to_free_phone(&service, purpose, request.phone, account, request.client, request.app).await
}

pub async fn resend_code(
    service: &Arc<Service>,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    otp::resend_to_newcomer(service, Purpose::ChangePhone(caller.user.id), ticket, client).await
}

/// Checks the code and changes the number; the earlier one is told by SMS. While the database is down the code stays good.
pub async fn verify_code(
    service: &Arc<Service>,
    caller: Caller,
    ticket: Ticket,
    given: OneTimeCode,
    language: Language,
) -> Result<User, Error> {
    let notice = Notice { id: message_id(&service.keys.message, &ticket.flow_key(), 0), language };
    let purpose = Purpose::ChangePhone(caller.user.id);
    let change = move |service, proven| change(service, caller.user, proven, notice);
    otp::redeem(service, purpose, ticket, given, change).await
}

/// What the message to the earlier number is called, and its language.
struct Notice {
    id: String,
    language: Language,
}

async fn change(service: Arc<Service>, user: User, proven: Proven, notice: Notice) -> Result<User, Error> {
    let new = proven.phone;
    if proven.account != Some(AccountVersion::of(&user)) {
        // She has another password since the code was sent: whoever asked for it may not be her.
        return Err(Error::TicketExpired);
    }
    if user.phone == new {
        // An earlier call has done it, and its answer got lost. Which number was the earlier one is no longer known.
        return Ok(user);
    }
    match service.ports.users.change_phone(user.id, &user.phone, &new, service.now()).await? {
        PhoneChange::Done(changed) => {
            tracing::info!(user = %user.id.0, phone = new.masked(), "phone number changed");
            let content = Content::PhoneChanged { to: new.masked() };
            let Notice { id, language } = notice;
            tell(&service, Message { to: user.phone, content, language, autofill: None, id });
            Ok(changed)
        }
        PhoneChange::Taken => Err(Error::PhoneTaken),
        PhoneChange::Gone => Err(Error::TicketExpired),
    }
}

/// The owner of the earlier number hears of it, if she did not do it herself. Nobody waits for this message, and no limit holds it
/// back: a code that was paid for came before each. A test number hears nothing.
fn tell(service: &Arc<Service>, notice: Message) {
    if service.test_phone(&notice.to).is_some() {
        return;
    }
    let sms = Arc::clone(&service.ports.sms);
    service.background.spawn(async move {
        if let Err(error) = sms.send(&notice).await {
            tracing::warn!(phone = notice.to.masked(), %error, "phone change notice failed");
        }
    });
}

//! Sends a new code.

use super::delivery::{Delivery, SendParams, cancel, deliver};
use super::sent::CodeSent;
use crate::domain::client_id::ClientId;
use crate::domain::consent::Consent;
use crate::domain::flow::Purpose;
use crate::domain::limits::{Denial, Limit, Reached, Refund};
use crate::domain::new_account::NewAccount;
use crate::domain::phone::Phone;
use crate::domain::ticket::{PhoneHash, Subject, Ticket};
use crate::domain::user::AccountVersion;
use crate::flows::client::Client;
use crate::flows::error::Error;
use crate::flows::known_device::NamedDevice;
use crate::flows::limits::{Answered, SendReservation, denied};
use crate::flows::service::Service;
use crate::ports::{AccountOnDevice, AccountSummary, Admission, CancelledSend, NewFlow};

/// Request of a client that is not signed in.
pub struct SendCode {
    pub phone: Phone,
    /// `None` only for a client that has sent a device token, which may be invalid.
    pub captcha: Option<Answered>,
    pub device: Option<NamedDevice>,
    pub client: Client,
    /// App that the message is for.
    pub app: Option<ClientId>,
}

/// Recipient of a new code.
pub(in crate::flows) struct Recipient {
    pub purpose: Purpose,
    pub phone: Phone,
    /// Account of the phone; `None` at sign-up.
    pub account: Option<AccountVersion>,
    /// Decoy: the response is the same as if a code were sent, although none is sent.
    pub decoy: bool,
    /// Concealment: the client must not be able to distinguish a decoy from a message.
    pub conceal: bool,
    pub client: Client,
    pub app: Option<ClientId>,
    /// Consent of the user; `None` except at sign-up.
    pub consent: Option<Consent>,
    /// The client has proven the password of the account before.
    pub password_proven: bool,
}

impl Recipient {
    /// Recipient without an account, whose message is sent.
    pub(in crate::flows) const fn new(purpose: Purpose, phone: Phone, client: Client, app: Option<ClientId>) -> Self {
        let (account, consent) = (None, None);
        Self { purpose, phone, account, decoy: false, conceal: false, client, app, consent, password_proven: false }
    }
}

/// Sends a code, after a captcha, to a phone that should have no account yet. If it has one, the response says so,
/// unless the policy conceals it. Order: captcha, budgets, account, limits of the phone, message. Cheap checks come
/// first. Two staging round trips and one SQL statement before the message. A third one follows it only if another
/// provider sends it than the first.
pub async fn send_to_new_number(
    service: &Service,
    purpose: Purpose,
    request: SendCode,
    consent: Option<Consent>,
) -> Result<CodeSent, Error> {
    let SendCode { phone, captcha, client, app, .. } = request;
    let captcha = captcha.ok_or(Error::CaptchaRequired)?;
    let handle = service.clone();
    let to = Recipient { consent, ..Recipient::new(purpose, phone, client, app) };
    let send = async move { send_to_free_phone(&handle, to, Some(&captcha)).await };
    service.background.run_to_completion(send).await
}

/// Sends a code to a phone that should have no account, after a captcha if there is one. Whether the recipient is a
/// decoy, and concealed, is decided here.
pub(in crate::flows) async fn send_to_free_phone(
    service: &Service,
    to: Recipient,
    captcha: Option<&Answered>,
) -> Result<CodeSent, Error> {
    let conceal = service.policy.conceal_taken_phone;
    let reservation = SendReservation::reserve(service, to.purpose, to.client, &to.phone, captcha).await?;
    let account_of = service.ports.users.account_of(&to.phone).await;
    let account = reservation.refund_on_error(service, account_of).await?;
    if account.is_some() && !conceal {
        reservation.refund(service, Refund::PhoneTaken).await;
        return Err(Error::PhoneTaken);
    }
    // Only a sign-up can go on with the phone of a dormant account.
    let may_be_dormant = account.filter(|account| to.account.is_none() && is_stale(service, account));
    let decoy = account.is_some() && may_be_dormant.is_none();
    let account = may_be_dormant.map(|account| account.version).or(to.account);
    send(service, Recipient { decoy, conceal, account, ..to }, reservation).await
}

/// Returns whether the account of the phone may be dormant: then a code is sent, and the person who has the phone
/// learns of the account. Its row alone decides: another query would take time, and show a taken phone.
fn is_stale(service: &Service, account: &AccountSummary) -> bool {
    let used_at = account.signed_in_at.unwrap_or(account.proven_at);
    service.policy.ownership.is_stale(account.proven_at, used_at, service.now())
}

/// Sends a code, after a captcha, to the phone of an account. A phone without an account gets the same response after
/// the same work, and no message: strangers do not learn who has an account. A client without a captcha needs a known
/// device.
pub async fn send_to_account(service: &Service, purpose: Purpose, request: SendCode) -> Result<CodeSent, Error> {
    let handle = service.clone();
    if request.captcha.is_none() {
        return service.background.run_to_completion(send_to_known_device(handle, purpose, request)).await;
    }
    let send = async move {
        let SendCode { phone, captcha, client, app, .. } = request;
        let reservation = SendReservation::reserve(&handle, purpose, client, &phone, captcha.as_ref()).await?;
        let account_of = handle.ports.users.account_of(&phone).await;
        let account = reservation.refund_on_error(&handle, account_of).await?.map(|account| account.version);
        let decoy = account.is_none();
        let to = Recipient { account, decoy, conceal: true, ..Recipient::new(purpose, phone, client, app) };
        send(&handle, to, reservation).await
    };
    service.background.run_to_completion(send).await
}

/// Sends a code that a known device requests for its account. The limits are those of the device, and nothing has to be
/// concealed from it. Any other client gets the same error, whether the phone has an account or not: it goes on with a
/// captcha.
async fn send_to_known_device(service: Service, purpose: Purpose, request: SendCode) -> Result<CodeSent, Error> {
    let SendCode { phone, device, client, app, .. } = request;
    // A test number gets no message that a limit could keep away.
    let device = device.filter(|_| service.test_phone(&phone).is_none()).ok_or(Error::CaptchaRequired)?;
    device.count(&service, &[Limit::DeviceAttempts]).await?.ok_or(Error::CaptchaRequired)?;
    let AccountOnDevice { account, known } = device.account(&service, &phone).await?;
    // Each sign-in can make a device known. Only a device that was known for some time sends codes without a captcha:
    // otherwise one account could send any number of messages.
    let settled = known.filter(|known| known.is_known_for(service.policy.ownership.hold, service.now()));
    let (account, known) = account.zip(settled).ok_or(Error::CaptchaRequired)?;
    let flow = PhoneHash::of_device(known.id, &phone, &service.keys.phone_hash);
    let reservation = SendReservation::reserve_for(&service, purpose, client, &phone, flow, None).await?;
    let account = Some(AccountVersion::of(&account.user));
    let to = Recipient { account, ..Recipient::new(purpose, phone, client, app) };
    send(&service, to, reservation).await
}

/// Stores a flow and sends its code. The flow is stored first; if the message fails, the flow is deleted.
pub(in crate::flows) async fn send(
    service: &Service,
    to: Recipient,
    reservation: SendReservation,
) -> Result<CodeSent, Error> {
    let (policy, limits) = (&service.policy.flow, &service.policy.limits);
    let ticket = Ticket::new(reservation.flow(), service.keys.new_flow(), service.random());
    let key = ticket.flow_key();
    let flow = NewFlow {
        account: to.account,
        decoy: to.decoy,
        client: to.app.clone(),
        ip_block: reservation.ip_block().to_owned(),
        provider: reservation.provider(),
        consent: to.consent,
        new_account: (to.purpose == Purpose::Register).then(|| NewAccount::new(service.now(), || service.random())),
        password_proven: to.password_proven,
        ..NewFlow::new(to.purpose, to.phone.clone(), policy)
    };
    let phone_limits = reservation.phone_limits(limits);
    let opened = service.ports.staging.open_flow(&key, &flow, &phone_limits).await;
    let counts = match opened {
        Ok(Admission::Allowed(counts)) => counts,
        Ok(Admission::Limited(reached)) => {
            reservation.refund(service, Refund::NothingDone).await;
            return Err(denied_at_first(service, ticket.phone_hash(), &reached));
        }
        Err(error) => {
            // The flow may be stored: perhaps only the response was lost.
            cancel(service, &key, CancelledSend::First, &phone_limits, Refund::NothingDone).await;
            reservation.refund(service, Refund::NothingDone).await;
            return Err(error.into());
        }
    };
    let sent = CodeSent {
        ticket,
        phone: to.phone,
        expires_in: policy.code_ttl,
        resend_in: limits.cooldowns.after(counts.get(Limit::PhoneCooldown)),
        attempts_left: policy.attempts,
    };
    let params = SendParams {
        purpose: to.purpose,
        send: 1,
        reserved: CancelledSend::First,
        decoy: to.decoy,
        language: to.client.text_language,
        app: to.app,
    };
    deliver(service, Delivery::new(service, &sent, &params, reservation), to.conceal).await?;
    Ok(sent)
}

/// Error of a reached limit. A known device without further messages goes on with a captcha, like any other client.
fn denied_at_first(service: &Service, flow: PhoneHash, reached: &Reached) -> Error {
    match reached.denial() {
        Denial::PhoneLimitReached if flow.subject() == Subject::KnownDevice => Error::CaptchaRequired,
        _ => denied(service, reached),
    }
}

//! Reclaim of a detached account: its former number with the password or a known device, then a code to a free number.

use super::ask::before;
use crate::domain::client_id::ClientId;
use crate::domain::device::{DeviceId, KnownDevice};
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::pending::ActKind;
use crate::domain::phone::Phone;
use crate::domain::session::Device;
use crate::domain::ticket::Ticket;
use crate::domain::user::AccountVersion;
use crate::flows::limits::{Answered, PasswordAttempt, redeem_captcha};
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::session::{self, Opened, SignedIn};
use crate::flows::{Client, Error, NamedDevice, Service};
use crate::ports::{AccountEvidence, EvidenceQuery, Reclaimed, Verdict, Whose};

pub struct SendCode {
    pub former_phone: Phone,
    pub evidence: super::Evidence,
    pub phone: Phone,
    pub captcha: Answered,
    pub client: Client,
    pub app: Option<ClientId>,
}

/// Checks the evidence, and sends a code to the new number. A password counts as an attempt at the former number. An
/// unknown number, a wrong password and an unknown device get the same error.
pub async fn send_code(service: &Service, request: SendCode) -> Result<CodeSent, Error> {
    redeem_captcha(service, &request.captcha).await?;
    service.background.run_to_completion(check_and_send(service.clone(), request)).await
}

async fn check_and_send(service: Service, request: SendCode) -> Result<CodeSent, Error> {
    let account = match request.evidence {
        super::Evidence::Password(password) => {
            let block = service.ip_block(request.client.address);
            let attempt = PasswordAttempt::for_login(&service, &request.former_phone, &block, true).await?;
            attempt.record(&service, by_password(&service, &request.former_phone, password).await).await?
        }
        super::Evidence::Device(named) => by_device(&service, &request.former_phone, named).await?,
    };
    let SendCode { phone, client, app, .. } = request;
    let to = Recipient { account: Some(account), ..Recipient::new(Purpose::Reclaim, phone, client, app) };
    otp::send_to_free_phone(&service, to, None).await
}

async fn by_password(service: &Service, former: &Phone, password: Password) -> Result<AccountVersion, Error> {
    let account = detached(service, former, None).await?.map(|found| found.account);
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let hash = hash.filter(|_| service.policy.passwords.accepts_passwords());
    let verdict = service.ports.hasher.verify(password, hash).await?;
    let right = account.filter(|_| matches!(verdict, Verdict::Right { .. }));
    right.map(|account| AccountVersion::of(&account.user)).ok_or(Error::CredentialsInvalid)
}

/// Wrong passwords of strangers for the number do not count: a device token cannot be guessed.
async fn by_device(service: &Service, former: &Phone, named: Option<NamedDevice>) -> Result<AccountVersion, Error> {
    let named = named.ok_or(Error::CredentialsInvalid)?;
    let found = detached(service, former, Some(named.id)).await?;
    let devices = found.as_ref().map(|found| &*found.devices).unwrap_or_default();
    let known = named.among(service, devices).await?;
    let right = found.filter(|_| known.is_some());
    right.map(|found| AccountVersion::of(&found.account.user)).ok_or(Error::CredentialsInvalid)
}

async fn detached(
    service: &Service,
    former: &Phone,
    device: Option<DeviceId>,
) -> Result<Option<AccountEvidence>, Error> {
    let (now, act) = (service.now(), ActKind::SignIn);
    let whose = Whose::Former { phone: former.clone(), device, used_since: before(now, service.policy.session.idle) };
    Ok(service.ports.users.evidence(&EvidenceQuery { whose, act, now }).await?)
}

pub async fn resend_code(service: &Service, ticket: Ticket, client: Client) -> Result<CodeSent, Error> {
    otp::resend_to_new_number(service, Purpose::Reclaim, ticket, client).await
}

/// Checks the code, gives the account the new number, and signs in. While the database is down the code stays valid.
pub async fn verify_code(
    service: &Service,
    ticket: Ticket,
    given: OneTimeCode,
    named: Option<NamedDevice>,
    device: Device,
) -> Result<SignedIn, Error> {
    let reclaim = move |service, proven| reclaim(service, proven, named, device);
    otp::redeem(service, Purpose::Reclaim, ticket, given, reclaim).await
}

async fn reclaim(
    service: Service,
    proven: Proven,
    named: Option<NamedDevice>,
    device: Device,
) -> Result<SignedIn, Error> {
    let Proven { phone, account, .. } = proven;
    let account = account.ok_or(Error::TicketExpired)?;
    let device = Device { known: known(&service, account, named).await?, ..device };
    let Opened { session, tokens, device } =
        session::open(&service, account.user, session::new_session_id(&service), device)?;
    match service.ports.users.reclaim(account, &phone, &session, &service.policy.session).await? {
        Reclaimed::Done(user) => {
            tracing::info!(user = %user.id.0, phone = phone.masked(), "account reclaimed");
            Ok(SignedIn { user, tokens, device })
        }
        Reclaimed::PhoneTaken => Err(Error::PhoneTaken),
        Reclaimed::Gone => Err(Error::TicketExpired),
    }
}

/// Device of the client, if the account knows it.
async fn known(
    service: &Service,
    account: AccountVersion,
    named: Option<NamedDevice>,
) -> Result<Option<KnownDevice>, Error> {
    let Some(named) = named else { return Ok(None) };
    let query = EvidenceQuery { whose: Whose::User(account.user), act: ActKind::SignIn, now: service.now() };
    let found = service.ports.users.evidence(&query).await?.ok_or(Error::TicketExpired)?;
    named.among(service, &found.devices).await
}

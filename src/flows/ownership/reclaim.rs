//! Reclaim of a detached account: its former number with the password or a known device, then a code to a free number.

use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::client_app::ClientId;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;

use crate::domain::pending::ActKind;
use crate::domain::phone::Phone;
use crate::domain::session::Device;
use crate::domain::ticket::Ticket;
use crate::domain::user::AccountVersion;
use crate::flows::limits::PasswordAttempt;
use crate::flows::otp::{self, CodeSent, Recipient};
use crate::flows::session::{self, Opened, SignedIn};
use crate::flows::{Client, Error, Service, captcha};
use crate::ports::{EvidenceQuery, Reclaimed, Verdict, Whose};

pub struct SendCode {
    pub former_phone: Phone,
    pub evidence: super::Evidence,
    pub phone: Phone,
    pub captcha_id: CaptchaId,
    pub captcha_answer: CaptchaAnswer,
    pub client: Client,
    pub app: Option<ClientId>,
}

/// Checks the evidence, and sends a code to the new number. Counts as a password attempt at the former number: an
/// unknown number, a wrong password and an unknown device get the same error after the same work.
pub async fn send_code(service: &Service, request: SendCode) -> Result<CodeSent, Error> {
    captcha::redeem(service, &request.captcha_id, &request.captcha_answer).await?;
    service.background.run_to_completion(check_and_send(service.clone(), request)).await
}

async fn check_and_send(service: Service, request: SendCode) -> Result<CodeSent, Error> {
    let block = service.ip_block(request.client.address);
    let attempt = PasswordAttempt::for_login(&service, &request.former_phone, &block, true).await?;
    let checked = check(&service, &request.former_phone, request.evidence).await;
    let account = attempt.record(&service, checked).await?;
    let SendCode { phone, client, app, .. } = request;
    let (purpose, account) = (Purpose::Reclaim, Some(account));
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

async fn check(service: &Service, former: &Phone, evidence: super::Evidence) -> Result<AccountVersion, Error> {
    let now = service.now();
    let query = EvidenceQuery { whose: Whose::Former(former.clone()), act: ActKind::SignIn, now };
    let found = service.ports.users.evidence(&query).await?;
    let account = found.as_ref().map(|found| AccountVersion::of(&found.account.user));
    let is_right = match evidence {
        super::Evidence::Password(password) => {
            let hash = found.and_then(|found| found.account.password_hash);
            let hash = hash.filter(|_| service.policy.passwords.accepts_passwords());
            matches!(service.ports.hasher.verify(password, hash).await?, Verdict::Right { .. })
        }
        super::Evidence::Device(None) => false,
        super::Evidence::Device(Some(named)) => {
            let known = found.map(|found| found.devices).unwrap_or_default();
            named.among(service, &known).await?.is_some()
        }
    };
    account.filter(|_| is_right).ok_or(Error::CredentialsInvalid)
}

pub async fn resend_code(service: &Service, ticket: Ticket, client: Client) -> Result<CodeSent, Error> {
    otp::resend_to_new_number(service, Purpose::Reclaim, ticket, client).await
}

/// Checks the code, gives the account the new number, and signs in. While the database is down the code stays valid.
pub async fn verify_code(
    service: &Service,
    ticket: Ticket,
    given: OneTimeCode,
    device: Device,
) -> Result<SignedIn, Error> {
    let reclaim = move |service, proven| reclaim(service, proven, device);
    otp::redeem(service, Purpose::Reclaim, ticket, given, reclaim).await
}

async fn reclaim(service: Service, proven: Proven, device: Device) -> Result<SignedIn, Error> {
    let Proven { phone, account, .. } = proven;
    let account = account.ok_or(Error::TicketExpired)?;
    let Opened { session, tokens, device } = session::open(&service, account.user, device)?;
    match service.ports.users.reclaim(account, &phone, &session, &service.policy.session).await? {
        Reclaimed::Done(user) => {
            tracing::info!(user = %user.id.0, phone = phone.masked(), "account reclaimed");
            Ok(SignedIn { user, tokens, device })
        }
        Reclaimed::PhoneTaken => Err(Error::PhoneTaken),
        Reclaimed::Gone => Err(Error::TicketExpired),
    }
}

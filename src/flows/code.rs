//! Send, resend, check and redeem a one-time code: shared by every flow that has one.

use super::limits::{Grant, log_failure};
use super::{Refusal, Service, captcha};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::code::{OneTimeCode, message_id};
use crate::domain::flow::{Proven, Purpose};
use crate::domain::phone::Phone;
use crate::domain::ticket::{FlowKey, Subject, Ticket};
use crate::domain::user::AccountVersion;
use crate::ports::{Cancel, CodeCheck, Message, NewFlow, PhoneRefusal, Resend, Reserved, SmsFailure, Text};
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What a stranger brings along who wants a code.
pub struct SendCode {
    pub phone: Phone,
    pub captcha_id: CaptchaId,
    pub captcha_answer: CaptchaAnswer,
    pub client: IpAddr,
}

/// What the client learns when a code is on its way.
#[derive(Debug)]
pub struct CodeSent {
    pub ticket: Ticket,
    pub phone: Phone,
    pub expires_in: Duration,
    pub resend_in: Duration,
    pub attempts_left: u32,
}

/// Whom a new code is for.
pub(super) struct Recipient {
    pub purpose: Purpose,
    pub phone: Phone,
    /// Whose phone it is; none at sign-up.
    pub account: Option<AccountVersion>,
    /// Answer as if a code went out, and send none.
    pub decoy: bool,
    /// Nothing that the client sees may tell a decoy from a message.
    pub conceal: bool,
}

/// Sends a code, after a captcha, to a phone that should have no account yet. That it has one is told, or, by the policy,
/// concealed. Captcha, budget, account, phone, message: the cheap and the deniable first. Three staging round trips and
/// one SQL statement when all goes well.
pub async fn send_to_newcomer(
    service: &Arc<Service>,
    purpose: Purpose,
    request: SendCode,
) -> Result<CodeSent, Refusal> {
    captcha::redeem(service, &request.captcha_id, &request.captcha_answer).await?;
    let background = &service.background;
    let service = Arc::clone(service);
    let send = async move { send_to_free_phone(&service, purpose, request.phone, None, request.client).await };
    background.carry_through(send).await
}

/// The same for somebody who needs no captcha: refuses, or conceals, that the phone has an account.
pub(super) async fn send_to_free_phone(
    service: &Arc<Service>,
    purpose: Purpose,
    phone: Phone,
    account: Option<AccountVersion>,
    client: IpAddr,
) -> Result<CodeSent, Refusal> {
    let conceal = service.policy.conceal_taken_phone;
    let grant = Grant::reserve(service, client).await?;
    let taken = grant.or_give_back(service, service.ports.users.account_of(&phone).await).await?.is_some();
    if taken && !conceal {
        grant.give_back_budget(service).await;
        return Err(Refusal::PhoneTaken);
    }
    send(service, Recipient { purpose, phone, account, decoy: taken, conceal }, grant).await
}

/// Sends a code, after a captcha, to the phone of an account. A phone that has none gets the same answer after the same work,
/// and no message: whether a person has an account is nobody's business.
pub async fn send_to_account(service: &Arc<Service>, purpose: Purpose, request: SendCode) -> Result<CodeSent, Refusal> {
    captcha::redeem(service, &request.captcha_id, &request.captcha_answer).await?;
    let background = &service.background;
    let service = Arc::clone(service);
    let send = async move {
        let SendCode { phone, client, .. } = request;
        let grant = Grant::reserve(&service, client).await?;
        let account = grant.or_give_back(&service, service.ports.users.account_of(&phone).await).await?;
        send(&service, Recipient { purpose, phone, account, decoy: account.is_none(), conceal: true }, grant).await
    };
    background.carry_through(send).await
}

/// Stores a flow and sends its code. The flow is stored first; if the message fails, the flow is gone.
pub(super) async fn send(service: &Arc<Service>, to: Recipient, grant: Grant) -> Result<CodeSent, Refusal> {
    let policy = &service.policy.code;
    let ticket = Ticket::new(Subject::of(&to.phone, &service.keys.subject), service.random());
    let key = ticket.flow_key();
    let flow = NewFlow { purpose: to.purpose, phone: to.phone.clone(), account: to.account, decoy: to.decoy };
    let resend_in = match service.ports.staging.open_flow(&key, &flow, policy, &service.policy.phone).await {
        Ok(Reserved::Yes { resend_in }) => resend_in,
        Ok(Reserved::No(refusal)) => {
            grant.give_back(service).await;
            return Err(refusal.into());
        }
        Err(failure) => {
            // It may have been stored, and only the answer got lost.
            log_failure(service.ports.staging.cancel_send(&key, Cancel { refund: true, end: true }).await);
            grant.give_back(service).await;
            return Err(failure.into());
        }
    };
    let sent = CodeSent { ticket, phone: to.phone, expires_in: policy.life, resend_in, attempts_left: policy.attempts };
    deliver(service, Delivery::of(service, &sent, to.purpose, 1, to.decoy, grant), to.conceal).await?;
    Ok(sent)
}

/// Sends the same code once more.
pub(super) async fn resend(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: IpAddr,
    conceal: bool,
) -> Result<CodeSent, Refusal> {
    let resend = reserve_and_resend(Arc::clone(service), purpose, ticket, client, conceal);
    service.background.carry_through(resend).await
}

/// The code of [`send_to_newcomer`], once more.
pub async fn resend_to_newcomer(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: IpAddr,
) -> Result<CodeSent, Refusal> {
    resend(service, purpose, ticket, client, service.policy.conceal_taken_phone).await
}

/// The code of [`send_to_account`], once more.
pub async fn resend_to_account(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: IpAddr,
) -> Result<CodeSent, Refusal> {
    resend(service, purpose, ticket, client, true).await
}

async fn reserve_and_resend(
    service: Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: IpAddr,
    conceal: bool,
) -> Result<CodeSent, Refusal> {
    let key = ticket.flow_key();
    let staging = &service.ports.staging;
    let granted = staging.reserve_resend(&key, purpose, &service.policy.code, &service.policy.phone).await?;
    let reservation = match granted {
        Resend::Yes(reservation) => reservation,
        Resend::No(refusal) => return Err(refusal.into()),
        Resend::WrongStep(step) => return Err(Refusal::WrongStep(step)),
        Resend::Gone => return Err(Refusal::TicketExpired),
    };
    let grant = match Grant::reserve(&service, client).await {
        Ok(grant) => grant,
        Err(refusal) => {
            log_failure(staging.cancel_send(&key, Cancel { refund: true, end: false }).await);
            return Err(refusal);
        }
    };
    let sent = CodeSent {
        ticket,
        phone: reservation.phone,
        expires_in: reservation.expires_in,
        resend_in: reservation.resend_in,
        attempts_left: reservation.attempts_left,
    };
    deliver(&service, Delivery::of(&service, &sent, purpose, reservation.send, reservation.decoy, grant), conceal)
        .await?;
    Ok(sent)
}

/// Checks a code that somebody typed, and moves its flow on. The expected one follows from the ticket, so one staging
/// operation decides.
pub(super) async fn check(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    given: &OneTimeCode,
) -> Result<(), Refusal> {
    let right = OneTimeCode::derive(&service.keys.code, purpose, ticket).matches(given);
    let (policy, limits) = (&service.policy.code, &service.policy.phone);
    proven(service.ports.staging.check_code(&ticket.flow_key(), purpose, right, policy, limits).await?).map(drop)
}

/// Checks the code of a flow that has no further step, and does at once what it is for. If that fails for a moment, the code
/// can be entered again; else the flow ends.
pub(super) async fn redeem<T, Done>(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    given: OneTimeCode,
    act: impl FnOnce(Arc<Service>, Proven) -> Done + Send + 'static,
) -> Result<T, Refusal>
where
    T: Send + 'static,
    Done: Future<Output = Result<T, Refusal>> + Send,
{
    let background = &service.background;
    let service = Arc::clone(service);
    let work = async move {
        let right = OneTimeCode::derive(&service.keys.code, purpose, &ticket).matches(&given);
        let (policy, limits) = (&service.policy.code, &service.policy.phone);
        let (staging, key) = (&service.ports.staging, ticket.flow_key());
        let proven = proven(staging.claim_code(&key, purpose, right, policy, limits).await?)?;
        let done = act(Arc::clone(&service), proven).await;
        if let Err(Refusal::Failed(_)) = done {
            log_failure(staging.release_code(&key).await);
        } else {
            end(&service, &ticket).await;
        }
        done
    };
    background.carry_through(work).await
}

fn proven(checked: CodeCheck) -> Result<Proven, Refusal> {
    match checked {
        CodeCheck::Right(proven) => Ok(proven),
        CodeCheck::Busy { retry_after } => Err(Refusal::InProgress { retry_after }),
        CodeCheck::Wrong { attempts_left } => Err(Refusal::CodeWrong { attempts_left }),
        CodeCheck::Exhausted => Err(Refusal::CodeExhausted),
        CodeCheck::LimitReached { retry_after } => Err(Refusal::PhoneLimitReached { retry_after }),
        CodeCheck::WrongStep(step) => Err(Refusal::WrongStep(step)),
        CodeCheck::Gone => Err(Refusal::TicketExpired),
    }
}

/// Removes a flow that has done what it was for. One that cannot be removed now expires by itself.
pub(super) async fn end(service: &Service, ticket: &Ticket) {
    if let Err(failure) = service.ports.staging.end_flow(&ticket.flow_key()).await {
        tracing::warn!(%failure, "a finished flow could not be removed");
    }
}

/// A message with everything that was reserved for it.
struct Delivery {
    key: FlowKey,
    message: Message,
    purpose: Purpose,
    send: u32,
    decoy: bool,
    grant: Grant,
}

impl Delivery {
    /// `send` says which message of its flow it is; the first is 1.
    fn of(service: &Service, sent: &CodeSent, purpose: Purpose, send: u32, decoy: bool, grant: Grant) -> Self {
        let key = sent.ticket.flow_key();
        let code = OneTimeCode::derive(&service.keys.code, purpose, &sent.ticket);
        // Rounded down: the code must not be said to live longer than it does.
        let minutes = (sent.expires_in.as_secs() / 60).max(1);
        let message = Message {
            to: sent.phone.clone(),
            text: match purpose {
                Purpose::DeleteAccount | Purpose::DeleteSelf(_) => Text::DeletionCode { code, minutes },
                _ => Text::Code { code, minutes },
            },
            id: message_id(&service.keys.message, &key, send),
        };
        Self { key, message, purpose, send, decoy, grant }
    }
}

/// Hands the message over and waits for the outcome; when it is to be concealed nobody waits, because the time it takes
/// would tell a decoy from a message.
async fn deliver(service: &Arc<Service>, delivery: Delivery, conceal: bool) -> Result<(), Refusal> {
    if !conceal {
        return hand_over(service, delivery, conceal).await;
    }
    let concealed = Arc::clone(service);
    service.background.spawn(async move {
        tokio::time::sleep(head_start(concealed.random())).await;
        drop(hand_over(&concealed, delivery, conceal).await);
    });
    Ok(())
}

/// How long a concealed message waits, so that the answer is out of the house before the two begin to differ: handed over
/// at once, it was seen in 60 microseconds of the answer (docs/performance.md). By chance, so that nobody can aim another
/// request at the moment when it happens.
fn head_start(chance: [u8; 1]) -> Duration {
    const LEAST: Duration = Duration::from_millis(20);
    LEAST + Duration::from_millis(chance[0].into())
}

async fn hand_over(service: &Service, delivery: Delivery, conceal: bool) -> Result<(), Refusal> {
    let Delivery { key, message, purpose, send, decoy, grant } = delivery;
    if decoy {
        grant.give_back_budget(service).await;
        return Ok(());
    }
    let phone = message.to.masked();
    let Err(failure) = service.ports.sms.send(&message).await else {
        tracing::info!(phone, purpose = purpose.name(), "a code was sent");
        return Ok(());
    };
    tracing::warn!(phone, %failure, "a code could not be sent");
    // What may have gone out stays counted, or a provider that is slow to answer would lift every limit.
    let refund = !matches!(failure, SmsFailure::NoAnswer(_));
    if conceal {
        // As for a decoy: flow, cooldown and counts stay.
        if refund {
            grant.give_back_budget(service).await;
        }
    } else {
        // After a resend the code of an earlier message is still good.
        log_failure(service.ports.staging.cancel_send(&key, Cancel { refund, end: send == 1 }).await);
        if refund {
            grant.give_back(service).await;
        }
    }
    Err(Refusal::SmsDeliveryFailed)
}

impl From<PhoneRefusal> for Refusal {
    fn from(refusal: PhoneRefusal) -> Self {
        match refusal {
            PhoneRefusal::Cooldown { retry_after } => Self::ResendCooldown { retry_after },
            PhoneRefusal::LimitReached { retry_after } => Self::PhoneLimitReached { retry_after },
        }
    }
}

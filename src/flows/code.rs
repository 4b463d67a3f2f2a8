//! Send, resend, check and redeem a one-time code: shared by every flow that has one.

use super::limits::{Grant, log_failure};
use super::{Refusal, Service, captcha};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::code::{OneTimeCode, message_id};
use crate::domain::flow::Purpose;
use crate::domain::phone::Phone;
use crate::domain::ticket::{FlowKey, Subject, Ticket};
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
    let send = async move { reserve_and_send(&service, purpose, request.phone, request.client).await };
    background.carry_through(send).await
}

/// The same without a captcha.
pub(super) async fn reserve_and_send(
    service: &Arc<Service>,
    purpose: Purpose,
    phone: Phone,
    client: IpAddr,
) -> Result<CodeSent, Refusal> {
    let conceal = service.policy.conceal_taken_phone;
    let (grant, taken) = Grant::reserve_and_look(service, &phone, client).await?;
    if taken && !conceal {
        grant.give_back_budget(service).await;
        return Err(Refusal::PhoneTaken);
    }
    send(service, Recipient { purpose, phone, decoy: taken, conceal }, grant).await
}

/// Sends a code, after a captcha, to the phone of an account. A phone that has none gets the same answer after the same work,
/// and no message: whether a person has an account is nobody's business.
pub async fn send_to_account(service: &Arc<Service>, purpose: Purpose, request: SendCode) -> Result<CodeSent, Refusal> {
    captcha::redeem(service, &request.captcha_id, &request.captcha_answer).await?;
    let background = &service.background;
    let service = Arc::clone(service);
    let send = async move {
        let (grant, known) = Grant::reserve_and_look(&service, &request.phone, request.client).await?;
        send(&service, Recipient { purpose, phone: request.phone, decoy: !known, conceal: true }, grant).await
    };
    background.carry_through(send).await
}

/// Stores a flow and sends its code. The flow is stored first; if the message fails, the flow is gone.
pub(super) async fn send(service: &Arc<Service>, to: Recipient, grant: Grant) -> Result<CodeSent, Refusal> {
    let policy = &service.policy.code;
    let ticket = Ticket::new(Subject::of(&to.phone, &service.keys.subject), service.random());
    let key = ticket.flow_key();
    let flow = NewFlow { purpose: to.purpose, phone: to.phone.clone(), decoy: to.decoy };
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

/// Checks a code that somebody typed, and tells whose phone it proves. The expected one follows from the ticket, so one
/// staging operation decides.
pub(super) async fn check(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    given: &OneTimeCode,
) -> Result<Phone, Refusal> {
    let right = OneTimeCode::derive(&service.keys.code, purpose, ticket).matches(given);
    let (policy, limits) = (&service.policy.code, &service.policy.phone);
    match service.ports.staging.check_code(&ticket.flow_key(), purpose, right, policy, limits).await? {
        CodeCheck::Right { phone } => Ok(phone),
        CodeCheck::Wrong { attempts_left } => Err(Refusal::CodeWrong { attempts_left }),
        CodeCheck::Exhausted => Err(Refusal::CodeExhausted),
        CodeCheck::LimitReached { retry_after } => Err(Refusal::PhoneLimitReached { retry_after }),
        CodeCheck::WrongStep(step) => Err(Refusal::WrongStep(step)),
        CodeCheck::Gone => Err(Refusal::TicketExpired),
    }
}

/// Checks the code of a flow that has no further step, and does at once what it is for. If that fails for a moment, the code
/// can be entered again; else the flow ends.
pub(super) async fn redeem<T, Done>(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    given: OneTimeCode,
    act: impl FnOnce(Arc<Service>, Phone) -> Done + Send + 'static,
) -> Result<T, Refusal>
where
    T: Send + 'static,
    Done: Future<Output = Result<T, Refusal>> + Send,
{
    let background = &service.background;
    let service = Arc::clone(service);
    let work = async move {
        let phone = match check(&service, purpose, &ticket, &given).await {
            // The same code at the same time: that call finishes the flow.
            Err(Refusal::WrongStep(_)) => return Err(Refusal::TicketExpired),
            checked => checked?,
        };
        let done = act(Arc::clone(&service), phone).await;
        if let Err(Refusal::Failed(_)) = done {
            let (staging, policy) = (&service.ports.staging, &service.policy.code);
            log_failure(staging.reopen_code(&ticket.flow_key(), purpose, policy).await);
        } else {
            end(&service, &ticket).await;
        }
        done
    };
    background.carry_through(work).await
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
        let message = Message {
            to: sent.phone.clone(),
            text: Text::Code {
                code: OneTimeCode::derive(&service.keys.code, purpose, &sent.ticket),
                // Rounded down: the code must not be said to live longer than it does.
                minutes: (sent.expires_in.as_secs() / 60).max(1),
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

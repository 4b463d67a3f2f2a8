//! Send, resend and check a one-time code: shared by every flow that has one.

use super::limits::{Grant, log_failure};
use super::{Refusal, Service};
use crate::domain::code::{OneTimeCode, message_id};
use crate::domain::flow::Purpose;
use crate::domain::phone::Phone;
use crate::domain::ticket::{FlowKey, Subject, Ticket};
use crate::ports::{CodeCheck, CodeMessage, NewFlow, PhoneRefusal, Resend, Reserved};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

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
}

/// Stores a flow and sends its code. The flow is stored first; if the message fails, flow and reservations are gone.
pub(super) async fn send(service: &Arc<Service>, to: Recipient, grant: Grant) -> Result<CodeSent, Refusal> {
    let policy = &service.policy.code;
    let ticket = Ticket::new(Subject::of(&to.phone, &service.keys.subject), service.random());
    let key = ticket.flow_key();
    let flow = NewFlow { purpose: to.purpose, phone: to.phone.clone(), decoy: to.decoy };
    let reserved = service.ports.staging.open_flow(&key, &flow, policy, &service.policy.phone).await;
    let resend_in = match reserved {
        Ok(Reserved::Yes { resend_in }) => resend_in,
        Ok(Reserved::No(refusal)) => {
            grant.give_back(service).await;
            return Err(refusal.into());
        }
        Err(failure) => {
            grant.give_back(service).await;
            return Err(failure.into());
        }
    };
    let sent = CodeSent {
        phone: to.phone,
        expires_in: policy.life,
        resend_in,
        attempts_left: policy.attempts,
        ticket: ticket.clone(),
    };
    deliver(service, Delivery { ticket, key, purpose: to.purpose, phone: flow.phone, decoy: to.decoy, send: 1, grant })
        .await?;
    Ok(sent)
}

/// Sends the same code once more.
pub(super) async fn resend(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: IpAddr,
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
    let grant = match Grant::reserve(service, client).await {
        Ok(grant) => grant,
        Err(refusal) => {
            log_failure(staging.release_send(&key).await);
            return Err(refusal);
        }
    };
    let sent = CodeSent {
        ticket: ticket.clone(),
        phone: reservation.phone.clone(),
        expires_in: reservation.expires_in,
        resend_in: reservation.resend_in,
        attempts_left: reservation.attempts_left,
    };
    let (phone, decoy, send) = (reservation.phone, reservation.decoy, reservation.send);
    deliver(service, Delivery { ticket, key, purpose, phone, decoy, send, grant }).await?;
    Ok(sent)
}

/// Checks a code that somebody typed. The expected one follows from the ticket, so one staging operation decides.
pub(super) async fn check(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    given: &OneTimeCode,
) -> Result<(), Refusal> {
    let right = OneTimeCode::derive(&service.keys.code, purpose, ticket).matches(given);
    let (policy, limits) = (&service.policy.code, &service.policy.phone);
    match service.ports.staging.check_code(&ticket.flow_key(), purpose, right, policy, limits).await? {
        CodeCheck::Right => Ok(()),
        CodeCheck::Wrong { attempts_left } => Err(Refusal::CodeWrong { attempts_left }),
        CodeCheck::Exhausted => Err(Refusal::CodeExhausted),
        CodeCheck::LimitReached { retry_after } => Err(Refusal::PhoneLimitReached { retry_after }),
        CodeCheck::WrongStep(step) => Err(Refusal::WrongStep(step)),
        CodeCheck::Gone => Err(Refusal::TicketExpired),
    }
}

/// A message with everything that was reserved for it.
struct Delivery {
    ticket: Ticket,
    key: FlowKey,
    purpose: Purpose,
    phone: Phone,
    decoy: bool,
    send: u32,
    grant: Grant,
}

/// Hands the message over in a task of its own, so that a client who hangs up cannot leave a reservation behind. When
/// taken phones are concealed nobody waits for the outcome: the time it takes would tell a decoy from a message.
async fn deliver(service: &Arc<Service>, delivery: Delivery) -> Result<(), Refusal> {
    let task = service.background.spawn(hand_over(Arc::clone(service), delivery));
    if service.policy.conceal_taken_phone {
        return Ok(());
    }
    task.await.unwrap_or(Err(Refusal::SmsDeliveryFailed))
}

async fn hand_over(service: Arc<Service>, delivery: Delivery) -> Result<(), Refusal> {
    if delivery.decoy {
        delivery.grant.give_back_budget(&service).await;
        return Ok(());
    }
    let message = CodeMessage {
        code: OneTimeCode::derive(&service.keys.code, delivery.purpose, &delivery.ticket),
        minutes: service.policy.code.life.as_secs().div_ceil(60).max(1),
        id: message_id(&service.keys.message, &delivery.key, delivery.send),
        to: delivery.phone,
    };
    let Err(failure) = service.ports.sms.send(&message).await else {
        tracing::info!(phone = %message.to.masked(), purpose = delivery.purpose.as_str(), "a code was sent");
        return Ok(());
    };
    tracing::warn!(phone = %message.to.masked(), %failure, "a code could not be sent");
    let staging = &service.ports.staging;
    log_failure(staging.release_send(&delivery.key).await);
    // A resend leaves the flow alone: the code of the first message is still good.
    if delivery.send == 1 {
        log_failure(staging.end_flow(&delivery.key).await);
    }
    delivery.grant.give_back(&service).await;
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

//! Delivery: passes a message to the SMS port. If it was not sent, refunds what was reserved for it.

use super::expected::Expected;
use super::sent::CodeSent;
use crate::domain::client_id::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::limits::{Counter, Refund};
use crate::domain::message::Content;
use crate::domain::otp::message_id;
use crate::domain::texts::TextLanguage;
use crate::domain::ticket::FlowKey;
use crate::flows::error::Error;
use crate::flows::limits::SendReservation;
use crate::flows::refund::{log_refund_error, now_or_when_available, refundable};
use crate::flows::service::Service;
use crate::ports::{CancelledSend, Message, SmsError};
use std::time::Duration;

/// Parameters of a message.
pub(super) struct SendParams {
    pub purpose: Purpose,
    /// Number of this message in its flow; the first is 1.
    pub send: u32,
    /// Reservation that is cancelled if it cannot be sent.
    pub reserved: CancelledSend,
    pub decoy: bool,
    pub language: TextLanguage,
    pub app: Option<ClientId>,
}

/// Message with everything that was reserved for it.
pub(super) struct Delivery {
    key: FlowKey,
    message: Message,
    reserved: CancelledSend,
    decoy: bool,
    reservation: SendReservation,
}

impl Delivery {
    pub(super) fn new(service: &Service, sent: &CodeSent, params: &SendParams, reservation: SendReservation) -> Self {
        let SendParams { purpose, send, reserved, decoy, language, .. } = *params;
        let key = sent.ticket.flow_key();
        let code = Expected::new(service, purpose, &sent.ticket).code;
        // Rounded down: the message must not promise a longer lifetime than the code has.
        let minutes = (sent.expires_in.as_secs() / 60).max(1);
        let (content, id) = (
            Content::Code { purpose, code, minutes },
            message_id(&service.keys.flow(&sent.ticket).message, &key, send),
        );
        let autofill = params.app.as_ref().and_then(|app| service.policy.apps.autofill(app));
        let message = Message::new(&service.policy.texts, language, sent.phone.clone(), content, autofill, id);
        let message = Message { may_be_refused: reservation.may_be_refused(), ..message };
        Self { key, message, reserved, decoy, reservation }
    }
}

/// Sends the message and waits for the outcome. A concealed message is sent in the background: its duration would
/// distinguish a message from a decoy.
pub(super) async fn deliver(service: &Service, delivery: Delivery, conceal: bool) -> Result<(), Error> {
    if !conceal {
        return hand_over(service, delivery, conceal).await;
    }
    let handle = service.clone();
    service.background.spawn(async move {
        tokio::time::sleep(delay(handle.random())).await;
        drop(hand_over(&handle, delivery, conceal).await);
    });
    Ok(())
}

/// Delay of a concealed message, 20 to 275 ms: the response is sent before the work for a message and for a decoy
/// begins to differ. Without it, a difference of 60 microseconds was measurable (docs/performance.md). It is random, so
/// that an attacker cannot measure the work with a second request.
fn delay(random: [u8; 1]) -> Duration {
    const LEAST: Duration = Duration::from_millis(20);
    LEAST + Duration::from_millis(random[0].into())
}

async fn hand_over(service: &Service, delivery: Delivery, conceal: bool) -> Result<(), Error> {
    let Delivery { key, message, reserved, decoy, reservation } = delivery;
    // A decoy stays counted like a message: the answer to a later request would show a refund.
    if decoy || reservation.is_test_number() {
        return Ok(());
    }
    let error = match service.ports.sms.send(&message).await {
        Ok(sent) => {
            // The flow of a first message has its IP block and its usual provider from the beginning.
            let ip_block = (reserved != CancelledSend::First).then(|| reservation.ip_block());
            if ip_block.is_some() || reservation.provider() != Some(sent.provider) {
                log_refund_error(service.ports.staging.record_sent(&key, sent.provider, ip_block).await);
            }
            return Ok(());
        }
        Err(error) => error,
    };
    // A message that may have been sent stays counted. Otherwise a slow provider would disable every limit.
    let outcome = if matches!(error, SmsError::NoAnswer(_)) { Refund::UnknownOutcome } else { Refund::NothingDone };
    // A concealed failure is like a decoy: everything stays counted.
    if !conceal {
        cancel(service, &key, reserved, &reservation.phone_limits(&service.policy.limits), outcome).await;
        reservation.refund(service, outcome).await;
    }
    Err(match error {
        SmsError::PhoneLimited { retry_after, .. } => Error::PhoneLimitReached { retry_after },
        _ => Error::SmsDeliveryFailed,
    })
}

/// Refunds the limits of the phone for a message that is not sent.
pub(super) async fn cancel(
    service: &Service,
    key: &FlowKey,
    reserved: CancelledSend,
    phone_limits: &[Counter],
    outcome: Refund,
) {
    let (key, limits) = (*key, refundable(phone_limits, outcome));
    let act = move |service: Service| {
        let limits = limits.clone();
        async move { service.ports.staging.cancel_send(&key, reserved, &limits).await }
    };
    // A reservation without a message must not make the user wait.
    log_refund_error(now_or_when_available(service, act).await);
}

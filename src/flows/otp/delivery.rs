//! The last stretch: a message, with everything that was reserved for it, goes to the provider.

use super::CodeSent;
use super::expected::Expected;
use crate::domain::client_app::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::language::Language;
use crate::domain::message::Content;
use crate::domain::otp::message_id;
use crate::domain::ticket::FlowKey;
use crate::flows::limits::{Grant, log_refund_error};
use crate::flows::{Error, Service};
use crate::ports::{Cancel, Message, SmsError};
use std::sync::Arc;
use std::time::Duration;

/// What is to be sent.
pub(super) struct Order {
    pub purpose: Purpose,
    /// Which message of its flow it is; the first is 1.
    pub send: u32,
    pub decoy: bool,
    pub language: Language,
    pub app: Option<ClientId>,
}

/// A message with everything that was reserved for it.
pub(super) struct Delivery {
    key: FlowKey,
    message: Message,
    first: bool,
    decoy: bool,
    grant: Grant,
}

impl Delivery {
    pub(super) fn of(service: &Service, sent: &CodeSent, order: &Order, grant: Grant) -> Self {
        let Order { purpose, send, decoy, language, .. } = *order;
        let key = sent.ticket.flow_key();
        let code = Expected::of(service, purpose, &sent.ticket).code;
        // Rounded down: the code must not be said to live longer than it does.
        let minutes = (sent.expires_in.as_secs() / 60).max(1);
        let message = Message {
            to: sent.phone.clone(),
            content: Content::Code { purpose, code, minutes },
            language,
            autofill: order.app.as_ref().and_then(|app| service.policy.apps.autofill(app)).cloned(),
            id: message_id(&service.keys.message, &key, send),
        };
        Self { key, message, first: send == 1, decoy, grant }
    }
}

/// Hands the message over and waits for the outcome; when it is to be concealed nobody waits, because the time it takes
/// would tell a decoy from a message.
pub(super) async fn deliver(service: &Arc<Service>, delivery: Delivery, conceal: bool) -> Result<(), Error> {
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

async fn hand_over(service: &Service, delivery: Delivery, conceal: bool) -> Result<(), Error> {
    let Delivery { key, message, first, decoy, grant } = delivery;
    if decoy {
        grant.give_back_unseen(service).await;
        return Ok(());
    }
    if grant.is_test() {
        // Whoever may have the code has it already.
        return Ok(());
    }
    let error = match service.ports.sms.send(&message).await {
        Ok(sent) => {
            // The flow of a first message knows its origin from the beginning.
            let origin = (!first).then(|| grant.origin());
            log_refund_error(service.ports.staging.record_sent(&key, sent.provider, origin).await);
            return Ok(());
        }
        Err(error) => error,
    };
    // What may have gone out stays counted, or a provider that is slow to answer would lift every limit.
    let refund = !matches!(error, SmsError::NoAnswer(_));
    if conceal {
        // As for a decoy: flow, cooldown and counts stay.
        if refund {
            give_back_unseen(service, &key, first, &grant).await;
        }
    } else {
        // After a resend the code of an earlier message is still good.
        log_refund_error(service.ports.staging.cancel_send(&key, Cancel { refund, end: first }).await);
        if refund {
            grant.give_back(service).await;
        }
    }
    Err(Error::SmsDeliveryFailed)
}

/// The origin of a first message goes from its flow, so that a code that comes by a later one does not give it back once more.
async fn give_back_unseen(service: &Service, key: &FlowKey, first: bool, grant: &Grant) {
    let ours = if first { service.ports.staging.clear_ip_blocks(key).await } else { Ok(true) };
    match ours {
        Ok(true) => grant.give_back_unseen(service).await,
        Ok(false) => grant.give_back_spent(service).await,
        Err(error) => log_refund_error(Err(error)),
    }
}

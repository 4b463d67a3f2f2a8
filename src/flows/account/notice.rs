//! Notices by SMS: the owner learns of an important change of the account.

use crate::domain::limits::{Counter, Limit, Refund};
use crate::domain::message::{Content, Topic};
use crate::domain::phone::Phone;
use crate::domain::texts::TextLanguage;
use crate::domain::user::UserId;
use crate::flows::refund::refund;
use crate::flows::{Service, limits};
use crate::ports::{Message, SmsError};

pub(in crate::flows) struct Notice {
    pub user: UserId,
    pub to: Phone,
    pub content: Content,
    pub language: TextLanguage,
}

/// Sends the notice in the background: the change is done, whatever becomes of the message. A test number gets none.
pub(in crate::flows) fn send(service: &Service, notice: Notice) {
    let topic = notice.content.topic();
    if !service.policy.sends(topic) || service.test_phone(&notice.to).is_some() {
        return;
    }
    service.background.spawn(deliver(service.clone(), notice));
}

async fn deliver(service: Service, notice: Notice) {
    let Notice { user, to, content, language } = notice;
    let topic = content.topic();
    let counters = counters(&service, user, topic);
    if !counters.is_empty()
        && let Err(error) = limits::count(&service, &counters).await
    {
        tracing::info!(topic = topic.name(), user = %user.0, ?error, "sms notice not sent");
        return;
    }
    let id = service.new_id().simple().to_string();
    let message = Message::new(&service.policy.texts, language, to, content, None, id);
    if let Err(error) = service.ports.sms.send(&message).await {
        tracing::warn!(topic = topic.name(), phone = message.to.masked(), %error, "sms notice failed");
        // A message that may have been sent stays counted.
        if !matches!(error, SmsError::NoAnswer(_)) {
            refund(&service, &counters, Refund::NothingDone).await;
        }
    }
}

/// Limits on the notice. The one to an earlier number has none: it follows a verified code, which was counted, and each
/// change has another earlier number.
fn counters(service: &Service, user: UserId, topic: Topic) -> Vec<Counter> {
    if !Topic::OPTIONAL.contains(&topic) {
        return Vec::new();
    }
    let (limits, user) = (&service.policy.limits, user.0);
    vec![
        limits.counter(Limit::UserNoticesOfKind, format!("{user}:{}", topic.name())),
        limits.counter(Limit::UserNotices, user.to_string()),
        limits.counter(Limit::ServiceNotices, ""),
    ]
}

//! Guide to the statuses 429 to 503: limits, and failures of the service.

use super::guide::Guide;
use super::next::Next;
use super::sentence::show;
use crate::http::error::Code;

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        code: Code::ResendCooldown,
        when: "A message was sent to this number a short time ago: 60, then 120, then 300 seconds.",
        show: show(
            "A code was sent a moment ago. Please wait before you request another one.",
            "验证码刚刚发送过，请稍候再获取。",
        ),
        next: Next::Wait,
        next_detail: "Show a countdown of `resend_in` on the button.",
    },
    Guide {
        code: Code::PhoneLimitReached,
        when: "The limit of messages, wrong codes or wrong passwords of this number is reached. Or the SMS provider \
               refuses the number, by a limit of its own.",
        show: show("Too many attempts with this number. Please try again later.", "该手机号操作过于频繁，请稍后再试。"),
        next: Next::Wait,
        next_detail: "At a sign-in with the password, offer the sign-in with a code, which has other limits.",
    },
    Guide {
        code: Code::TooManyRequests,
        when: "A limit of the network (IP block) is reached; at `set-password`, of the ticket; with a current \
               password or at `POST /v1/login/claim`, of the account; for avatars, of the user.",
        show: show("Too many attempts. Please try again later.", "操作过于频繁，请稍后再试。"),
        next: Next::Wait,
        next_detail: "At a sign-in with the password, offer the sign-in with a code.",
    },
    Guide {
        code: Code::InternalError,
        when: "The service has a defect.",
        show: show("Something went wrong on our side. Please try again later.", "系统出现问题，请稍后再试。"),
        next: Next::Report,
        next_detail: "Record the `request_id`: the log of the service has the cause under it.",
    },
    Guide {
        code: Code::SmsDeliveryFailed,
        when: "The SMS provider has rejected the message, or has not responded.",
        show: show("The message could not be sent. Please try again.", "短信发送失败，请重试。"),
        next: Next::RetryLater,
        next_detail: "Let the user try again, with a new `Idempotency-Key` and, at `send-code`, a new captcha.",
    },
    Guide {
        code: Code::SmsBudgetExhausted,
        when: "The service has sent as many messages as its budget allows.",
        show: show("Messages cannot be sent now. Please try again later.", "暂时无法发送短信，请稍后再试。"),
        next: Next::Wait,
        next_detail: "Offer the sign-in with the password, which needs no message.",
    },
    Guide {
        code: Code::SmsRegionSuspended,
        when: "Messages to this country or region are suspended; messages to others are not.",
        show: show(
            "Messages to this country or region cannot be sent now. Please try again later.",
            "暂时无法向该国家或地区发送短信，请稍后再试。",
        ),
        next: Next::Wait,
        next_detail: "Offer the sign-in with the password, which needs no message.",
    },
    Guide {
        code: Code::Overloaded,
        when: "More requests are waiting than the service can do.",
        show: show("The service is busy. Please try again in a moment.", "服务繁忙，请稍后再试。"),
        next: Next::Retry,
        next_detail: "Repeat the request with the same `Idempotency-Key`. A flow is unchanged; a captcha may be used \
                      up.",
    },
    Guide {
        code: Code::DependencyUnavailable,
        when: "A database or a store of the service does not respond.",
        show: show("The service is not available now. Please try again in a moment.", "服务暂时不可用，请稍后再试。"),
        next: Next::Retry,
        next_detail: "Repeat the request with the same `Idempotency-Key`. A flow is unchanged; a captcha may be used \
                      up.",
    },
];

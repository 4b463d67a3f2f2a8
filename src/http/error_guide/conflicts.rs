//! Guide to the statuses 409 and 410: requests that do not fit the state of the account or of the flow.

use super::guide::Guide;
use super::next::Next;
use super::sentence::show;
use crate::http::error::Code;

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        code: Code::PhoneAlreadyRegistered,
        when: "The number of a sign-up, of a reclaim or of a change of number has an account.",
        show: show(
            "This phone number already has an account. Sign in, or use another number.",
            "该手机号已注册，请直接登录，或使用其他手机号。",
        ),
        next: Next::SignIn,
        next_detail: "At a sign-up, offer the sign-in. Otherwise ask for another number.",
    },
    Guide {
        code: Code::PhoneMissing,
        when: "Another person has signed up with the number of this account, so that it has no number.",
        show: show(
            "Your account has no phone number any more. Please add your new number.",
            "您的账号已没有手机号，请先绑定新的手机号。",
        ),
        next: Next::Continue,
        next_detail: "Ask for a new number, and set it with `POST /v1/me/phone/send-code`.",
    },
    Guide {
        code: Code::PasswordAlreadySet,
        when: "A first password with a code was requested for an account that has a password.",
        show: show(
            "Your account already has a password. Please enter it first.",
            "您的账号已有密码，请先输入当前密码。",
        ),
        next: Next::Continue,
        next_detail: "Ask for the password, and send it as `current_password`. A code does not replace a password.",
    },
    Guide {
        code: Code::PasswordTooNew,
        when: "The password was set with a code a short time ago (`HOLD_HOURS`), and does not delete the account yet.",
        show: show("Your password was set only recently. Please try again later.", "您的密码刚设置不久，请稍后再试。"),
        next: Next::Wait,
        next_detail: "Show when the deletion will be possible.",
    },
    Guide {
        code: Code::AccountDormant,
        when: "The code was right. The number has an account that was not used for a long time, and the code alone \
               does not open it.",
        show: show(
            "This number has an account that was not used for a long time. Is it yours?",
            "该手机号有一个长期未使用的账号，是您的吗？",
        ),
        next: Next::ProveAccount,
        next_detail: "If yes: at a sign-in, ask for the password and call `POST /v1/login/claim`; in another flow, \
                      offer the sign-in. If no: call `start-anew` of the flow.",
    },
    Guide {
        code: Code::ActHeld,
        when: "The code or the password was right. The act that `act` names waits, so that the owner can refuse it.",
        show: show(
            "For your safety, this has to wait. You can approve it sooner on another device where you are signed in.",
            "为了您的账号安全，该操作需要等待一段时间。您也可以在其他已登录的设备上批准。",
        ),
        next: Next::Wait,
        next_detail: "Show the time, and repeat the act then. After an approval the same code is enough. Where \
                      `start_anew` is `true`, offer a new account.",
    },
    Guide {
        code: Code::ActRefused,
        when: "The owner of the account has refused the act that `act` names.",
        show: show(
            "The owner of this account has refused this. Please try again later.",
            "账号所有者已拒绝该操作，请稍后再试。",
        ),
        next: Next::Wait,
        next_detail: "Offer the password. Where `start_anew` is `true`, offer a new account.",
    },
    Guide {
        code: Code::StartAnewUnavailable,
        when: "A new account was requested with `start-anew`, and the account of this number is in use.",
        show: show(
            "This number belongs to an account that is in use. Please sign in to it.",
            "该手机号的账号正在使用中，请直接登录。",
        ),
        next: Next::SignIn,
        next_detail: "Offer the sign-in.",
    },
    Guide {
        code: Code::DeviceTooNew,
        when: "The account has known this device for too short a time (`HOLD_HOURS`) to approve a held act.",
        show: show(
            "You signed in on this device only recently. Please use a device that you have used for longer.",
            "您在这台设备上登录不久，请在较早登录的设备上批准。",
        ),
        next: Next::Wait,
        next_detail: "Show when this device can approve.",
    },
    Guide {
        code: Code::WrongStep,
        when: "The flow is at another step, for example because a response was lost. `step` names it.",
        show: None,
        next: Next::Continue,
        next_detail: "Show the screen of `step`. `prove_account`: the code was right and not enough.",
    },
    Guide {
        code: Code::NewDevice,
        when: "Sign-in: the password is right, the account does not know the device, and a code was sent to its \
               number (`NEW_DEVICE_CODE`).",
        show: show("We have sent a code to your phone. Please enter it.", "验证码已发送至您的手机，请输入验证码。"),
        next: Next::Continue,
        next_detail: "Ask for the code, and send it with `ticket` to `POST /v1/login/verify-code`.",
    },
    Guide {
        code: Code::RequestInProgress,
        when: "The first request with this `Idempotency-Key` is still running.",
        show: None,
        next: Next::Retry,
        next_detail: "Repeat the request with the same key and the same body.",
    },
    Guide {
        code: Code::TicketExpired,
        when: "The ticket is unknown, expired, finished, or made for another flow or another user.",
        show: show("This has expired. Please start again.", "操作已过期，请重新开始。"),
        next: Next::StartAgain,
        next_detail: "Go to the first screen of the flow. After a lost response the flow may be complete: see “Lost \
                      response” of the flow.",
    },
    Guide {
        code: Code::CodeExhausted,
        when: "Five wrong codes were entered for one ticket.",
        show: show("Too many wrong codes. Please request a new code.", "验证码错误次数过多，请重新获取验证码。"),
        next: Next::StartAgain,
        next_detail: "Go to the first screen of the flow.",
    },
    Guide {
        code: Code::ResponseGone,
        when: "A retry with the same `Idempotency-Key`: the tokens of the first response were used, or their session \
               has ended.",
        show: show("Please sign in again.", "请重新登录。"),
        next: Next::SignIn,
        next_detail: "Use the tokens that the app has. Without tokens, let the user sign in, with a new key.",
    },
];

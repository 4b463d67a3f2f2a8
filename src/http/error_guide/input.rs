//! Guide to the statuses 413 to 422: bodies that the service does not accept, and input that is not right.

use super::guide::Guide;
use super::next::Next;
use super::sentence::{DEFECT, show};
use crate::http::error::Code;

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        code: Code::PayloadTooLarge,
        when: "The body is larger than 16 KiB.",
        show: DEFECT,
        next: Next::UpdateApp,
        next_detail: "Correct the app. An avatar goes to the storage, and not to this service.",
    },
    Guide {
        code: Code::UnsupportedMediaType,
        when: "There is not exactly one `Content-Type: application/json`, or the body has a `Content-Encoding`.",
        show: DEFECT,
        next: Next::UpdateApp,
        next_detail: "Correct the app: it must send plain JSON.",
    },
    Guide {
        code: Code::ValidationFailed,
        when: "Fields of the body are invalid: `errors` lists all of them.",
        show: show("Please check what you have entered.", "您输入的内容有误，请检查。"),
        next: Next::CorrectInput,
        next_detail: "Show the sentence of each field code beside its field. An error in a field that the user does \
                      not enter is a defect of the app.",
    },
    Guide {
        code: Code::ConsentRequired,
        when: "`accepted` is not exactly the list of documents in force. Nothing was used up and no message was sent.",
        show: show("Please read and accept the terms.", "请阅读并同意相关协议。"),
        next: Next::AcceptDocuments,
        next_detail: "Show the documents, and repeat the request with all of them in `accepted`.",
    },
    Guide {
        code: Code::CaptchaExpired,
        when: "The captcha is unknown, used, or older than 300 seconds.",
        show: show("The security check has expired. Please complete the new one.", "安全验证已过期，请重新完成验证。"),
        next: Next::NewCaptcha,
        next_detail: "Show a new captcha, and keep the other input.",
    },
    Guide {
        code: Code::CaptchaWrong,
        when: "The answer to the captcha is wrong. The captcha is used up.",
        show: show("The answer is wrong. Please try the new security check.", "安全验证未通过，请重新完成验证。"),
        next: Next::NewCaptcha,
        next_detail: "Show a new captcha, and keep the other input.",
    },
    Guide {
        code: Code::CaptchaRequired,
        when: "Sign-in after several wrong passwords, or on a new device with `NEW_DEVICE_CODE`; or `send-code` with \
               a device token that is not enough.",
        show: show("Please complete the security check.", "请完成安全验证。"),
        next: Next::NewCaptcha,
        next_detail: "Show a captcha, and repeat the request with `captcha_id` and `captcha_answer`.",
    },
    Guide {
        code: Code::ProofOfWorkRequired,
        when: "A captcha was requested during an attack, or an audio captcha at any time.",
        show: None,
        next: Next::SolveProofOfWork,
        next_detail: "Solve the challenge off the main thread, and repeat the request with the solution.",
    },
    Guide {
        code: Code::ProofOfWorkInvalid,
        when: "The proof of work was wrong, expired or used before.",
        show: None,
        next: Next::SolveProofOfWork,
        next_detail: "Solve the new challenge. After three of these errors in a row, show the sentence for unknown \
                      codes.",
    },
    Guide {
        code: Code::CodeWrong,
        when: "The code from the message is not this one. Where the service conceals accounts, also: the number has \
               no account.",
        show: show("The code is wrong. Please check the message.", "验证码不正确，请核对短信后重新输入。"),
        next: Next::CorrectInput,
        next_detail: "Show `attempts_left`, and offer to send the code again.",
    },
    Guide {
        code: Code::RegionNotSupported,
        when: "The number is valid, and the service sends no messages to its country or region (`PHONE_REGIONS`).",
        show: show("Phone numbers of this country or region cannot be used here.", "暂不支持该国家或地区的手机号。"),
        next: Next::CorrectInput,
        next_detail: "Let the user enter another number.",
    },
    Guide {
        code: Code::PasswordTooWeak,
        when: "The password is among the first million that an attacker tries.",
        show: show("This password is easy to guess. Please choose another one.", "该密码容易被猜到，请换一个密码。"),
        next: Next::CorrectInput,
        next_detail: "Let the user choose another password. A ticket and a code stay valid.",
    },
    Guide {
        code: Code::PasswordWrong,
        when: "The current password of a signed-in user is wrong, or the password at `POST /v1/login/claim`.",
        show: show("The password is wrong.", "密码不正确，请重新输入。"),
        next: Next::CorrectInput,
        next_detail: "Ask for the password again. The session is valid: do not refresh.",
    },
    Guide {
        code: Code::IdempotencyKeyReused,
        when: "This `Idempotency-Key` belongs to a request with another body, or with a proof of another key.",
        show: DEFECT,
        next: Next::UpdateApp,
        next_detail: "Correct the app: each action of the user gets a new key, and each retry the same key.",
    },
];

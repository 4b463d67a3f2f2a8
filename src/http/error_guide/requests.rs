//! Guide to the statuses 400 to 408: requests that are malformed, not signed in, or for something that does not exist.

use super::guide::Guide;
use super::next::Next;
use super::sentence::{DEFECT, show};
use crate::http::error::Code;

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        code: Code::MalformedJson,
        when: "The body is not JSON, not in UTF-8, or nested too deeply.",
        show: DEFECT,
        next: Next::UpdateApp,
        next_detail: "Correct the app: it must send JSON.",
    },
    Guide {
        code: Code::MalformedRequest,
        when: "The JSON has another structure than documented: `errors` has `required`, `unknown_field`, \
               `duplicate_field` or `invalid_type`. Or the `Idempotency-Key` is invalid (`invalid_format`).",
        show: DEFECT,
        next: Next::UpdateApp,
        next_detail: "Correct the app: `errors` names the fields.",
    },
    Guide {
        code: Code::InvalidDpopProof,
        when: "The `DPoP` proof is malformed, forged or made for another request, there is more than one, or the \
               session is not bound to a key.",
        show: DEFECT,
        next: Next::UpdateApp,
        next_detail: "Correct the app. Send no proof for a session that is not bound.",
    },
    Guide {
        code: Code::UseDpopNonce,
        when: "The clock of the device differs by more than a minute, or the nonce of the proof has expired.",
        show: None,
        next: Next::Retry,
        next_detail: "Repeat the request at once with a new proof. Its claim `nonce` is the header `DPoP-Nonce`.",
    },
    Guide {
        code: Code::CredentialsInvalid,
        when: "Sign-in or reclaim: the number and the password do not belong together. The service does not say which \
               one is wrong.",
        show: show("The phone number or the password is wrong.", "手机号或密码错误，请重新输入。"),
        next: Next::CorrectInput,
        next_detail: "Let the user correct both, and offer the sign-in with a code.",
    },
    Guide {
        code: Code::TokenMissing,
        when: "An endpoint for signed-in users was called without an access token.",
        show: show("Please sign in.", "请先登录。"),
        next: Next::SignIn,
        next_detail: "Send `Authorization: Bearer` with the access token. Without one, let the user sign in.",
    },
    Guide {
        code: Code::TokenInvalid,
        when: "The access token is not valid, its session has ended, or the service has changed its keys.",
        show: None,
        next: Next::Refresh,
        next_detail: "Refresh once and repeat the request. The refresh shows whether the session has ended.",
    },
    Guide {
        code: Code::TokenExpired,
        when: "The access token is older than its lifetime, 15 minutes by default.",
        show: None,
        next: Next::Refresh,
        next_detail: "Refresh once and repeat the request.",
    },
    Guide {
        code: Code::RefreshInvalid,
        when: "The session of the refresh token was ended here or on another device, or it has expired.",
        show: show("You have been signed out. Please sign in again.", "您已退出登录，请重新登录。"),
        next: Next::SignIn,
        next_detail: "Delete both tokens, keep the `device_token`, and let the user sign in.",
    },
    Guide {
        code: Code::RefreshReused,
        when: "An old refresh token was used again, and the session was ended: the token may have been copied.",
        show: show(
            "You have been signed out for your safety. Please sign in again.",
            "为了您的账号安全，您已被退出登录，请重新登录。",
        ),
        next: Next::SignIn,
        next_detail: "Delete both tokens, and warn the user that another person may have had access.",
    },
    Guide {
        code: Code::RefreshKeyMismatch,
        when: "The session is bound to another key than the one of the proof, or there was no proof. The session \
               lives on.",
        show: show("Please sign in again.", "请重新登录。"),
        next: Next::SignIn,
        next_detail: "Send a proof of the right key. If this key is lost, delete the tokens and let the user sign in.",
    },
    Guide {
        code: Code::NotFound,
        when: "The path does not exist. Or this session or pending act does not exist any more, or belongs to another \
               user.",
        show: show("This does not exist any more.", "该内容已不存在，请刷新后查看。"),
        next: Next::Reload,
        next_detail: "Read the list again. At the end of a session, take it as success: the device is signed out.",
    },
    Guide {
        code: Code::AvatarUploadsDisabled,
        when: "The operator has configured no storage for avatars.",
        show: show("Pictures cannot be uploaded here.", "暂不支持上传头像。"),
        next: Next::Hide,
        next_detail: "Hide the button for the upload.",
    },
    Guide {
        code: Code::PasswordsDisabled,
        when: "The service uses no passwords (`PASSWORD_MODE=none`).",
        show: show("Please sign in with a code.", "请使用短信验证码登录。"),
        next: Next::Hide,
        next_detail: "Hide the fields for passwords, and offer the sign-in with a code.",
    },
    Guide {
        code: Code::MethodNotAllowed,
        when: "The path exists, and not with this method. The header `Allow` lists the methods.",
        show: DEFECT,
        next: Next::UpdateApp,
        next_detail: "Correct the app.",
    },
    Guide {
        code: Code::RequestTimeout,
        when: "The body took longer than 10 seconds to arrive.",
        show: show("The network is too slow. Please try again.", "网络较慢，请稍后重试。"),
        next: Next::Retry,
        next_detail: "Repeat the request with the same `Idempotency-Key`: nothing was done.",
    },
];

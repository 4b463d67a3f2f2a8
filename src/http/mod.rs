//! JSON in, JSON out. No rule lives here: text becomes domain values, one flow is called, its answer is mapped.

pub mod account_deletion;
pub mod avatar;
pub mod bodies;
pub mod captchas;
pub mod checks;
pub mod client;
mod otp;
mod endpoint;
pub mod envelope;
pub mod error;
pub mod extract;
pub mod health;
pub mod keys;
mod idempotency;
mod language;
pub mod login;
pub mod me;
pub mod openapi;
pub mod password_reset;
pub mod register;
pub mod sessions;

use actix_web::{HttpResponse, web};
use endpoint::at;
use error::Code;
use std::time::Duration;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// `status` grows old, and changes nothing: whoever asks again within a minute has lost the answer.
const MINUTE: Duration = Duration::from_secs(60);

/// The route table, in the order of an account's life.
pub fn routes(app: &mut web::ServiceConfig, docs: bool) {
    app.service(at("/v1/captchas").replays_for(|policy| policy.captcha.life).post(captchas::create))
        .service(at("/v1/register/send-code").post(register::send_code))
        .service(at("/v1/register/resend-code").post(register::resend_code))
        .service(at("/v1/register/verify-code").post(register::verify_code))
        .service(at("/v1/register/set-password").post(register::set_password))
        .service(at("/v1/register/submit-profile").post(register::submit_profile))
        .service(at("/v1/register/status").replays_for(|_| MINUTE).post(register::status))
        .service(at("/v1/login").post(login::with_password))
        .service(at("/v1/login/send-code").post(login::send_code))
        .service(at("/v1/login/resend-code").post(login::resend_code))
        .service(at("/v1/login/verify-code").post(login::verify_code))
        .service(at("/v1/token/refresh").replays_for(|policy| policy.session.retry).post(sessions::refresh))
        .service(at("/v1/logout").for_bearer().post(sessions::log_out))
        .service(at("/v1/sessions").get(sessions::list))
        .service(at("/v1/sessions/{id}").delete(sessions::end))
        .service(at("/v1/me").get(me::read).patch(me::update).delete(me::deletion::delete))
        .service(at("/v1/me/avatar").for_bearer().post(avatar::permit))
        .service(at("/v1/me/password").put(me::password::change))
        .service(at("/v1/me/phone/send-code").for_bearer().post(me::phone::send_code))
        .service(at("/v1/me/phone/resend-code").for_bearer().post(me::phone::resend_code))
        .service(at("/v1/me/phone/verify-code").for_bearer().post(me::phone::verify_code))
        .service(at("/v1/me/deletion/send-code").for_bearer().post(me::deletion::send_code))
        .service(at("/v1/me/deletion/resend-code").for_bearer().post(me::deletion::resend_code))
        .service(at("/v1/password-reset/send-code").post(password_reset::send_code))
        .service(at("/v1/password-reset/resend-code").post(password_reset::resend_code))
        .service(at("/v1/password-reset/verify-code").post(password_reset::verify_code))
        .service(at("/v1/password-reset/set-password").post(password_reset::set_password))
        .service(at("/v1/account-deletion/send-code").post(account_deletion::send_code))
        .service(at("/v1/account-deletion/resend-code").post(account_deletion::resend_code))
        .service(at("/v1/account-deletion/verify-code").post(account_deletion::verify_code))
        .service(at("/.well-known/jwks.json").get(keys::jwks))
        .service(at("/healthz").get(health::healthz))
        .service(at("/readyz").get(health::readyz))
        .service(at("/openapi.json").get(openapi::document));
    if docs {
        let viewer = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").try_it_out_enabled(true));
        app.service(web::redirect("/docs", "/docs/")).service(viewer);
    }
}

/// What every JSON endpoint can be refused for, before its flow begins.
const BODY_PROBLEMS: &[Code] = &[
    Code::MalformedJson,
    Code::MalformedRequest,
    Code::RequestTimeout,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationFailed,
];

/// What every endpoint for signed-in people can be refused for.
const BEARER_PROBLEMS: &[Code] = &[Code::TokenMissing, Code::TokenInvalid, Code::TokenExpired, Code::Overloaded];

/// What sending a code to an account can be refused for, whether there is one or not.
const SEND_CODE_PROBLEMS: &[Code] = &[
    Code::CaptchaExpired,
    Code::CaptchaWrong,
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
    Code::Overloaded,
];

/// What sending it again can be refused for.
const RESEND_CODE_PROBLEMS: &[Code] = &[
    Code::TicketExpired,
    Code::WrongStep,
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
];

/// What checking it can be refused for.
const VERIFY_CODE_PROBLEMS: &[Code] =
    &[Code::CodeWrong, Code::CodeExhausted, Code::PhoneLimitReached, Code::TicketExpired];

/// What everything that needs staging or the database can fail with.
const DEPENDENCY_PROBLEMS: &[Code] = &[Code::InternalError, Code::DependencyUnavailable];

fn json<T: serde::Serialize>(status: actix_web::http::StatusCode, body: &T) -> HttpResponse {
    HttpResponse::build(status).json(body)
}

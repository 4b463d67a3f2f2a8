//! Route table: the path, the methods and the handlers of every endpoint.

use super::endpoint::at;
use super::{account_deletion, avatar, captchas, health, keys, login, me, openapi, password_reset, register, sessions};
use actix_web::web;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Registers all endpoints, and the viewer of the OpenAPI document if `docs` is set.
pub fn routes(app: &mut web::ServiceConfig, docs: bool) {
    app.service(at("/v1/captchas").harmless().post(captchas::create))
        .service(at("/v1/register/send-code").post(register::send_code))
        .service(at("/v1/register/resend-code").post(register::resend_code))
        .service(at("/v1/register/verify-code").post(register::verify_code))
        .service(at("/v1/register/set-password").post(register::set_password))
        .service(at("/v1/register/submit-profile").accepts_proof().post(register::submit_profile))
        .service(at("/v1/register/status").harmless().post(register::status))
        .service(at("/v1/login").accepts_proof().post(login::with_password))
        .service(at("/v1/login/send-code").post(login::send_code))
        .service(at("/v1/login/resend-code").post(login::resend_code))
        .service(at("/v1/login/verify-code").accepts_proof().post(login::verify_code))
        .service(at("/v1/token/refresh").accepts_proof().harmless().post(sessions::refresh))
        .service(at("/v1/logout").harmless().post(sessions::log_out))
        .service(at("/v1/sessions").get(sessions::list))
        .service(at("/v1/sessions/{id}").delete(sessions::end))
        .service(at("/v1/me").get(me::profile::read).patch(me::profile::update).delete(me::deletion::delete))
        .service(at("/v1/me/avatar").for_bearer().post(avatar::permit))
        .service(at("/v1/me/password").for_bearer().put(me::password::change))
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

//! OpenAPI 3.1 document, generated from the handlers and the error table.

mod components;
mod error_codes;
pub(super) mod headers;
mod problems;
mod served;

use super::dpop::document::Dpop;
use super::error::{Code, Problem};
use super::idempotency::document::Idempotency;
use super::{account_deletion, avatar, captchas, health, keys, login, me, password_reset, register, sessions};
use actix_web::{HttpRequest, HttpResponse};
use components::SharedProblems;
use problems::{ProblemSchema, Problems};
use served::Served;
use std::sync::LazyLock;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Required};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "doorstep",
        description = "Phone-number accounts for mobile apps: sign-up with captcha, SMS code, password and \
                       profile; sign-in, tokens and sessions; profile, password reset, phone number change and account \
                       deletion."
    ),
    paths(
        captchas::create, register::send_code, register::resend_code, register::verify_code, register::set_password,
        register::submit_profile, register::status, login::with_password, login::send_code, login::resend_code,
        login::verify_code, sessions::refresh, sessions::log_out, sessions::list, sessions::end, me::profile::read,
        me::profile::update, me::deletion::delete, avatar::permit, me::password::change, me::phone::send_code,
        me::phone::resend_code, me::phone::verify_code, me::deletion::send_code, me::deletion::resend_code,
        password_reset::send_code, password_reset::resend_code, password_reset::verify_code,
        password_reset::set_password, account_deletion::send_code, account_deletion::resend_code,
        account_deletion::verify_code, keys::jwks, health::healthz, health::readyz,
    ),
    components(schemas(ProblemSchema)),
    modifiers(&Security, &OptionalBody, &Problems, &Dpop, &Idempotency, &SharedProblems),
    servers((url = "/")),
    tags(
        (name = "captchas", description = "Image and audio captchas"),
        (name = "register", description = "Sign-up in four steps"),
        (name = "login", description = "Sign-in with the password or with a code"),
        (name = "tokens", description = "Refresh-token rotation"),
        (name = "sessions", description = "Devices on which the user is signed in"),
        (name = "me", description = "Account of the signed-in user"),
        (name = "phoneChange", description = "Phone number change of the signed-in user"),
        (name = "deletion", description = "Code that replaces the password when a signed-in user deletes the account"),
        (name = "passwordReset", description = "Password reset with a code"),
        (name = "accountDeletion", description = "Account deletion without the app, with a code"),
        (name = "keys", description = "Public keys of the access tokens"),
        (name = "health", description = "Probes for load balancers and orchestrators"),
    )
)]
struct Api;

/// The document in the form that the service publishes.
static SERVED: LazyLock<Option<Served>> =
    LazyLock::new(|| Api::openapi().to_json().ok().and_then(|text| Served::new(text).ok()));

/// Makes and compresses the document before the first request does.
pub fn warm_up() {
    LazyLock::force(&SERVED);
}

/// Publishes the document.
pub(super) async fn document(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let served = SERVED.as_ref().ok_or_else(|| Problem::new(Code::InternalError))?;
    Ok(served.response(request.headers()))
}

/// The document, as the repository has it. The service publishes the same without indentation.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut text = Api::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// Adds the access token as a security scheme.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("access_token", SecurityScheme::Http(scheme));
    }
}

/// Makes the body optional where all of its fields are optional. (With an `Option` the document would allow `null`.)
struct OptionalBody;

impl Modify for OptionalBody {
    fn modify(&self, document: &mut Document) {
        for path in ["/v1/logout", "/v1/me/deletion/send-code"] {
            let post = document.paths.paths.get_mut(path).and_then(|item| item.post.as_mut());
            if let Some(RefOr::T(body)) = post.and_then(|operation| operation.request_body.as_mut()) {
                body.required = Some(Required::False);
            }
        }
    }
}

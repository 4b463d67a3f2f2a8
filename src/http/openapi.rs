//! The OpenAPI 3.1 document, made from the handlers and from the table of errors.

use super::error::{Code, FieldError, Problem};
use super::idempotency::document::Idempotency;
use super::{
    BEARER_PROBLEMS, BODY_PROBLEMS, DEPENDENCY_PROBLEMS, RESEND_CODE_PROBLEMS, SEND_CODE_PROBLEMS,
    VERIFY_CODE_PROBLEMS, account_deletion, avatar, bodies, captchas, envelope, health, idempotency, keys, login, me,
    password_reset, register, sessions,
};
use crate::domain::flow::Step;
use crate::domain::proof::Challenge;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi as Document, Ref, RefOr, Required, Response, ResponseBuilder,
    Type,
};
use utoipa::{Modify, OpenApi, ToSchema};

#[derive(OpenApi)]
#[openapi(
    info(title = "doorstep", description = "Accounts for mobile apps by phone number: sign-up by captcha, SMS code, password and profile; sign-in, tokens, devices; profile, password reset, change of number, deletion."),
    paths(
        captchas::create, register::send_code, register::resend_code, register::verify_code, register::set_password,
        register::submit_profile, register::status, login::with_password, login::send_code, login::resend_code,
        login::verify_code, sessions::refresh, sessions::log_out, sessions::list, sessions::end, me::read, me::update,
        me::deletion::delete, avatar::permit, me::password::change, me::phone::send_code, me::phone::resend_code, me::phone::verify_code,
        me::deletion::send_code, me::deletion::resend_code, password_reset::send_code, password_reset::resend_code,
        password_reset::verify_code, password_reset::set_password, account_deletion::send_code,
        account_deletion::resend_code, account_deletion::verify_code, keys::jwks, health::healthz, health::readyz,
    ),
    components(schemas(ProblemSchema)),
    modifiers(&Security, &OptionalBody, &Problems, &Idempotency),
    servers((url = "/")),
    tags(
        (name = "captchas", description = "Puzzles to be seen or heard"),
        (name = "register", description = "Sign-up in four steps"),
        (name = "login", description = "Signing in, with the password or with a code"),
        (name = "tokens", description = "New tokens for old"),
        (name = "sessions", description = "The devices that are signed in"),
        (name = "me", description = "The account of the bearer"),
        (name = "phoneChange", description = "Another number for the account of the bearer"),
        (name = "deletion", description = "A code that may stand for the password when the account is deleted"),
        (name = "passwordReset", description = "A forgotten password"),
        (name = "accountDeletion", description = "Deletion without the app, by who has the phone"),
        (name = "keys", description = "Public keys"),
        (name = "health", description = "For load balancers"),
    )
)]
struct Api;

/// What each operation can be refused with, beside what all have in common.
const PROBLEMS: &[(&str, &[&[Code]])] = &[
    ("captchas.create", &[BODY_PROBLEMS, captchas::CREATE, DEPENDENCY_PROBLEMS]),
    ("register.sendCode", &[BODY_PROBLEMS, register::SEND_CODE, DEPENDENCY_PROBLEMS]),
    ("register.resendCode", &[BODY_PROBLEMS, register::RESEND_CODE, DEPENDENCY_PROBLEMS]),
    ("register.verifyCode", &[BODY_PROBLEMS, register::VERIFY_CODE, DEPENDENCY_PROBLEMS]),
    ("register.setPassword", &[BODY_PROBLEMS, register::SET_PASSWORD, DEPENDENCY_PROBLEMS]),
    ("register.submitProfile", &[BODY_PROBLEMS, register::SUBMIT_PROFILE, DEPENDENCY_PROBLEMS]),
    ("register.status", &[BODY_PROBLEMS, register::STATUS, DEPENDENCY_PROBLEMS]),
    ("login.withPassword", &[BODY_PROBLEMS, login::WITH_PASSWORD, DEPENDENCY_PROBLEMS]),
    ("login.sendCode", &[BODY_PROBLEMS, SEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("login.resendCode", &[BODY_PROBLEMS, RESEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("login.verifyCode", &[BODY_PROBLEMS, VERIFY_CODE_PROBLEMS, login::VERIFY_CODE, DEPENDENCY_PROBLEMS]),
    ("tokens.refresh", &[BODY_PROBLEMS, sessions::REFRESH, DEPENDENCY_PROBLEMS]),
    ("sessions.logOut", &[BEARER_PROBLEMS, BODY_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("sessions.list", &[BEARER_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("sessions.end", &[BEARER_PROBLEMS, sessions::END, DEPENDENCY_PROBLEMS]),
    ("me.read", &[BEARER_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("me.update", &[BEARER_PROBLEMS, BODY_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("me.delete", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::deletion::DELETE, VERIFY_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("me.permitAvatar", &[BEARER_PROBLEMS, BODY_PROBLEMS, avatar::PERMIT, DEPENDENCY_PROBLEMS]),
    ("me.changePassword", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::password::CHANGE, DEPENDENCY_PROBLEMS]),
    ("phoneChange.sendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::phone::SEND_CODE, DEPENDENCY_PROBLEMS]),
    ("phoneChange.resendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, register::RESEND_CODE, DEPENDENCY_PROBLEMS]),
    (
        "phoneChange.verifyCode",
        &[BEARER_PROBLEMS, BODY_PROBLEMS, VERIFY_CODE_PROBLEMS, me::phone::VERIFY_CODE, DEPENDENCY_PROBLEMS],
    ),
    ("deletion.sendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, me::deletion::SEND_CODE, DEPENDENCY_PROBLEMS]),
    ("deletion.resendCode", &[BEARER_PROBLEMS, BODY_PROBLEMS, register::RESEND_CODE, DEPENDENCY_PROBLEMS]),
    ("passwordReset.sendCode", &[BODY_PROBLEMS, SEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("passwordReset.resendCode", &[BODY_PROBLEMS, RESEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("passwordReset.verifyCode", &[BODY_PROBLEMS, register::VERIFY_CODE, DEPENDENCY_PROBLEMS]),
    ("passwordReset.setPassword", &[BODY_PROBLEMS, password_reset::SET_PASSWORD, DEPENDENCY_PROBLEMS]),
    ("accountDeletion.sendCode", &[BODY_PROBLEMS, SEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("accountDeletion.resendCode", &[BODY_PROBLEMS, RESEND_CODE_PROBLEMS, DEPENDENCY_PROBLEMS]),
    ("accountDeletion.verifyCode", &[BODY_PROBLEMS, VERIFY_CODE_PROBLEMS, login::VERIFY_CODE, DEPENDENCY_PROBLEMS]),
    ("health.ready", &[health::READY]),
];

/// The document, as it is served and committed.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut text = Api::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(DOCUMENT.as_str())
}

/// An error (RFC 9457). Decide by `code`; `title` and `detail` are for people and follow `Accept-Language`.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes the body that the envelope writes")]
struct ProblemSchema {
    /// An URI for the kind of problem.
    #[schema(format = "uri")]
    r#type: String,
    title: String,
    status: u16,
    /// Stable across versions; a later version may have more of them.
    code: String,
    detail: String,
    /// The same as the header `X-Request-Id`.
    request_id: String,
    /// What is wrong with which field.
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
    /// Tries that the code has left.
    #[schema(required = false)]
    attempts_left: u32,
    /// The step that comes next, when another was asked for.
    #[schema(required = false)]
    step: bodies::NextStep,
    /// What is to be worked on, where a proof of work is asked for.
    #[schema(required = false)]
    proof_of_work: captchas::Work,
    /// Seconds until a code may be sent again.
    #[schema(required = false)]
    resend_in: u64,
    /// Seconds to wait, as in the header `Retry-After`.
    #[schema(required = false)]
    retry_after: u64,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body that the envelope writes")]
struct FieldProblem {
    /// The path of the field; empty for the body itself.
    field: String,
    /// Stable across versions.
    code: String,
    detail: String,
}

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("access_token", SecurityScheme::Http(scheme));
    }
}

/// The body of a sign-out may be left out. (An `Option` would say that it may be `null`.)
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

struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        for item in document.paths.paths.values_mut() {
            if let Some(operation) = &mut item.post {
                add_problems(operation, idempotency::PROBLEMS);
            }
            for operation in [&mut item.get, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten() {
                add_problems(operation, &[]);
            }
        }
    }
}

/// One response for each status, with one example for each code.
fn add_problems(operation: &mut Operation, further: &[Code]) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let codes = PROBLEMS.iter().filter(|(name, _)| *name == id).flat_map(|(_, lists)| lists.iter().copied().flatten());
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes.chain(further) {
        by_status.entry(code.row().status).or_default().push(*code);
    }
    for (status, codes) in by_status {
        operation.responses.responses.insert(status.to_string(), RefOr::T(response(&codes)));
    }
}

fn response(codes: &[Code]) -> Response {
    let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.row().name)).collect();
    let examples = codes.iter().map(|code| {
        let text = envelope::body_text(&example(*code), false, "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d");
        let value = serde_json::from_str(&text).ok();
        (code.row().name, ExampleBuilder::new().summary(code.row().en[0]).value(value).build())
    });
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build();
    let response = ResponseBuilder::new().description(names.join(", ")).content("application/problem+json", content);
    if !codes.iter().any(|code| waits(*code)) {
        return response.build();
    }
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait")).build();
    response.header("Retry-After", header).build()
}

/// Whether the client is told when to come back.
fn waits(code: Code) -> bool {
    code == Code::RequestInProgress || [429, 503].contains(&code.row().status)
}

/// A problem with the members that its code comes with.
fn example(code: Code) -> Problem {
    let plain = Problem::new(code);
    let error = |field: &str, code| vec![FieldError { field: field.to_owned(), code }];
    match code {
        Code::MalformedRequest => Problem { errors: error("captcha_id", "required"), ..plain },
        Code::ValidationFailed => Problem { errors: error("ticket", "invalid_format"), ..plain },
        Code::RegionNotSupported => Problem { errors: error("phone_number", "not_allowed"), ..plain },
        Code::CodeWrong => Problem { attempts_left: Some(3), ..plain },
        Code::CodeExhausted => Problem { attempts_left: Some(0), ..plain },
        Code::WrongStep => Problem { step: Some(Step::PhoneVerified), ..plain },
        Code::ProofOfWorkRequired | Code::ProofOfWorkInvalid => {
            Problem { proof_of_work: Challenge::parse(captchas::CHALLENGE).ok(), ..plain }
        }
        Code::ResendCooldown => Problem { retry_after: Some(Duration::from_secs(42)), ..plain },
        _ if waits(code) => Problem { retry_after: Some(Duration::from_secs(1)), ..plain },
        _ => plain,
    }
}

//! JSON in, JSON out. No rule lives here: text becomes domain values, one flow is called, its answer is mapped.

pub mod account;
pub mod avatar;
pub mod captchas;
pub mod checks;
pub mod client;
pub mod envelope;
pub mod error;
pub mod extract;
pub mod health;
pub mod openapi;
pub mod register;

use actix_web::guard::{Any, Get, Guard, Head, Post};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{Handler, HttpResponse, Resource, Responder, ResponseError, web};
use error::{Code, Problem};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The route table, in the order of the flow.
pub fn routes(app: &mut web::ServiceConfig, docs: bool) {
    app.service(post("/v1/captchas", captchas::create))
        .service(post("/v1/register/send-code", register::send_code))
        .service(post("/v1/register/resend-code", register::resend_code))
        .service(post("/v1/register/verify-code", register::verify_code))
        .service(post("/v1/register/set-password", register::set_password))
        .service(post("/v1/register/submit-profile", register::submit_profile))
        .service(post("/v1/register/status", register::status))
        .service(get("/v1/me", account::me))
        .service(post("/v1/me/avatar", avatar::permit))
        .service(get("/.well-known/jwks.json", account::jwks))
        .service(get("/healthz", health::healthz))
        .service(get("/readyz", health::readyz))
        .service(get("/openapi.json", openapi::document));
    if docs {
        let viewer = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").try_it_out_enabled(true));
        app.service(web::redirect("/docs", "/docs/")).service(viewer);
    }
}

fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    endpoint(path, Post(), "POST", handler)
}

fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    endpoint(path, Any(Get()).or(Head()), "GET, HEAD", handler)
}

/// One path, one handler; every other method is told which one there is (RFC 9110, 15.5.6).
fn endpoint<F, Args>(path: &str, methods: impl Guard + 'static, allow: &'static str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::route().guard(methods).to(handler)).default_service(web::to(
        move |_: Method| async move {
            let mut refusal = Problem::new(Code::MethodNotAllowed).error_response();
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
            refusal
        },
    ))
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

/// What everything that needs staging or the database can fail with.
const DEPENDENCY_PROBLEMS: &[Code] = &[Code::InternalError, Code::DependencyUnavailable];

fn json<T: serde::Serialize>(status: actix_web::http::StatusCode, body: &T) -> HttpResponse {
    HttpResponse::build(status).json(body)
}

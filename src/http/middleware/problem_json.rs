//! Errors as problem+json (RFC 9457), in the language of the client. Errors of the HTTP framework get such a body too.

use super::request_id::RequestId;
use crate::domain::language::Language;
use crate::domain::password_mode::PasswordMode;
use crate::flows::Service;
use crate::flows::dpop::new_nonce;
use crate::http::dpop::NONCE;
use crate::http::dto::flow::NextStep;
use crate::http::dto::problem::{self, FieldProblem, Work};
use crate::http::error::{Code, Problem, Row};
use crate::http::language::negotiate;
use crate::http::response::seconds;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

/// Middleware that writes the body of errors, and forbids caching.
pub async fn problem_json(
    service: web::Data<Service>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let mut response = match problem_of(&response) {
        Some(problem) => render(response, &problem, &service),
        None => response,
    };
    // Responses contain tickets and tokens (RFC 6749, 5.1). A response that may be cached sets the header itself.
    if !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// Returns the problem of an error response: our own, or one by the status that the framework has set.
pub(in crate::http) fn problem_of<B>(response: &ServiceResponse<B>) -> Option<Problem> {
    if let Some(problem) = response.response().extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let code = match response.status() {
        status if status.as_u16() < 400 => return None,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_server_error() => Code::InternalError,
        _ => Code::MalformedRequest,
    };
    Some(Problem::new(code))
}

fn render(response: ServiceResponse, problem: &Problem, service: &Service) -> ServiceResponse {
    let language = negotiate(response.request().headers());
    let id = response.request().extensions().get().map(|RequestId(id)| id.clone()).unwrap_or_default();
    let body = problem_body(problem, language, &id, service.policy().passwords);
    let mut response = response.map_body(|_, _| BoxBody::new(body));
    *response.response_mut().status_mut() = problem.code.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    }
    if problem.code == Code::UseDpopNonce
        && let Ok(nonce) = HeaderValue::from_str(new_nonce(service).as_str())
    {
        headers.insert(NONCE, nonce);
    }
    if problem.code.row().status == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(www_authenticate(problem.code)));
    }
    response
}

/// Returns the value of `WWW-Authenticate`. RFC 6750, section 3 requires a parameter after `Bearer`, and a client of
/// Swift on Linux crashes without one.
const fn www_authenticate(code: Code) -> &'static str {
    match code {
        Code::TokenInvalid | Code::TokenExpired => "Bearer error=\"invalid_token\"",
        _ => "Bearer realm=\"doorstep\"",
    }
}

/// Returns the body of a problem, as JSON text.
pub(in crate::http) fn problem_body(
    problem: &Problem,
    language: Language,
    id: &str,
    passwords: PasswordMode,
) -> String {
    let Row { status, name, en, zh, .. } = problem.code.row();
    let [title, detail] = match language {
        Language::English => en,
        Language::Chinese => zh,
    };
    let (retry_after, flow) = (problem.retry_after.map(seconds), problem.flow.as_deref());
    let cooldown = retry_after.filter(|_| problem.code == Code::ResendCooldown);
    let question = problem.question.as_deref();
    let field = |error| FieldProblem::new(error, language);
    let body = problem::Problem {
        r#type: format!("urn:problem-type:doorstep:{name}"),
        title,
        status: *status,
        code: name,
        detail,
        request_id: id,
        errors: problem.errors.iter().map(field).collect(),
        attempts_left: problem.attempts_left,
        step: problem.step.map(|step| NextStep::after(step, passwords)),
        act: question.map(|question| question.act.as_str()),
        start_anew: question.map(|question| question.start_anew),
        proof_of_work: problem.proof_of_work.as_deref().map(Work::from),
        documents: problem.documents.iter().map(ToString::to_string).collect(),
        ticket: flow.map(|flow| flow.ticket.as_str()),
        expires_in: flow.map(|flow| flow.expires_in).or(question.and_then(|question| question.expires_in).map(seconds)),
        resend_in: cooldown.or(flow.map(|flow| flow.resend_in)),
        retry_after,
    };
    serde_json::to_string(&body).unwrap_or_default()
}

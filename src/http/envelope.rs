//! What every answer has in common: a request id, one line in the log, and, for a refusal, a problem+json body in the
//! reader's language. The framework's own refusals pass here too.

use super::client::Proxies;
use super::error::{Code, FieldError, Problem, Row};
use super::language::negotiate;
use super::response::seconds;
use super::schemas::{NextStep, Work};
use crate::domain::language::Language;
use crate::flows::Service;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use serde::Serialize;
use std::time::{Duration, Instant};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The body of an error (RFC 9457).
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<BodyField<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<NextStep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_of_work: Option<Work>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resend_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

#[derive(Serialize)]
struct BodyField<'a> {
    field: &'a str,
    code: &'a str,
    detail: &'a str,
}

/// Wraps every request.
pub async fn envelope(
    service: web::Data<Service>,
    proxies: web::Data<Proxies>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = request_id(&service, &proxies, &request);
    let language = negotiate(request.headers());
    let client = proxies.client(&request);
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id);
    // Handlers and extractors turn their errors into responses; nothing else in there fails.
    let response = next.call(request).instrument(span.clone()).await?.map_into_boxed_body();
    let problem = problem_of(&response);
    let route = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    let mut response = match &problem {
        Some(problem) => render(response, problem, language, &id),
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // Answers hold tickets and tokens (RFC 6749, 5.1); what may be cached says so itself.
    if !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let took = started.elapsed();
    service.answered(known(&method), &route, response.status().as_u16(), took);
    span.in_scope(|| log(&method, &route, response.status(), problem.as_ref(), client, took));
    Ok(response)
}

/// A new id, or the one that a configured proxy gave.
fn request_id(service: &Service, proxies: &Proxies, request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID).filter(|_| proxies.trusts_peer(request));
    let given = given.and_then(|value| value.to_str().ok()).filter(|id| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    given.map_or_else(|| service.fresh_id().to_string(), str::to_owned)
}

/// The problem that a response stands for: ours, or the framework's by its status.
pub(super) fn problem_of(response: &ServiceResponse) -> Option<Problem> {
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

fn render(response: ServiceResponse, problem: &Problem, language: Language, id: &str) -> ServiceResponse {
    let body = body_of(problem, language, id);
    let mut response = response.map_body(|_, _| BoxBody::new(body));
    *response.response_mut().status_mut() = problem.code.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    }
    if problem.code.row().status == 401 {
        headers.insert(actix_web::http::header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge(problem.code)));
    }
    response
}

/// RFC 6750, section 3.
const fn challenge(code: Code) -> &'static str {
    match code {
        Code::TokenInvalid | Code::TokenExpired => "Bearer error=\"invalid_token\"",
        _ => "Bearer",
    }
}

/// The whole body, as text.
pub(super) fn body_text(problem: &Problem, chinese: bool, id: &str) -> String {
    body_of(problem, if chinese { Language::Chinese } else { Language::English }, id)
}

fn body_of(problem: &Problem, language: Language, id: &str) -> String {
    let Row { status, name, en, zh } = problem.code.row();
    let [title, detail] = match language {
        Language::English => en,
        Language::Chinese => zh,
    };
    let retry_after = problem.retry_after.map(seconds);
    let field = |error: &'_ FieldError| field_words(error.code, language);
    let errors = problem.errors.iter();
    let errors = errors.map(|error| BodyField { field: &error.field, code: error.code, detail: field(error) });
    let body = Body {
        r#type: format!("urn:problem-type:doorstep:{name}"),
        title,
        status,
        code: name,
        detail,
        request_id: id,
        errors: errors.collect(),
        attempts_left: problem.attempts_left,
        step: problem.step.map(NextStep::from),
        proof_of_work: problem.proof_of_work.as_ref().map(Work::from),
        resend_in: retry_after.filter(|_| problem.code == Code::ResendCooldown),
        retry_after,
    };
    serde_json::to_string(&body).unwrap_or_default()
}

/// One sentence for each field code.
fn field_words(code: &str, language: Language) -> &'static str {
    let (en, zh) = match code {
        "required" => ("This field is required.", "该字段必填。"),
        "unknown_field" => ("This field is not known.", "未知字段。"),
        "duplicate_field" => ("This field appears twice.", "字段重复。"),
        "invalid_type" => ("The value has the wrong type.", "类型错误。"),
        "too_short" => ("Too short.", "太短。"),
        "too_long" => ("Too long.", "太长。"),
        "invalid_characters" => ("Contains characters that are not allowed.", "包含不允许的字符。"),
        "out_of_range" => ("Outside the allowed range.", "超出允许范围。"),
        "not_allowed" => ("This value is not allowed.", "不允许的值。"),
        "mismatch" => ("Differs from the field that it repeats.", "两次输入不一致。"),
        _ => ("Not in the expected form.", "格式不正确。"),
    };
    match language {
        Language::English => en,
        Language::Chinese => zh,
    }
}

/// One line for each request; the route's pattern instead of the path, so that nothing that a client wrote gets into
/// the log.
fn log(
    method: &Method,
    route: &str,
    status: StatusCode,
    problem: Option<&Problem>,
    client: std::net::IpAddr,
    took: Duration,
) {
    let (status, took_us) = (status.as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    let code = problem.map(|problem| problem.code.row().name);
    let cause = problem.and_then(|problem| problem.cause.as_deref());
    let method = known(method);
    if status == 500 {
        tracing::error!(method, route, status, code, took_us, %client, cause, "request completed");
    } else if cause.is_some() {
        tracing::warn!(method, route, status, code, took_us, %client, cause, "request completed");
    } else {
        tracing::info!(method, route, status, code, took_us, %client, "request completed");
    }
}

/// The methods of RFC 9110 and RFC 5789. Any other is a word that the client made up.
fn known(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT") => known,
        _ => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_does_not_get_into_the_log() {
        assert_eq!(known(&Method::GET), "GET");
        assert_eq!(known(&Method::from_bytes(b"ANYTHING-AT-ALL").unwrap()), "-");
    }
}

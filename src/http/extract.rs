//! Parameters of handlers that are proofs: a body of the documented form, a signed-in person.

use super::error::{Code, FieldError, Problem};
use crate::flows::Service;
use crate::flows::session::{self, Caller};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::time::Duration;
use validator::Validate;
use zeroize::Zeroizing;

/// The largest body that is read: 16 KiB, a hundred times what the largest request needs.
pub const BODY_LIMIT: usize = 16 * 1024;
/// How long a body may take: 10 s, a phone on a bad network included.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body that has the form of `T` and passed its caps.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let size = check_media_type(request).and_then(|()| announced_size(request));
        let payload = payload.take();
        Box::pin(async move {
            let body = read_in_time(payload, size?).await?;
            let value: T = parse(&body)?;
            value.validate().map_err(|errors| field_errors(&errors))?;
            Ok(Self(value))
        })
    }
}

/// The same for a body that may be left out.
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default + Validate + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if has_no_body(request) {
            return Box::pin(ready(Ok(Self(T::default()))));
        }
        let json = Json::from_request(request, payload);
        Box::pin(async move { Ok(Self(json.await?.0)) })
    }
}

fn has_no_body(request: &HttpRequest) -> bool {
    let length = request.headers().get(CONTENT_LENGTH).map_or(&b"0"[..], |value| value.as_bytes());
    length == b"0" && !request.headers().contains_key(TRANSFER_ENCODING)
}

/// The bytes of a JSON body, with the same caps and problems; none where the client sent none.
pub(super) async fn bytes(request: &HttpRequest, payload: Payload) -> Result<Zeroizing<Vec<u8>>, Problem> {
    if has_no_body(request) {
        return Ok(Zeroizing::default());
    }
    check_media_type(request)?;
    read_in_time(payload, announced_size(request)?).await
}

/// One `Content-Type`, `application/json` (for PATCH also a merge patch, RFC 7396), in UTF-8, not compressed.
fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let headers = request.headers();
    let mut types = headers.get_all(CONTENT_TYPE);
    let given = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = given.split_once(';').unwrap_or((given, ""));
    let utf8 = parameters.trim().is_empty()
        || parameters.trim().eq_ignore_ascii_case("charset=utf-8")
        || parameters.trim().eq_ignore_ascii_case("charset=\"utf-8\"");
    let is = |name: &str| essence.trim().eq_ignore_ascii_case(name);
    let json = is("application/json") || (request.method() == Method::PATCH && is("application/merge-patch+json"));
    if json && utf8 && types.next().is_none() && !headers.contains_key(CONTENT_ENCODING) {
        Ok(())
    } else {
        Err(Problem::new(Code::UnsupportedMediaType))
    }
}

/// What the body will need at most: a body that says that it is too large is not waited for.
fn announced_size(request: &HttpRequest) -> Result<usize, Problem> {
    let header = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match header.map(str::parse::<usize>) {
        None => Ok(BODY_LIMIT),
        Some(Ok(size)) if size <= BODY_LIMIT => Ok(size),
        Some(_) => Err(Problem::new(Code::PayloadTooLarge)),
    }
}

async fn read_in_time(payload: Payload, size: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let read = tokio::time::timeout(BODY_TIMEOUT, read_body(payload, size)).await;
    read.map_err(|_| Problem::new(Code::RequestTimeout))?
}

/// The buffer is as large as it gets from the start: one that grew would leave pieces of a password behind.
async fn read_body(payload: Payload, size: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut payload = pin!(payload);
    let mut body = Zeroizing::new(Vec::with_capacity(size));
    while let Some(chunk) = poll_fn(|cx| payload.as_mut().poll_next(cx)).await {
        let chunk = chunk.map_err(|_| Problem::new(Code::MalformedRequest))?;
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(Problem::new(Code::PayloadTooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| form_or_json(body, || form_problem(&error.path().to_string(), error.inner())))?;
    json.end().map_err(|_| Problem::new(Code::MalformedJson))?;
    // Serde takes an array for a struct, its items for the fields in turn; the contract knows objects only.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed("", "invalid_type"));
    }
    Ok(value)
}

/// What is no JSON at all is told so, whichever member was read first.
fn form_or_json(body: &[u8], form: impl FnOnce() -> Problem) -> Problem {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(_) => form(),
        Err(_) => Problem::new(Code::MalformedJson),
    }
}

/// JSON of another form: which field, and why. Serde's own words are not passed on: they quote the value.
fn form_problem(path: &str, error: &serde_json::Error) -> Problem {
    let words = error.to_string();
    let named = |prefix: &str| words.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    let (field, code) = if let Some(field) = named("missing field `") {
        (field, "required")
    } else if let Some(field) = named("unknown field `") {
        (field, "unknown_field")
    } else if let Some(field) = named("duplicate field `") {
        (field, "duplicate_field")
    } else {
        (if path == "." { "" } else { path }, "invalid_type")
    };
    malformed(field, code)
}

pub(super) fn malformed(field: &str, code: &'static str) -> Problem {
    let field = field.chars().take(64).collect();
    Problem { errors: vec![FieldError { field, code }], ..Problem::new(Code::MalformedRequest) }
}

/// Only the field and the code: the errors of `validator` carry the value, which may be a password.
fn field_errors(errors: &validator::ValidationErrors) -> Problem {
    let mut fields: Vec<FieldError> = errors
        .field_errors()
        .into_iter()
        .filter_map(|(field, errors)| Some((field, errors.first()?)))
        .map(|(field, error)| FieldError { field: field.to_string(), code: stable_code(&error.code) })
        .collect();
    fields.sort_by(|a, b| a.field.cmp(&b.field));
    Problem::invalid(fields)
}

fn stable_code(code: &str) -> &'static str {
    let known = crate::domain::Invalid::ALL.into_iter().map(crate::domain::Invalid::code);
    known.into_iter().find(|known| *known == code).unwrap_or("invalid_format")
}

/// Whose access token came along, if the session is alive.
pub struct Bearer(pub Caller);

/// Whose request it is, found out before the handler was called: of the endpoints for signed-in people the caller, of the others
/// nobody.
pub(super) struct PreAuthenticated(pub Option<Caller>);

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match request.extensions_mut().remove::<PreAuthenticated>() {
            None => {
                let caller = authenticate(request);
                Box::pin(async move { Ok(Self(caller.await?)) })
            }
            Some(PreAuthenticated(Some(caller))) => Box::pin(ready(Ok(Self(caller)))),
            // Its answers would be replayed to whomever.
            Some(PreAuthenticated(None)) => {
                let cause = Some("the route table does not say that this endpoint is for signed-in people".to_owned());
                Box::pin(ready(Err(Problem { cause, ..Problem::new(Code::InternalError) })))
            }
        }
    }
}

pub(super) fn authenticate(request: &HttpRequest) -> impl Future<Output = Result<Caller, Problem>> + use<> {
    let token = bearer_token(request);
    let service = request.app_data::<web::Data<Service>>().cloned();
    async move {
        let token = token?;
        let service = service.ok_or_else(|| Problem::new(Code::InternalError))?;
        Ok(session::authenticate(&service, &token).await?)
    }
}

/// RFC 6750, 2.1; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer_token(request: &HttpRequest) -> Result<String, Problem> {
    let header = request.headers().get(AUTHORIZATION).ok_or_else(|| Problem::new(Code::TokenMissing))?;
    let text = header.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() {
        Ok(token.trim().to_owned())
    } else {
        Err(Problem::new(Code::TokenMissing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    /// Its answers would be kept for anybody.
    #[actix_web::test]
    async fn a_bearer_is_not_taken_where_the_route_is_for_anybody() {
        let request = TestRequest::default().insert_header((AUTHORIZATION, "Bearer token")).to_http_request();
        request.extensions_mut().insert(PreAuthenticated(None));
        let Err(problem) = Bearer::from_request(&request, &mut Payload::None).await else { panic!("taken") };
        assert_eq!(problem.code, Code::InternalError);
    }
}

//! Handler parameters (extractors) with checked content: a JSON body with the documented structure, a signed-in user.

use super::contract::{Body, Contract, Input, schema};
use super::error::{Code, Problem};
use super::field_codes::FieldError;
use crate::domain::session::AccessClaims;
use crate::flows::Service;
use crate::flows::session::{self, Caller};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::{Future, Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::time::Duration;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Maximum size of a body: 16 KiB, about ten times the size of the largest request.
pub const BODY_LIMIT: usize = 16 * 1024;
/// Timeout of a body: 10 s, enough for a phone on a slow network.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// JSON body that has the structure of `T`.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let size = check_media_type(request).and_then(|()| declared_size(request));
        let (method, payload) = (request.method().clone(), payload.take());
        Box::pin(async move {
            let body = read_in_time(payload, size?).await?;
            Ok(Self(parse(&body, &method)?))
        })
    }
}

impl<T: DeserializeOwned + ToSchema + 'static> Input for Json<T> {
    fn describe(contract: &mut Contract) {
        contract.body = Some(Body { schema: schema::<T>, required: true });
    }
}

/// Optional JSON body: `T::default()` if the client has sent none.
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = bytes(&request, payload).await?;
            if body.is_empty() {
                return Ok(Self(T::default()));
            }
            Ok(Self(parse(&body, request.method())?))
        })
    }
}

impl<T: DeserializeOwned + Default + ToSchema + 'static> Input for OptionalJson<T> {
    fn describe(contract: &mut Contract) {
        contract.body = Some(Body { schema: schema::<T>, required: false });
    }
}

/// Returns the bytes of a JSON body, with the same limits and errors as [`Json`]; no bytes if the client has sent none.
/// A chunked body shows only at its end whether it is empty.
pub(super) async fn bytes(request: &HttpRequest, payload: Payload) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let length = request.headers().get(CONTENT_LENGTH).map_or(&b"0"[..], |value| value.as_bytes());
    if length == b"0" && !is_chunked {
        return Ok(Zeroizing::default());
    }
    let media_type = check_media_type(request);
    if !is_chunked {
        media_type.clone()?;
    }
    let body = read_in_time(payload, declared_size(request)?).await?;
    if body.is_empty() { Ok(body) } else { media_type.map(|()| body) }
}

/// Requires exactly one `Content-Type`, `application/json` (for PATCH also a merge patch, RFC 7396), in UTF-8 and not
/// compressed. `utf8` is a common name of UTF-8.
fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let headers = request.headers();
    let mut types = headers.get_all(CONTENT_TYPE);
    let given = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = given.split_once(';').unwrap_or((given, ""));
    let utf8 = ["", "charset=utf-8", "charset=\"utf-8\"", "charset=utf8"];
    let utf8 = utf8.iter().any(|known| parameters.trim().eq_ignore_ascii_case(known));
    let plain = headers.get_all(CONTENT_ENCODING).all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let is = |name: &str| essence.trim().eq_ignore_ascii_case(name);
    let json = is("application/json") || (request.method() == Method::PATCH && is("application/merge-patch+json"));
    if json && utf8 && types.next().is_none() && plain { Ok(()) } else { Err(Problem::new(Code::UnsupportedMediaType)) }
}

/// Returns the size to reserve for the body: its `Content-Length`, or the maximum. A body that is declared as too large
/// is rejected before it is read.
fn declared_size(request: &HttpRequest) -> Result<usize, Problem> {
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

/// Reads into a buffer that has its final size from the start: a buffer that grows would leave parts of a password in
/// memory.
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

fn parse<T: DeserializeOwned>(body: &[u8], method: &Method) -> Result<T, Problem> {
    // Serde also accepts an array for a struct, one item per field; the API accepts objects only.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed_or_not_json(body, || malformed("", "invalid_type")));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| malformed_or_not_json(body, || structure_problem(&error.path().to_string(), error.inner())))?;
    json.end().map_err(|_| Problem::new(Code::MalformedJson))?;
    if method == Method::PATCH { Ok(value) } else { refuse_null(body).map(|()| value) }
}

/// Refuses a null: it means something only in a merge patch. Elsewhere a client that writes it for a value that it
/// has lost would get a success without this value.
fn refuse_null(body: &[u8]) -> Result<(), Problem> {
    // Nearly no body contains the word; only then is it read again.
    if !body.windows(4).any(|word| word == b"null") {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| Problem::new(Code::MalformedJson))?;
    path_of_null(&value, "").map_or(Ok(()), |path| Err(malformed(&path, "invalid_type")))
}

/// Returns the path of the first null.
fn path_of_null(value: &Value, path: &str) -> Option<String> {
    let member = |(name, value): (&String, &Value)| {
        let dot = if path.is_empty() { "" } else { "." };
        path_of_null(value, &format!("{path}{dot}{name}"))
    };
    match value {
        Value::Null => Some(path.to_owned()),
        Value::Object(members) => members.iter().find_map(member),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(i, item)| path_of_null(item, &format!("{path}[{i}]")))
        }
        _ => None,
    }
}

/// Returns `malformed_json` for a body that is not JSON, even if serde has found another problem in an earlier field.
fn malformed_or_not_json(body: &[u8], malformed: impl FnOnce() -> Problem) -> Problem {
    match serde_json::from_slice::<Value>(body) {
        Ok(_) => malformed(),
        Err(_) => Problem::new(Code::MalformedJson),
    }
}

/// Returns the field and the code for JSON of another structure. The error text of serde is not passed on: it quotes
/// the value.
fn structure_problem(path: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let named = |prefix: &str| message.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
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

/// Returns `malformed_request` with one field error.
pub(super) fn malformed(field: &str, code: &'static str) -> Problem {
    let field = field.chars().take(64).collect();
    Problem { errors: vec![FieldError { field, code }], ..Problem::new(Code::MalformedRequest) }
}

/// Valid access token. [`Bearer::caller`] looks its session up.
pub enum Bearer {
    /// The signature was verified before the body was read.
    Verified(AccessClaims),
    /// The session was looked up as well, after the whole body was read.
    Authenticated(Box<Caller>),
}

impl Bearer {
    /// Returns the caller, if the session is active now. A handler has its whole body by then: a session that ended
    /// while the body arrived is refused.
    pub(super) async fn caller(self, service: &Service) -> Result<Caller, Problem> {
        match self {
            Self::Verified(claims) => Ok(session::authenticate(service, &claims).await?),
            Self::Authenticated(caller) => Ok(*caller),
        }
    }
}

/// Result of an authentication before the handler.
pub(super) struct PreAuthenticated(pub Caller);

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.extensions_mut().remove::<PreAuthenticated>() {
            None => claims(request).map(Self::Verified),
            Some(PreAuthenticated(caller)) => Ok(Self::Authenticated(Box::new(caller))),
        })
    }
}

impl Input for Bearer {
    fn describe(contract: &mut Contract) {
        contract.bearer = true;
    }
}

/// Verifies the access token of the request, without its session.
pub(super) fn claims(request: &HttpRequest) -> Result<AccessClaims, Problem> {
    let token = bearer_token(request)?;
    let service = request.app_data::<web::Data<Service>>().ok_or_else(|| Problem::internal("no service"))?;
    Ok(session::verify(service, &token)?)
}

/// Returns the bearer token (RFC 6750, 2.1). The scheme is case-insensitive (RFC 9110, 11.1).
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

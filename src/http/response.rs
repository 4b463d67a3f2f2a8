//! Responses of handlers that succeed.

use super::contract::{Contract, Output, Success, schema};
use crate::domain::session::Generation;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// JSON response.
pub(super) struct Reply<T, const STATUS: u16 = 200> {
    body: T,
    issued: Option<Generation>,
}

/// Response without a body.
pub(super) struct NoContent;

/// Extension of a response that contains the tokens of this generation.
#[derive(Clone, Copy)]
pub(super) struct IssuedTokens(pub Generation);

impl<T, const STATUS: u16> Reply<T, STATUS> {
    pub fn new(body: impl Into<T>) -> Self {
        Self { body: body.into(), issued: None }
    }

    /// Returns a response that contains the tokens of this generation. A stored copy of it is replayed only until they
    /// are used.
    pub fn with_tokens(body: impl Into<T>, issued: Generation) -> Self {
        Self { body: body.into(), issued: Some(issued) }
    }
}

impl<T: Serialize, const STATUS: u16> Responder for Reply<T, STATUS> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(STATUS).unwrap_or_default()).json(self.body);
        if let Some(issued) = self.issued {
            response.extensions_mut().insert(IssuedTokens(issued));
        }
        response
    }
}

impl<T: Serialize + ToSchema + 'static, const STATUS: u16> Output for Reply<T, STATUS> {
    fn describe(contract: &mut Contract) {
        let content = vec![("application/json", Some(schema::<T> as _))];
        contract.success = Success { status: STATUS, content, headers: &[] };
    }
}

impl Responder for NoContent {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

impl Output for NoContent {
    fn describe(contract: &mut Contract) {
        contract.success.status = 204;
    }
}

/// Returns whole seconds, rounded up, so that a client that waits this long does not come back too early.
pub(super) fn seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_millis(59_001)), 60);
        assert_eq!(seconds(Duration::from_secs(60)), 60);
    }
}

//! Parts that every JSON response shares.

use crate::domain::session::Generation;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use std::time::Duration;

/// Extension of a response that contains the tokens of this generation.
#[derive(Clone, Copy)]
pub(super) struct IssuedTokens(pub Generation);

/// Returns a JSON response.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    HttpResponse::build(status).json(body)
}

/// Returns a JSON response that contains the tokens of this generation. A stored copy of it is replayed only until they
/// are used.
pub(super) fn json_with_tokens<T: Serialize>(status: StatusCode, body: &T, issued: Generation) -> HttpResponse {
    let mut response = json(status, body);
    response.extensions_mut().insert(IssuedTokens(issued));
    response
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

//! Cross-origin requests of browsers (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use crate::domain::cors::{AllowedOrigins, Origin};
use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::middleware::Condition;

/// Request headers of the API that a browser does not allow by itself.
const REQUEST_HEADERS: [&str; 5] = ["authorization", "content-type", "accept-language", "dpop", "idempotency-key"];
/// Response headers of the API that a page could not read otherwise.
const RESPONSE_HEADERS: [&str; 8] = [
    "retry-after",
    "age",
    "dpop-nonce",
    "idempotency-replayed",
    "x-request-id",
    "captcha-id",
    "captcha-expires-in",
    "content-language",
];
/// Time for which a browser may remember the response to a preflight request: two hours, the most that Chromium allows
/// (<https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age>).
const MAX_AGE_SECONDS: usize = 7_200;

/// Middleware that responds to preflight requests, and allows pages of these origins to read all responses, also
/// errors. It is the outermost: a preflight request is not a request to the API, and is neither counted nor logged.
#[must_use]
pub fn cors(origins: &AllowedOrigins) -> Condition<Cors> {
    let cors = match origins {
        AllowedOrigins::None => return Condition::new(false, Cors::default()),
        AllowedOrigins::Any => Cors::default().allow_any_origin().send_wildcard(),
        AllowedOrigins::Only(origins) => origins.iter().map(Origin::as_str).fold(Cors::default(), Cors::allowed_origin),
    };
    let cors = cors
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers(REQUEST_HEADERS)
        .expose_headers(RESPONSE_HEADERS)
        .max_age(MAX_AGE_SECONDS);
    Condition::new(true, cors)
}

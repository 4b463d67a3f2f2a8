//! Security headers of the pages.

use crate::http::served::Headers;

macro_rules! headers {
    ($policy:expr) => {
        &[
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("vary", "Accept-Encoding, Accept-Language"),
            ("content-security-policy", $policy),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
        ]
    };
}

/// Headers of the demo and of the page for account deletion. A captcha is a `data:` URL.
pub(super) const PAGE: Headers = headers!(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' data:; \
     connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
);

/// Headers of the viewer of the OpenAPI document. It shows pictures and sounds of responses as `blob:` URLs.
pub(super) const DOCS: Headers = headers!(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     media-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
);

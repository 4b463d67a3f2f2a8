//! Response with a document that does not change while the process runs: compressed once, with an `ETag`.

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use actix_web::web::Bytes;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};

/// Document in both encodings.
pub(super) struct Served {
    plain: Bytes,
    gzip: Bytes,
    plain_tag: String,
    gzip_tag: String,
    headers: Headers,
}

/// Names and values of headers. `Vary` must name `Accept-Encoding`.
pub(super) type Headers = &'static [(&'static str, &'static str)];

impl Served {
    /// Compresses the document, which takes some milliseconds.
    pub(super) fn new(plain: impl Into<Bytes>, headers: Headers) -> io::Result<Self> {
        let plain = plain.into();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&plain)?;
        let gzip = encoder.finish()?;
        let hash = BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, &plain).as_ref()[..12]);
        // The bytes of both encodings differ, and so do their strong tags (RFC 9110, 8.8.3.3).
        let (plain_tag, gzip_tag) = (format!("\"{hash}\""), format!("\"{hash}-gzip\""));
        Ok(Self { plain, gzip: gzip.into(), plain_tag, gzip_tag, headers })
    }

    /// Response to a request with these headers. A client that has this version gets 304 without a body.
    pub(super) fn response(&self, request: &HeaderMap) -> HttpResponse {
        let gzip = accepts_gzip(request);
        let (body, tag) = if gzip { (&self.gzip, &self.gzip_tag) } else { (&self.plain, &self.plain_tag) };
        let known = names_tag(request, tag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        for header in self.headers {
            response.insert_header(*header);
        }
        response.insert_header((ETAG, tag.as_str()));
        if known {
            return response.finish();
        }
        if gzip {
            response.insert_header((CONTENT_ENCODING, "gzip"));
        }
        response.body(body.clone())
    }
}

/// Tells whether `Accept-Encoding` names gzip, or any encoding, and does not exclude it (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let weight = |name: &str| {
        let item = items(headers.get_all(ACCEPT_ENCODING)).into_iter().find_map(|item| {
            let (coding, weight) = item.split_once(';').unwrap_or((&item, ""));
            coding.trim().eq_ignore_ascii_case(name).then(|| weight.replace(' ', "").to_ascii_lowercase())
        })?;
        Some(item.strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0)))
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight: f32| weight > 0.0)
}

/// Tells whether `If-None-Match` names this tag, or any; the comparison is weak (RFC 9110, 13.1.2).
fn names_tag(headers: &HeaderMap, tag: &str) -> bool {
    items(headers.get_all(IF_NONE_MATCH)).iter().any(|item| item == "*" || item.trim_start_matches("W/") == tag)
}

/// Items of a list that may fill several header lines.
fn items<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> Vec<String> {
    let texts = lines.filter_map(|line| line.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(|item| item.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_where_it_is_accepted() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts_gzip(&headers)
        };
        for value in ["gzip", "br, gzip;q=0.5", "GZIP", "*", "identity;q=0.5, *;q=0.1", "gzip; q=1"] {
            assert!(accepts(value), "{value}");
        }
        for value in ["", "br", "gzip;q=0", "gzip; q=0.0, *", "identity", "*;q=0", "x-gzip-like"] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}

//! Parts that the signatures of several providers have in common.

use aws_lc_rs::{digest, hmac};

/// HMAC-SHA-256.
pub(super) fn mac(key: &[u8], data: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data)
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256, in lower-case hexadecimal.
pub(super) fn sha256(data: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, data).as_ref())
}

/// Returns the canonical request: method, path, query, headers, names of the headers, and the hash of the body. Both
/// Chinese clouds use this format, which comes from AWS. The headers MUST have lower-case names in alphabetical order.
pub(super) fn canonical_request(path: &str, query: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    format!("POST\n{path}\n{query}\n{lines}\n{}\n{}", names(headers), sha256(body))
}

/// Returns the names of the headers: `host;x-acs-action;…`
pub(super) fn names(headers: &[(&str, &str)]) -> String {
    headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
}

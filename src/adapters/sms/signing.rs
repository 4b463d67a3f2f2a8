//! The parts that several providers' signatures are made of.

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

/// What AWS made and both Chinese clouds took over: method, path, query, headers, their names, and the hash of the body. The headers
/// have lower-case names, in order.
pub(super) fn canonical_request(path: &str, query: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    format!("POST\n{path}\n{query}\n{lines}\n{}\n{}", names(headers), sha256(body))
}

/// `host;x-acs-action;…`
pub(super) fn names(headers: &[(&str, &str)]) -> String {
    headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
}

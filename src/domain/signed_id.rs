//! Text that contains an id and proves that the service issued it: `id.mac`, in base64url.

use super::Invalid;
use aws_lc_rs::{constant_time, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Length: 22 characters of the id, a dot, 43 of the MAC.
pub(super) const LENGTH: usize = 66;

pub(super) fn issue(key: &hmac::Key, id: Uuid) -> String {
    let id = BASE64_URL_SAFE_NO_PAD.encode(id.as_bytes());
    let mac = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(key, id.as_bytes()));
    format!("{id}.{mac}")
}

/// Compares in constant time.
pub(super) fn open(key: &hmac::Key, text: &str) -> Result<Uuid, Invalid> {
    if text.len() != LENGTH {
        return Err(Invalid::Format);
    }
    let (id, _) = text.split_once('.').ok_or(Invalid::Format)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).map_err(|_| Invalid::Format)?;
    let id = Uuid::from_slice(&bytes).map_err(|_| Invalid::Format)?;
    constant_time::verify_slices_are_equal(issue(key, id).as_bytes(), text.as_bytes()).map_err(|_| Invalid::Format)?;
    Ok(id)
}

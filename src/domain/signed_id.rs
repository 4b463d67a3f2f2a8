//! Text that contains an id and proves that the service issued it: `id.mac`, in base64url.

use super::Invalid;
use super::ring::Ring;
use aws_lc_rs::{constant_time, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Length: 22 characters of the id, a dot, 43 of the MAC.
pub(super) const LENGTH: usize = 66;

pub(super) fn issue(keys: &Ring, id: Uuid) -> String {
    let id = encoded(id);
    with_mac(&id, keys.sign(id.as_bytes()))
}

fn encoded(id: Uuid) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// Appends the MAC, which is of the encoded id.
fn with_mac(id: &str, mac: hmac::Tag) -> String {
    format!("{id}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))
}

/// Compares in constant time.
pub(super) fn open(keys: &Ring, text: &str) -> Result<Uuid, Invalid> {
    if text.len() != LENGTH {
        return Err(Invalid::Format);
    }
    let (id, _) = text.split_once('.').ok_or(Invalid::Format)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).map_err(|_| Invalid::Format)?;
    let id = Uuid::from_slice(&bytes).map_err(|_| Invalid::Format)?;
    let encoded = encoded(id);
    let is_issued = keys
        .tags(encoded.as_bytes())
        .any(|mac| constant_time::verify_slices_are_equal(with_mac(&encoded, mac).as_bytes(), text.as_bytes()).is_ok());
    if is_issued { Ok(id) } else { Err(Invalid::Format) }
}

//! Text that contains an id and proves that the service issued it: `id.mac`, in base64url.

use super::Invalid;
use super::ring::Ring;
use aws_lc_rs::{constant_time, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Length: 22 characters of the id, a dot, 43 of the MAC.
pub(super) const LENGTH: usize = 66;

pub(super) fn issue(keys: &Ring, id: Uuid) -> String {
    with_mac(id, keys.sign(id.as_bytes()))
}

fn with_mac(id: Uuid, mac: hmac::Tag) -> String {
    let [id, mac] = [id.as_bytes(), mac.as_ref()].map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    format!("{id}.{mac}")
}

/// Compares in constant time.
pub(super) fn open(keys: &Ring, text: &str) -> Result<Uuid, Invalid> {
    if text.len() != LENGTH {
        return Err(Invalid::Format);
    }
    let (id, _) = text.split_once('.').ok_or(Invalid::Format)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).map_err(|_| Invalid::Format)?;
    let id = Uuid::from_slice(&bytes).map_err(|_| Invalid::Format)?;
    let is_issued = keys
        .tags(id.as_bytes())
        .any(|mac| constant_time::verify_slices_are_equal(with_mac(id, mac).as_bytes(), text.as_bytes()).is_ok());
    if is_issued { Ok(id) } else { Err(Invalid::Format) }
}

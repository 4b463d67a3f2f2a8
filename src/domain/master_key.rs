//! Master keys: the entries of `SECRET_KEY`.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use std::fmt;

/// 32 bytes, from which all keys except the signing keys are derived. The order is the age: see [`MasterKey::new`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MasterKey([u8; 32]);

/// Short name of a master key, which may be published: it is derived from the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; KeyId::BYTES]);

impl KeyId {
    pub const BYTES: usize = 4;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl MasterKey {
    /// First bytes of a key that contains the time of its creation. A random key begins so once in 65,536.
    const DATED: [u8; 2] = [0xff; 2];

    /// Creates a key from a time and random bytes: 2 bytes `ff`, 6 bytes of the time in milliseconds, 24 random bytes.
    /// The greater of two keys is therefore the newer one, and newer than every key without a time.
    #[must_use]
    pub fn new(now: DateTime<Utc>, random: [u8; 24]) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&now.timestamp_millis().to_be_bytes());
        bytes[..2].copy_from_slice(&Self::DATED);
        bytes[8..].copy_from_slice(&random);
        Self(bytes)
    }

    /// Reads base64url. Rejects bytes that are obviously not random.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('=');
        let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        looks_random(&bytes).then_some(Self(bytes))
    }

    /// Returns the text form, for the operator only.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns whether the key contains the time of its creation.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.0.starts_with(&Self::DATED)
    }

    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut id = [0; KeyId::BYTES];
        id.copy_from_slice(&self.expand("doorstep key id").as_ref()[..KeyId::BYTES]);
        KeyId(id)
    }

    /// Derives the key of one use.
    pub(super) fn derive(&self, label: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.expand(label).as_ref())
    }

    /// HKDF-Expand (RFC 5869) with one block: HMAC-SHA-256 of a label under the master key, which is random already.
    fn expand(&self, label: &str) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        hmac::sign(&key, &[label.as_bytes(), &[1]].concat())
    }
}

impl From<[u8; 32]> for MasterKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Tells whether nothing shows that a person or a loop has made the bytes. The test finds the following:
///
/// - few different values, such as one byte repeated: 32 random bytes have 15 or fewer different values about once in
///   10^13 draws;
/// - text, such as a passphrase: all bytes are printable ASCII characters about once in 10^14 draws;
/// - sequences and repeated blocks: at some distance from 1 to 16, most steps from byte to byte are alike. Half of the
///   steps or fewer are different about once in 10^9 draws.
fn looks_random(bytes: &[u8; 32]) -> bool {
    let different = |values: &mut dyn Iterator<Item = u8>| values.collect::<HashSet<_>>().len();
    let has_pattern = (1..=16).any(|distance| {
        let mut steps = bytes.iter().zip(&bytes[distance..]).map(|(from, to)| to.wrapping_sub(*from));
        different(&mut steps) <= (32 - distance) / 2
    });
    let is_text = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    different(&mut bytes.iter().copied()) > 15 && !is_text && !has_pattern
}

/// Prints the id.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id())
    }
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use super::*;
    use aws_lc_rs::digest;
    use std::array;

    #[test]
    fn bytes_with_a_pattern_are_rejected() {
        let block: [u8; 16] = array::from_fn(|at| digest::digest(&digest::SHA256, b"block").as_ref()[at]);
        let patterns: [[u8; 32]; 10] = [
            [0; 32],
            array::from_fn(|at| at as u8),
            array::from_fn(|at| 255 - at as u8),
            array::from_fn(|at| (at as u8).wrapping_mul(7).wrapping_add(3)),
            // Numbers of two bytes: 0, 1, 2 …
            array::from_fn(|at| if at % 2 == 0 { 0 } else { at as u8 / 2 }),
            // Two interleaved sequences.
            array::from_fn(|at| if at % 2 == 0 { at as u8 } else { 200 - at as u8 }),
            array::from_fn(|at| block[at % 16]),
            array::from_fn(|at| block[at % 4].wrapping_add(at as u8 / 4)),
            *b"correct horse battery staple 123",
            *b"0123456789abcdef0123456789ABCDEF",
        ];
        for bytes in patterns {
            assert!(!looks_random(&bytes), "{bytes:?}");
        }
    }

    #[test]
    fn random_bytes_are_accepted() {
        for n in 0..5_000_u32 {
            let bytes: [u8; 32] = digest::digest(&digest::SHA256, &n.to_le_bytes()).as_ref().try_into().unwrap();
            assert!(looks_random(&bytes), "{n}");
        }
    }

    #[test]
    fn a_key_is_32_bytes_in_base64url() {
        let key = |text: &str| MasterKey::parse(text).map(|key| key.0.len());
        assert_eq!(key("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"), Some(32));
        assert_eq!(key(" n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg=\n"), Some(32));
        assert_eq!(key("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg"), None);
        assert_eq!(key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), None);
    }

    /// Different keys, created one millisecond after the other.
    pub(in crate::domain) fn created(n: u32) -> MasterKey {
        let now: DateTime<Utc> = "2026-11-30T12:00:00Z".parse().unwrap();
        let random = digest::digest(&digest::SHA256, &n.to_le_bytes());
        MasterKey::new(now + chrono::TimeDelta::milliseconds(n.into()), random.as_ref()[..24].try_into().unwrap())
    }

    #[test]
    fn a_created_key_is_accepted_and_newer_than_every_earlier_one() {
        let undated = MasterKey::parse("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg").unwrap();
        assert!(!undated.is_dated() && undated < created(0));
        for n in 0..5_000 {
            assert_eq!(MasterKey::parse(&created(n).expose()), Some(created(n)));
            assert!(created(n).is_dated() && created(n) < created(n + 1));
        }
    }
}

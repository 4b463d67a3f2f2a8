//! The master key: `SECRET_KEY`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashSet;
use std::fmt;

/// 32 random bytes, from which all keys except the signing keys are derived.
pub struct MasterKey(pub [u8; 32]);

impl MasterKey {
    /// Reads base64url. Rejects bytes that are obviously not random.
    #[must_use]
    pub fn parse(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret().trim().trim_end_matches('=');
        let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        looks_random(&bytes).then_some(Self(bytes))
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

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

#[cfg(test)]
mod tests {
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
        let key = |text: &str| MasterKey::parse(&SecretString::from(text)).map(|key| key.0.len());
        assert_eq!(key("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"), Some(32));
        assert_eq!(key(" n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg=\n"), Some(32));
        assert_eq!(key("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg"), None);
        assert_eq!(key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), None);
    }
}

//! Proof of work: a number that is slow to find and fast to check. The method is Hashcash with SHA-256.
//!
//! The service signs a challenge and stores it nowhere. A challenge consists of 1 byte version, 1 byte bits, 8 bytes
//! expiry (Unix time in milliseconds), 16 random bytes, and the first 16 bytes of the HMAC-SHA-256 over these bytes.
//! Its text form is base64url, 56 characters.

use super::Invalid;
use super::ring::Ring;
use aws_lc_rs::{constant_time, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use std::time::Duration;

const VERSION: u8 = 1;
const BYTES: usize = 42;
/// Number of signed bytes. The signature follows them.
const SIGNED: usize = 26;
/// Position of the random bytes.
const RANDOM: usize = 10;

/// Task for a client: random bytes and a number of zero bits. The signature is not yet verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge([u8; BYTES]);

impl Challenge {
    /// Length of the text form.
    pub const LENGTH: usize = 56;
    /// 120 s. At a million hashes per second, 2^26 hashes take about a minute.
    pub const LIFE: Duration = Duration::from_secs(120);

    #[must_use]
    pub fn new(keys: &Ring, bits: u8, now: DateTime<Utc>, random: [u8; 16]) -> Self {
        let mut bytes = [0; BYTES];
        let expires = (now + Self::LIFE).timestamp_millis();
        bytes[0] = VERSION;
        bytes[1] = bits;
        bytes[2..RANDOM].copy_from_slice(&expires.to_be_bytes());
        bytes[RANDOM..SIGNED].copy_from_slice(&random);
        let tag = keys.sign(&bytes[..SIGNED]);
        bytes[SIGNED..].copy_from_slice(&tag.as_ref()[..BYTES - SIGNED]);
        Self(bytes)
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; BYTES];
        if text.len() != Self::LENGTH {
            return Err(Invalid::Format);
        }
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(BYTES) => Ok(Self(bytes)),
            _ => Err(Invalid::Format),
        }
    }

    #[must_use]
    pub fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Number of zero bits with which the hash must begin.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        self.0[1]
    }

    fn is_signed_with(&self, keys: &Ring) -> bool {
        let (message, given) = self.0.split_at(SIGNED);
        let mut tags = keys.tags(message);
        let same = tags.any(|tag| constant_time::verify_slices_are_equal(&tag.as_ref()[..given.len()], given).is_ok());
        same && self.0[0] == VERSION
    }

    fn is_expired(&self, now: DateTime<Utc>) -> bool {
        let mut expires = [0; 8];
        expires.copy_from_slice(&self.0[2..RANDOM]);
        now.timestamp_millis() >= i64::from_be_bytes(expires)
    }

    /// Name under which staging stores a used challenge.
    fn id(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.0[RANDOM..SIGNED])
    }
}

/// Number that a client found: 1 to 20 decimal digits. A 64-bit counter has at most 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Maximum number of digits.
    pub const LONGEST: usize = 20;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.len() {
            0 => Err(Invalid::TooShort),
            n if n > Self::LONGEST => Err(Invalid::TooLong),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Self(text.to_owned())),
            _ => Err(Invalid::Format),
        }
    }
}

/// Challenge, and the nonce that the client found for it. Not yet checked.
#[derive(Debug, Clone)]
pub struct Proof {
    pub challenge: Challenge,
    pub nonce: Nonce,
}

impl Proof {
    /// Returns the ID of the challenge, which the caller must accept only once. Returns `None` if the signature is
    /// wrong, the challenge has expired, or the hash has too few zero bits. The challenge contains the number of bits,
    /// so that a change of the setting affects no challenge in progress. Costs two hashes of two blocks each.
    #[must_use]
    pub fn check(&self, keys: &Ring, now: DateTime<Utc>) -> Option<String> {
        let valid = self.challenge.is_signed_with(keys) && !self.challenge.is_expired(now) && self.is_solved();
        valid.then(|| self.challenge.id())
    }

    /// Tells whether the SHA-256 of the challenge's text, a colon and the digits begins with enough zero bits.
    fn is_solved(&self) -> bool {
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in [&self.challenge.text(), ":", &self.nonce.0] {
            hash.update(part.as_bytes());
        }
        leading_zeros(hash.finish().as_ref()) >= u32::from(self.challenge.bits())
    }
}

fn leading_zeros(bytes: &[u8]) -> u32 {
    let mut zeros = 0;
    for byte in bytes {
        zeros += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Keys;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_000_000_000).unwrap()
    }

    fn key(n: u8) -> Ring {
        Keys::derive(&[n; 32]).proof
    }

    fn challenge(bits: u8) -> Challenge {
        Challenge::new(&key(1), bits, now(), [7; 16])
    }

    fn solve(challenge: Challenge) -> Proof {
        let proof = |n: u64| Proof { challenge, nonce: Nonce::parse(&n.to_string()).unwrap() };
        (0..).map(proof).find(Proof::is_solved).unwrap()
    }

    #[test]
    fn a_proof_is_valid_until_its_challenge_expires() {
        let proof = solve(challenge(10));
        assert!(proof.check(&key(1), now()).is_some());
        assert!(proof.check(&key(1), now() + Challenge::LIFE - Duration::from_millis(1)).is_some());
        assert_eq!(proof.check(&key(1), now() + Challenge::LIFE), None);
        assert_eq!(proof.check(&key(2), now()), None);
    }

    #[test]
    fn a_proof_with_too_few_zero_bits_is_invalid() {
        let proof = |n: u64| Proof { challenge: challenge(10), nonce: Nonce::parse(&n.to_string()).unwrap() };
        let unsolved = (0..).map(proof).find(|proof| !proof.is_solved()).unwrap();
        assert_eq!(unsolved.check(&key(1), now()), None);
    }

    /// A challenge with fewer bits or a later expiry needs a new signature.
    #[test]
    fn no_bit_of_a_challenge_can_be_changed() {
        for bit in 0..BYTES * 8 {
            let mut forged = challenge(0);
            forged.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!forged.is_signed_with(&key(1)), "bit {bit}");
        }
        assert!(challenge(0).is_signed_with(&key(1)));
    }

    #[test]
    fn each_challenge_has_one_text_form_and_its_own_id() {
        let (one, other) = (challenge(18), Challenge::new(&key(1), 18, now(), [8; 16]));
        assert_eq!((one.text().len(), one.bits()), (Challenge::LENGTH, 18));
        assert_eq!(Challenge::parse(&one.text()), Ok(one));
        assert_ne!(one.id(), other.id());
        for text in ["", "short", &"=".repeat(56), &"é".repeat(28), &"A".repeat(55), &"A".repeat(10_000)] {
            assert_eq!(Challenge::parse(text), Err(Invalid::Format), "{text}");
        }
    }

    #[test]
    fn a_nonce_has_1_to_20_digits() {
        for text in ["0", "007", "18446744073709551615"] {
            assert!(Nonce::parse(text).is_ok(), "{text}");
        }
        for text in ["", "-1", "1e5", " 1", "１", "0x1", "184467440737095516150"] {
            assert!(Nonce::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn leading_zero_bits_are_counted() {
        assert_eq!(leading_zeros(&[0x80, 0]), 0);
        assert_eq!(leading_zeros(&[0, 0x1f, 0]), 11);
        assert_eq!(leading_zeros(&[0, 0]), 16);
    }
}

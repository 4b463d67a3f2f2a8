//! The client's only handle on a flow.
//!
//! A ticket is 16 bytes that name the phone (a keyed hash, the [`PhoneHash`]) and 32 random bytes, base64url, 64
//! characters. The random part is the secret. The subject travels in it so that one staging operation can touch the
//! flow and the counters of its phone together, in one Redis Cluster slot, without reading anything first.

use super::{Invalid, phone::Phone};
use aws_lc_rs::{digest, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;

/// A keyed hash of a phone number: what counters are filed under, so that staging does not list who signs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhoneHash([u8; 16]);

impl PhoneHash {
    #[must_use]
    pub fn of(phone: &Phone, key: &hmac::Key) -> Self {
        let mut subject = [0; 16];
        subject.copy_from_slice(&hmac::sign(key, phone.e164().as_bytes()).as_ref()[..16]);
        Self(subject)
    }

    #[must_use]
    pub fn encoded(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// A bearer secret: whoever holds it goes on with the flow. It travels in bodies, never in an URL or a log.
#[derive(Clone)]
pub struct Ticket([u8; Self::BYTES]);

impl Ticket {
    const BYTES: usize = 48;
    /// Length of the text form.
    pub const LENGTH: usize = 64;

    #[must_use]
    pub fn new(subject: PhoneHash, random: [u8; 32]) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&subject.0);
        bytes[16..].copy_from_slice(&random);
        Self(bytes)
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; Self::BYTES];
        if text.len() != Self::LENGTH {
            return Err(Invalid::Format);
        }
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(Self::BYTES) => Ok(Self(bytes)),
            _ => Err(Invalid::Format),
        }
    }

    /// For the client that the flow belongs to.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The phone that it is for.
    #[must_use]
    pub fn subject(&self) -> PhoneHash {
        let mut subject = [0; 16];
        subject.copy_from_slice(&self.0[..16]);
        PhoneHash(subject)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Where the flow is filed: a thief of the staging store cannot turn it back into a ticket.
    #[must_use]
    pub fn flow_key(&self) -> FlowKey {
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, &self.0).as_ref());
        FlowKey { subject: self.subject(), digest }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// A flow's place in staging: the SHA-256 of its ticket, beside the counters of its phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    pub subject: PhoneHash,
    digest: [u8; 32],
}

impl FlowKey {
    #[must_use]
    pub fn encoded(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket::new(PhoneHash([1; 16]), [2; 32])
    }

    #[test]
    fn survives_its_text_form() {
        let text = ticket().expose();
        assert_eq!(text.len(), Ticket::LENGTH);
        assert_eq!(Ticket::parse(&text).unwrap().flow_key(), ticket().flow_key());
    }

    #[test]
    fn another_subject_is_another_flow() {
        let forged = Ticket::new(PhoneHash([9; 16]), [2; 32]);
        assert_ne!(forged.flow_key().encoded(), ticket().flow_key().encoded());
    }

    #[test]
    fn refuses_other_shapes() {
        for text in ["", "x", &"=".repeat(64), &"A".repeat(63), &"A".repeat(65), &"é".repeat(32), &"A".repeat(10_000)]
        {
            assert!(Ticket::parse(text).is_err());
        }
    }

    #[test]
    fn never_prints() {
        assert_eq!(format!("{:?}", ticket()), "Ticket(..)");
    }
}

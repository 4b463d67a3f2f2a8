//! Tickets: the only handle of a client on a flow.
//!
//! A ticket consists of the [`PhoneHash`] (16 bytes), 28 random bytes and the [`KeyId`] (4 bytes), in base64url: 64
//! characters. The random part is the secret. The ticket contains the phone hash so that one staging operation can
//! change the flow and the counters of its phone together, in one Redis Cluster slot, without a read before. It names
//! the master key of the flow, so that every replica derives the same code while the keys change.

use super::{Invalid, device::DeviceId, master_key::KeyId, phone::Phone};
use aws_lc_rs::{digest, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;

/// Keyed hash of a phone number, or of a device and a phone number. Staging stores the counters of the flow under it,
/// and so contains no list of phone numbers. The first two bits are the [`Subject`]: a ticket alone says which limits
/// apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhoneHash([u8; 16]);

/// Subject of the limits of a flow. Strangers use up the limits of a phone, and not those of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Phone,
    /// Known device of the account with the phone.
    KnownDevice,
    /// New device, on which the password of the account was right.
    NewDevice,
}

impl Subject {
    const fn bits(self) -> u8 {
        match self {
            Self::Phone => 0b0000_0000,
            Self::KnownDevice => 0b1000_0000,
            Self::NewDevice => 0b1100_0000,
        }
    }
}

const SUBJECT_BITS: u8 = 0b1100_0000;

impl PhoneHash {
    #[must_use]
    pub fn of(phone: &Phone, key: &hmac::Key) -> Self {
        Self::new(Subject::Phone, phone.e164(), key)
    }

    /// Hash of a known device of the account with this phone.
    #[must_use]
    pub fn of_device(device: DeviceId, phone: &Phone, key: &hmac::Key) -> Self {
        Self::new(Subject::KnownDevice, &format!("{} {}", device.0, phone.e164()), key)
    }

    /// Hash of all new devices of the account with this phone.
    #[must_use]
    pub fn of_new_device(phone: &Phone, key: &hmac::Key) -> Self {
        Self::new(Subject::NewDevice, &format!("new {}", phone.e164()), key)
    }

    fn new(subject: Subject, text: &str, key: &hmac::Key) -> Self {
        let mut hash = [0; 16];
        hash.copy_from_slice(&hmac::sign(key, text.as_bytes()).as_ref()[..16]);
        hash[0] = (hash[0] & !SUBJECT_BITS) | subject.bits();
        Self(hash)
    }

    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self.0[0] & SUBJECT_BITS {
            0b1000_0000 => Subject::KnownDevice,
            0b1100_0000 => Subject::NewDevice,
            _ => Subject::Phone,
        }
    }

    #[must_use]
    pub fn encoded(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// Bearer secret: its holder can continue the flow. It is sent in bodies only, never in a URL, and is never logged.
#[derive(Clone)]
pub struct Ticket([u8; Self::BYTES]);

impl Ticket {
    const BYTES: usize = 48;
    /// Length of the text form.
    pub const LENGTH: usize = 64;

    /// Position of the key id.
    const KEY_ID: usize = Self::BYTES - KeyId::BYTES;

    #[must_use]
    pub fn new(phone_hash: PhoneHash, key: KeyId, random: [u8; 28]) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&phone_hash.0);
        bytes[16..Self::KEY_ID].copy_from_slice(&random);
        bytes[Self::KEY_ID..].copy_from_slice(&key.0);
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

    /// Returns the text form, for the client of the flow only.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Hash of the phone of the flow.
    #[must_use]
    pub fn phone_hash(&self) -> PhoneHash {
        let mut hash = [0; 16];
        hash.copy_from_slice(&self.0[..16]);
        PhoneHash(hash)
    }

    /// Master key of the flow. Another id is another ticket, which has no flow.
    pub(super) fn key_id(&self) -> KeyId {
        let mut id = [0; KeyId::BYTES];
        id.copy_from_slice(&self.0[Self::KEY_ID..]);
        KeyId(id)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the key of the flow in staging. A thief of the staging data cannot compute the ticket from it.
    #[must_use]
    pub fn flow_key(&self) -> FlowKey {
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, &self.0).as_ref());
        FlowKey { phone_hash: self.phone_hash(), digest }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// Key of a flow in staging: the SHA-256 of its ticket. The phone hash places the flow beside the counters of its
/// phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    pub phone_hash: PhoneHash,
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
    use uuid::Uuid;

    fn ticket() -> Ticket {
        Ticket::new(PhoneHash([1; 16]), KeyId([3; 4]), [2; 28])
    }

    #[test]
    fn a_ticket_is_read_back_from_its_text_form() {
        let text = ticket().expose();
        assert_eq!(text.len(), Ticket::LENGTH);
        let parsed = Ticket::parse(&text).unwrap();
        assert_eq!((parsed.flow_key(), parsed.key_id()), (ticket().flow_key(), KeyId([3; 4])));
    }

    #[test]
    fn another_phone_hash_or_key_is_another_flow() {
        for (hash, key) in [(9, 3), (1, 9)] {
            let forged = Ticket::new(PhoneHash([hash; 16]), KeyId([key; 4]), [2; 28]);
            assert_ne!(forged.flow_key().encoded(), ticket().flow_key().encoded());
        }
    }

    #[test]
    fn a_ticket_contains_the_subject_of_its_limits() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
        for n in 0..32 {
            let (phone, device) = (Phone::from_stored(format!("+86138001380{n:02}")).unwrap(), DeviceId(Uuid::nil()));
            for (hash, subject) in [
                (PhoneHash::of(&phone, &key), Subject::Phone),
                (PhoneHash::of_device(device, &phone, &key), Subject::KnownDevice),
                (PhoneHash::of_new_device(&phone, &key), Subject::NewDevice),
            ] {
                assert_eq!(Ticket::new(hash, KeyId([3; 4]), [2; 28]).phone_hash().subject(), subject);
            }
        }
    }

    #[test]
    fn malformed_tickets_are_rejected() {
        for text in ["", "x", &"=".repeat(64), &"A".repeat(63), &"A".repeat(65), &"é".repeat(32), &"A".repeat(10_000)]
        {
            assert!(Ticket::parse(text).is_err());
        }
    }

    #[test]
    fn a_ticket_is_never_printed() {
        assert_eq!(format!("{:?}", ticket()), "Ticket(..)");
    }
}

//! Keys of one use that can be changed.

use super::master_keys::MasterKeys;
use aws_lc_rs::hmac;

/// Keys of one use: the first makes values, and all check them.
pub struct Ring {
    first: hmac::Key,
    others: Vec<hmac::Key>,
}

impl Ring {
    #[must_use]
    pub(super) fn derive(masters: &MasterKeys, label: &str) -> Self {
        let (first, others) = (masters.first(), masters.iter().skip(1));
        Self { first: first.derive(label), others: others.map(|master| master.derive(label)).collect() }
    }

    /// Key that makes new values.
    #[must_use]
    pub const fn first(&self) -> &hmac::Key {
        &self.first
    }

    /// All keys, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = &hmac::Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Signs a message for a new value.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.first, message)
    }

    /// Computes the tags that a valid value can have.
    pub fn tags(&self, message: &[u8]) -> impl Iterator<Item = hmac::Tag> {
        self.iter().map(move |key| hmac::sign(key, message))
    }
}

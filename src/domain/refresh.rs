//! Request to refresh a session.

use super::dpop::Thumbprint;
use super::ip_block::IpBlock;
use super::session::{Generation, SessionId};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Request to refresh a session. The refresh token was issued by the service, and the proof was valid.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// Generation of the refresh token.
    pub presented: Generation,
    /// Key of the DPoP proof.
    pub key: Option<Thumbprint>,
    pub from: RefreshBlock,
}

/// IP block of a refresh, as the session stores it to compare it with the next one: a keyed hash, different in each
/// session, so that the database contains no IP address.
///
/// It is the widest block of the client, for IPv6 the /48: a mobile network gives a phone another /64 with each
/// connection (RFC 6459, 5.2), and such a phone has not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshBlock(String);

impl RefreshBlock {
    #[must_use]
    pub fn new(key: &hmac::Key, session: SessionId, block: &IpBlock) -> Self {
        let mut context = hmac::Context::with_key(key);
        context.update(session.0.as_bytes());
        context.update(block.names().last().unwrap_or_default().as_bytes());
        // 16 bytes: 22 characters.
        Self(BASE64_URL_SAFE_NO_PAD.encode(&context.sign().as_ref()[..16]))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ip_block::Nat64;
    use crate::domain::keys::Keys;
    use uuid::Uuid;

    #[test]
    fn a_block_is_comparable_in_its_session_only() {
        let keys = Keys::derive(&[1; 32]);
        let block = |session, address: &str| {
            let block = IpBlock::new(address.parse().unwrap(), &Nat64::default(), &keys.ip_block);
            RefreshBlock::new(&keys.refresh_block, SessionId(Uuid::from_u128(session)), &block)
        };
        assert_eq!(block(1, "2001:db8::1"), block(1, "2001:db8:0:ffff::2"));
        assert_ne!(block(1, "2001:db8::1"), block(1, "2001:db8:1::1"));
        assert_ne!(block(1, "192.0.2.1"), block(1, "192.0.2.2"));
        assert_ne!(block(1, "192.0.2.1"), block(2, "192.0.2.1"));
        assert_eq!(block(1, "192.0.2.1").as_str().len(), 22);
    }
}

//! Keys for each use, derived from one secret of the operator.

use aws_lc_rs::hmac;

/// Keys derived from `SECRET_KEY`. A value that is made with the key of one use is invalid for every other use.
pub struct Keys {
    /// Derives one-time codes.
    pub code: hmac::Key,
    /// Hashes phone numbers for the keys of staging.
    pub phone_hash: hmac::Key,
    /// Hashes the IP blocks of clients for the keys of staging.
    pub ip_block: hmac::Key,
    /// Creates message IDs for the SMS provider.
    pub message: hmac::Key,
    /// Signs refresh tokens.
    pub refresh: hmac::Key,
    /// Signs device tokens.
    pub device: hmac::Key,
    /// Hashes idempotency keys to names of requests in staging.
    pub request_name: hmac::Key,
    /// Hashes the contents of these requests.
    pub request_content: hmac::Key,
    /// Derives the keys that encrypt their stored responses.
    pub answer: hmac::Key,
    /// Signs challenges of proof of work.
    pub proof: hmac::Key,
    /// Signs DPoP nonces.
    pub dpop_nonce: hmac::Key,
    /// Hashes the IP block from which a session was refreshed.
    pub refresh_block: hmac::Key,
}

impl Keys {
    /// Derives each key by HKDF-Expand (RFC 5869) with one block: HMAC-SHA-256 of a label under the master secret. The
    /// master secret is random already.
    #[must_use]
    pub fn derive(master: &[u8; 32]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let key = |label: &str| {
            let info = [label.as_bytes(), &[1]].concat();
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&master, &info).as_ref())
        };
        Self {
            code: key("doorstep one-time code"),
            phone_hash: key("doorstep phone subject"),
            ip_block: key("doorstep ip block"),
            message: key("doorstep message id"),
            refresh: key("doorstep refresh token"),
            device: key("doorstep device token"),
            request_name: key("doorstep request name"),
            request_content: key("doorstep request content"),
            answer: key("doorstep kept answer"),
            proof: key("doorstep proof of work"),
            dpop_nonce: key("doorstep dpop nonce"),
            refresh_block: key("doorstep refresh ip block"),
        }
    }
}

//! One secret of the operator, one key for each use.

use aws_lc_rs::hmac;

/// Keys derived from `SECRET_KEY`, so that a value made for one use is worthless for another.
pub struct Keys {
    /// Derives one-time codes.
    pub code: hmac::Key,
    /// Hides phone numbers in staging keys.
    pub subject: hmac::Key,
    /// Names messages to the SMS provider.
    pub message: hmac::Key,
    /// Signs refresh tokens.
    pub refresh: hmac::Key,
    /// Names requests in staging by their idempotency key.
    pub request_name: hmac::Key,
    /// Tells the contents of such requests apart.
    pub request_content: hmac::Key,
    /// Derives what seals their answers.
    pub answer: hmac::Key,
    /// Signs challenges of proof of work.
    pub proof: hmac::Key,
}

impl Keys {
    /// HKDF-Expand (RFC 5869) with one block: HMAC-SHA-256 of a label under the master secret, which is random already.
    #[must_use]
    pub fn derive(master: &[u8; 32]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let key = |label: &str| {
            let info = [label.as_bytes(), &[1]].concat();
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&master, &info).as_ref())
        };
        Self {
            code: key("doorstep one-time code"),
            subject: key("doorstep phone subject"),
            message: key("doorstep message id"),
            refresh: key("doorstep refresh token"),
            request_name: key("doorstep request name"),
            request_content: key("doorstep request content"),
            answer: key("doorstep kept answer"),
            proof: key("doorstep proof of work"),
        }
    }
}

//! Secret that the service shares with a webhook, and the signature that it makes.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretSlice};

/// Secret of Standard Webhooks. Never printed.
#[derive(Debug, Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

impl WebhookSecret {
    /// Reads `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks 1.0.0, "Signature scheme").
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// Returns the value of the header `webhook-signature`. The timestamp is Unix time in seconds.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret());
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Option<WebhookSecret> {
        WebhookSecret::parse(text)
    }

    /// Test "sign function works" of the libraries: <https://github.com/standard-webhooks/standard-webhooks>
    #[test]
    fn the_published_example_has_the_published_signature() {
        let secret = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_has_a_prefix_and_24_to_64_bytes() {
        let is_accepted = |bytes: usize| secret(&format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]))).is_some();
        assert_eq!([23, 24, 64, 65].map(is_accepted), [false, true, true, false]);
        let plain = BASE64_STANDARD.encode([7; 32]);
        assert!(secret(&plain).is_none() && secret(&format!("whpk_{plain}")).is_none());
        assert!(secret("whsec_!").is_none() && secret("").is_none());
    }
}

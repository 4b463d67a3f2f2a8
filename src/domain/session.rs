//! A signed-in device, and the tokens that speak for it.

use super::{Invalid, id::uuid_v7, text::one_line, user::UserId};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use std::fmt;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub Uuid);

impl SessionId {
    #[must_use]
    pub fn new(now: DateTime<Utc>, random: [u8; 10]) -> Self {
        Self(uuid_v7(now, random))
    }
}

/// How the owner tells her devices apart: 1 to 64 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceName(String);

impl DeviceName {
    pub const LONGEST: usize = 64;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line(text, Self::LONGEST).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session to be made.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: SessionId,
    pub user_id: UserId,
    pub device_name: Option<DeviceName>,
    pub created_at: DateTime<Utc>,
    /// The absolute end.
    pub expires_at: DateTime<Utc>,
}

/// A refresh token: session, generation and a MAC over both, so that there is no row per token. Never printed.
pub struct RefreshToken(String);

impl RefreshToken {
    /// `session.generation.mac`; the first generation of a session is 0.
    #[must_use]
    pub fn issue(key: &hmac::Key, session: SessionId, generation: u32) -> Self {
        let body = format!("{}.{generation}", BASE64_URL_SAFE_NO_PAD.encode(session.0.as_bytes()));
        let mac = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(key, body.as_bytes()));
        Self(format!("{body}.{mac}"))
    }

    /// For the owner of the session.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

/// What an access token says (RFC 9068).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub token_id: Uuid,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Keys;

    #[test]
    fn a_refresh_token_binds_session_and_generation() {
        let key = Keys::derive(&[1; 32]).refresh;
        let session = SessionId::new("2026-11-20T12:00:00Z".parse().unwrap(), [7; 10]);
        let other = SessionId::new("2026-11-20T12:00:00Z".parse().unwrap(), [8; 10]);
        let token = RefreshToken::issue(&key, session, 0);
        assert_eq!(token.expose().split('.').count(), 3);
        assert_eq!(token.expose(), RefreshToken::issue(&key, session, 0).expose());
        let mac = |token: &RefreshToken| token.expose().rsplit('.').next().unwrap().to_owned();
        assert_ne!(mac(&token), mac(&RefreshToken::issue(&key, session, 1)));
        assert_ne!(mac(&token), mac(&RefreshToken::issue(&key, other, 0)));
        assert_ne!(mac(&token), mac(&RefreshToken::issue(&Keys::derive(&[2; 32]).refresh, session, 0)));
        assert_eq!(session.0.get_version_num(), 7);
    }
}

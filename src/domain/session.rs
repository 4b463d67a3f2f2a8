//! Sessions of signed-in devices, and their tokens.

use super::client_id::ClientId;
use super::device::{DeviceId, KnownDevice};
use super::ring::Ring;
use super::user::{AccountVersion, UserId};
use super::{Invalid, dpop::Thumbprint, id::uuid_v7, text};
use aws_lc_rs::{constant_time, hmac};
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

/// Name by which users recognise their devices: 1 to 64 characters in their visible form (NFC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceName(String);

impl DeviceName {
    pub const LONGEST: usize = 64;

    /// Reads any text, because a label must not keep a user from signing in: removes what must not be shown, and cuts
    /// what is too long. Returns `None` if nothing can be seen.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text::label(text, Self::LONGEST).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Device that signs in.
#[derive(Debug, Clone, Default)]
pub struct Device {
    pub name: Option<DeviceName>,
    /// Key to which the refresh token is bound; `None`: the token alone is enough.
    pub key: Option<Thumbprint>,
    /// Known device of the account; `None`: the sign-in makes it known.
    pub known: Option<KnownDevice>,
    /// App that signs in, for the claim `client_id` of its access tokens.
    pub client_id: Option<ClientId>,
}

/// Session to create.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: SessionId,
    pub user_id: UserId,
    pub device: Device,
    pub created_at: DateTime<Utc>,
    /// Absolute end.
    pub expires_at: DateTime<Utc>,
}

impl NewSession {
    /// Known device of the session, and its first sign-in.
    #[must_use]
    pub fn device_since(&self) -> (DeviceId, DateTime<Utc>) {
        let known = self.device.known.as_ref().map(|known| (known.id, known.since));
        known.unwrap_or((DeviceId(self.id.0), self.created_at))
    }
}

/// Authority of a signed-in request: the facts that were true when it was authenticated. Every write of the request
/// carries them as a condition of its own statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    pub session: SessionId,
    pub account: AccountVersion,
}

/// Session as its owner sees it in the list of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub device_name: Option<String>,
    pub created_at: DateTime<Utc>,
    /// Time of the sign-in or of the last refresh.
    pub last_used_at: DateTime<Utc>,
    /// Absolute end.
    pub expires_at: DateTime<Utc>,
    /// First sign-in on its device; `None`: the device is not known.
    pub known_since: Option<DateTime<Utc>>,
}

/// Number of a refresh token in its session. Each refresh creates the next generation; the first is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation {
    pub session: SessionId,
    pub number: u32,
}

impl Generation {
    /// Distance to the generation that a change of the password creates. A crash of the database loses the refreshes of
    /// its last second, so devices may have tokens that are ahead of the row. The new token is ahead of all of them.
    pub const RENEWAL: u32 = 1_000;
}

/// Refresh token: session, generation and a MAC over both, so that the database needs no row per token. Never printed.
pub struct RefreshToken(String);

impl RefreshToken {
    /// Creates `session.generation.mac`.
    #[must_use]
    pub fn issue(keys: &Ring, generation: Generation) -> Self {
        let body = Self::body(generation);
        Self::with_mac(&body, keys.sign(body.as_bytes()))
    }

    /// Signed part of the token.
    fn body(generation: Generation) -> String {
        let session = BASE64_URL_SAFE_NO_PAD.encode(generation.session.0.as_bytes());
        format!("{session}.{}", generation.number)
    }

    fn with_mac(body: &str, mac: hmac::Tag) -> Self {
        Self(format!("{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac)))
    }

    /// Maximum length: 22 characters of session, 10 of generation, 43 of MAC and two dots.
    pub const LONGEST: usize = 77;

    /// Verifies a token and returns its generation. Fails if the service did not issue the token. Compares in constant
    /// time.
    pub fn open(keys: &Ring, text: &str) -> Result<Generation, Invalid> {
        if text.len() > Self::LONGEST {
            return Err(Invalid::TooLong);
        }
        let mut parts = text.split('.');
        let (Some(session), Some(number), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Invalid::Format);
        };
        let session = BASE64_URL_SAFE_NO_PAD.decode(session).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
        let session = SessionId(session.ok_or(Invalid::Format)?);
        let presented = Generation { session, number: number.parse().map_err(|_| Invalid::Format)? };
        let body = Self::body(presented);
        let is_issued = keys.tags(body.as_bytes()).any(|mac| {
            let issued = Self::with_mac(&body, mac);
            constant_time::verify_slices_are_equal(issued.0.as_bytes(), text.as_bytes()).is_ok()
        });
        if is_issued { Ok(presented) } else { Err(Invalid::Format) }
    }

    /// Returns the token, for the owner of the session only.
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

/// Claims of an access token (RFC 9068).
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

    fn generation(number: u32, random: [u8; 10]) -> Generation {
        Generation { session: SessionId::new("2026-11-20T12:00:00Z".parse().unwrap(), random), number }
    }

    #[test]
    fn a_refresh_token_contains_its_session_and_generation() {
        let key = Keys::derive(&[1; 32]).refresh;
        for number in [0, 1, u32::MAX] {
            let token = RefreshToken::issue(&key, generation(number, [7; 10]));
            assert!(token.expose().len() <= RefreshToken::LONGEST);
            assert_eq!(RefreshToken::open(&key, token.expose()), Ok(generation(number, [7; 10])));
            // A token is derived: the same generation has the same token.
            assert_eq!(token.expose(), RefreshToken::issue(&key, generation(number, [7; 10])).expose());
        }
        assert_eq!(generation(0, [7; 10]).session.0.get_version_num(), 7);
    }

    #[test]
    fn a_forged_refresh_token_is_rejected() {
        let key = Keys::derive(&[1; 32]).refresh;
        let issue = |key: &Ring, generation| RefreshToken::issue(key, generation).expose().to_owned();
        let token = issue(&key, generation(1, [7; 10]));
        let mac = token.rsplit('.').next().unwrap();
        let with_mac = |other: &str| format!("{}.{mac}", other.rsplit_once('.').unwrap().0);
        for forged in [
            issue(&Keys::derive(&[2; 32]).refresh, generation(1, [7; 10])),
            with_mac(&issue(&key, generation(2, [7; 10]))),
            with_mac(&issue(&key, generation(1, [8; 10]))),
            token.replace(".1.", ".01."),
            token.replace(".1.", ".+1."),
            token.replace(".1.", ".4294967297."),
            token.replace('.', ":"),
            format!("{token}="),
            format!("{token}.x"),
            token[1..].to_owned(),
            String::new(),
            "..".to_owned(),
            "x".repeat(100_000),
        ] {
            assert!(RefreshToken::open(&key, &forged).is_err(), "{forged:.100}");
        }
    }
}

//! Known devices: a device that has signed in to an account proves it later with its device token.

use super::dpop::Thumbprint;
use super::ring::Ring;
use super::{Invalid, signed_id};
use chrono::{DateTime, Utc};
use std::fmt;
use std::time::Duration;
use uuid::Uuid;

/// Id of a known device: the id of its first session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub Uuid);

/// Device that has signed in to an account, and was not forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDevice {
    pub id: DeviceId,
    /// First sign-in on it.
    pub since: DateTime<Utc>,
    /// Last sign-in or refresh on it.
    pub used_at: DateTime<Utc>,
    /// Key of its last session that has one: its token is worth nothing without a proof of this key.
    pub key: Option<Thumbprint>,
}

impl KnownDevice {
    /// Known devices of an account: 5. A further one replaces the least recently used, a new one first.
    pub const PER_ACCOUNT: usize = 5;
    /// A device that is known for less than a day makes no room for itself: a thief of the password or the SIM must not
    /// replace the owner's devices by new ones.
    pub const SETTLES: Duration = Duration::from_secs(86_400);
    /// A device that is not used for 180 days, the longest session by default, is not known any more.
    pub const LIFE: Duration = Duration::from_secs(180 * 86_400);

    /// Returns the known devices among the devices of all sessions of an account.
    #[must_use]
    pub fn among(mut all: Vec<Self>, now: DateTime<Utc>) -> Vec<Self> {
        let is_settled = |device: &Self| device.is_known_for(Self::SETTLES, now);
        all.sort_by_key(|device| (!is_settled(device), std::cmp::Reverse(device.used_at)));
        let mut known: Vec<Self> = Vec::new();
        for device in all {
            let is_full = known.len() >= Self::PER_ACCOUNT;
            match known.iter_mut().find(|earlier| earlier.id == device.id) {
                // A device that has ever proven a key proves it.
                Some(earlier) => earlier.key = earlier.key.take().or(device.key),
                None if device.used_at > now - Self::LIFE && !is_full => known.push(device),
                None => {}
            }
        }
        known
    }

    /// Returns whether the device was known for this time: only then it counts for changes that are final.
    #[must_use]
    pub fn is_known_for(&self, span: Duration, now: DateTime<Utc>) -> bool {
        (now - self.since).to_std().is_ok_and(|age| age >= span)
    }

    /// Returns whether a request with this DPoP key can come from the device.
    #[must_use]
    pub fn accepts(&self, key: Option<&Thumbprint>) -> bool {
        self.key.is_none() || self.key.as_ref() == key
    }
}

/// Device token: the id of the device and a MAC. It is valid only while its device is known. Never printed.
pub struct DeviceToken(String);

impl DeviceToken {
    /// Length of the text form: 22 characters of the id, a dot, 43 of the MAC.
    pub const LENGTH: usize = signed_id::LENGTH;

    #[must_use]
    pub fn issue(keys: &Ring, id: DeviceId) -> Self {
        Self(signed_id::issue(keys, id.0))
    }

    /// Verifies a token and returns its device. Fails if the service did not issue the token. Compares in constant
    /// time.
    pub fn open(keys: &Ring, text: &str) -> Result<DeviceId, Invalid> {
        signed_id::open(keys, text).map(DeviceId)
    }

    /// Returns the token, for the device only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Keys;
    use chrono::TimeDelta;

    fn device(id: u128, used_hours_ago: i64) -> KnownDevice {
        let used_at = now() - TimeDelta::hours(used_hours_ago);
        KnownDevice { id: DeviceId(Uuid::from_u128(id)), since: used_at, used_at, key: None }
    }

    fn now() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_last_five_used_devices_are_known() {
        let all = (1..=7).map(|n| device(n, i64::try_from(n).unwrap())).chain([device(1, 9)]).rev().collect();
        let known = KnownDevice::among(all, now());
        assert_eq!(known.iter().map(|device| device.id.0.as_u128()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_unused_device_is_forgotten_after_180_days() {
        let known = |hours| KnownDevice::among(vec![device(1, hours)], now()).len();
        assert_eq!((known(180 * 24 - 1), known(180 * 24)), (1, 0));
    }

    #[test]
    fn a_token_of_another_key_or_device_is_rejected() {
        let (key, id) = (Keys::derive(&[1; 32]).device, DeviceId(Uuid::from_u128(7)));
        let token = DeviceToken::issue(&key, id).expose().to_owned();
        assert_eq!(token.len(), DeviceToken::LENGTH);
        assert_eq!(DeviceToken::open(&key, &token), Ok(id));
        assert!(DeviceToken::open(&Keys::derive(&[2; 32]).device, &token).is_err());
        assert!(DeviceToken::open(&Keys::derive(&[1; 32]).refresh, &token).is_err());
        let (_, mac) = token.split_once('.').unwrap();
        let other = DeviceToken::issue(&key, DeviceId(Uuid::from_u128(8)));
        let (other, _) = other.expose().split_once('.').unwrap();
        for forged in [format!("{other}.{mac}"), token[1..].to_owned(), format!("{token}="), String::new()] {
            assert!(DeviceToken::open(&key, &forged).is_err(), "{forged}");
        }
    }
}

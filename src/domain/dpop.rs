//! Proof of possession of a device's key (DPoP, RFC 9449). It binds the refresh token of a session to the key, so that
//! a copy of the token is worth nothing.

use super::Invalid;
use super::ring::Ring;
use aws_lc_rs::{constant_time, digest, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use url::Url;

/// Name of a P-256 key: its JWK thumbprint with SHA-256 (RFC 7638), in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// Reads a thumbprint as it is stored: 32 bytes in base64url.
    #[must_use]
    pub fn from_stored(text: String) -> Option<Self> {
        (text.len() == 43).then_some(Self(text))
    }

    /// Computes the thumbprint from the two coordinates of a P-256 key.
    #[must_use]
    pub fn of_p256(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let [x, y] = [x, y].map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate));
        // RFC 7638 section 3.2: the required members in this order, without white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Self(BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// DPoP proof with a valid signature. [`DpopProof::check`] compares it with the request.
#[derive(Debug, Clone, PartialEq)]
pub struct DpopProof {
    /// Key that signed the proof.
    pub key: Thumbprint,
    /// Claim `htm`.
    pub method: String,
    /// Claim `htu`.
    pub url: String,
    /// Claim `iat`, in seconds since 1970.
    pub issued_at: f64,
    pub nonce: Option<String>,
}

/// Reason why a proof is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofError {
    /// Made for another request, or not valid at all.
    Invalid,
    /// The clock of the client is wrong, or the nonce has expired. A proof with a new nonce is accepted.
    Clock,
}

impl DpopProof {
    /// Maximum length of a proof: 2 KiB, four times the size of a usual one.
    pub const LONGEST: usize = 2_048;
    /// Difference between `iat` and the clock of the service: one minute in both directions. Phones set their clocks
    /// from the network.
    pub const SKEW_SECONDS: f64 = 60.0;

    /// Checks that the proof was made now, for a POST to this route below one of the public URLs. A proof with a nonce
    /// is as old as its nonce; the time of the client does not matter then.
    pub fn check(&self, urls: &PublicUrls, route: &str, keys: &Ring, now: DateTime<Utc>) -> Result<(), ProofError> {
        if self.method != "POST" || !urls.contain(&self.url, route) {
            return Err(ProofError::Invalid);
        }
        let is_new = match &self.nonce {
            Some(nonce) => DpopNonce::is_valid(nonce, keys, now),
            None => (self.issued_at - seconds(now)).abs() <= Self::SKEW_SECONDS,
        };
        if is_new { Ok(()) } else { Err(ProofError::Clock) }
    }
}

fn seconds(time: DateTime<Utc>) -> f64 {
    // Exact: milliseconds since 1970 need 41 bits, and `f64` has 53.
    time.timestamp_millis() as f64 / 1_000.0
}

/// Nonce for a client with a wrong clock: the time, signed, so that the service stores nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DpopNonce(String);

impl DpopNonce {
    /// Lifetime of a nonce: 5 minutes. The client uses it at once; a slow network may delay it.
    pub const LIFE_SECONDS: i64 = 300;
    /// Replicas whose clocks differ by a minute accept each other's nonces.
    const SKEW_SECONDS: i64 = 60;
    /// Bytes of the time and of the MAC.
    const PARTS: (usize, usize) = (8, 16);

    #[must_use]
    pub fn new(keys: &Ring, now: DateTime<Utc>) -> Self {
        let time = now.timestamp().to_be_bytes();
        Self(BASE64_URL_SAFE_NO_PAD.encode([&time[..], &short(keys.sign(&time))].concat()))
    }

    /// Tells whether the service made this nonce within its lifetime. Compares in constant time.
    #[must_use]
    pub fn is_valid(text: &str, keys: &Ring, now: DateTime<Utc>) -> bool {
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(text) else { return false };
        let Some((time, given)) = bytes.split_first_chunk::<{ Self::PARTS.0 }>() else { return false };
        let age = now.timestamp().saturating_sub(i64::from_be_bytes(*time));
        keys.tags(time).any(|mac| constant_time::verify_slices_are_equal(&short(mac), given).is_ok())
            && (-Self::SKEW_SECONDS..=Self::LIFE_SECONDS).contains(&age)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn short(mac: hmac::Tag) -> [u8; DpopNonce::PARTS.1] {
    let mut short = [0; DpopNonce::PARTS.1];
    short.copy_from_slice(&mac.as_ref()[..DpopNonce::PARTS.1]);
    short
}

/// URLs by which clients reach the service, path prefix included. The `htu` of a proof is compared with them and never
/// with `Host`, which the client chooses. None: DPoP is off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicUrls(Vec<String>);

impl PublicUrls {
    /// Adds a base URL: http or https, without user, query and fragment.
    pub fn add(&mut self, text: &str) -> Result<(), Invalid> {
        let url = Url::parse(text).map_err(|_| Invalid::Format)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.password().is_none();
        if !["http", "https"].contains(&url.scheme()) || !plain || !url.username().is_empty() {
            return Err(Invalid::Format);
        }
        self.0.push(url.as_str().trim_end_matches('/').to_owned());
        Ok(())
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether every URL is encrypted.
    #[must_use]
    pub fn are_https(&self) -> bool {
        self.0.iter().all(|url| url.starts_with("https:"))
    }

    /// Tells whether a URL is this route below one of the bases. Ignores query and fragment (RFC 9449 section 4.3).
    /// Compares after the normalization of RFC 3986 section 6.2.2 and 6.2.3: case of scheme and host, default port.
    fn contain(&self, url: &str, route: &str) -> bool {
        let Ok(mut url) = Url::parse(url) else { return false };
        url.set_query(None);
        url.set_fragment(None);
        self.0.iter().any(|base| url.as_str().strip_prefix(base.as_str()) == Some(route))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Keys;
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        "2026-11-29T12:00:00Z".parse().unwrap()
    }

    fn key() -> Ring {
        Keys::derive(&[1; 32]).dpop_nonce
    }

    fn urls(bases: &[&str]) -> PublicUrls {
        let mut urls = PublicUrls::default();
        bases.iter().for_each(|base| urls.add(base).unwrap());
        urls
    }

    fn proof(url: &str) -> DpopProof {
        let (x, y) = ([1; 32], [2; 32]);
        let issued_at = seconds(now());
        DpopProof {
            key: Thumbprint::of_p256(&x, &y),
            method: "POST".to_owned(),
            url: url.to_owned(),
            issued_at,
            nonce: None,
        }
    }

    fn check(proof: &DpopProof, bases: &[&str]) -> Result<(), ProofError> {
        proof.check(&urls(bases), "/v1/login", &key(), now())
    }

    /// RFC 9449: the key of the proof in section 4.1, and the `jkt` of the token in section 6.1.
    #[test]
    fn the_thumbprint_is_the_one_of_the_rfc() {
        let coordinate = |text| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap();
        let x = coordinate("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs");
        let y = coordinate("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA");
        assert_eq!(Thumbprint::of_p256(&x, &y).as_str(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_proof_is_valid_for_one_route_below_a_public_url() {
        let bases = ["https://api.example.com", "https://example.com:8443/auth/"];
        for url in [
            "https://api.example.com/v1/login",
            "https://api.example.com:443/v1/login",
            "HTTPS://API.example.com/v1/login?x=1#y",
            "https://example.com:8443/auth/v1/login",
        ] {
            assert_eq!(check(&proof(url), &bases), Ok(()), "{url}");
        }
        for url in [
            "http://api.example.com/v1/login",
            "https://api.example.com/v1/login/",
            "https://api.example.com/v1/login/verify-code",
            "https://api.example.com:8443/v1/login",
            "https://api.example.com.evil.com/v1/login",
            "https://user@api.example.com/v1/login",
            "https://example.com:8443/v1/login",
            "/v1/login",
            "",
        ] {
            assert_eq!(check(&proof(url), &bases), Err(ProofError::Invalid), "{url}");
        }
        let get = DpopProof { method: "GET".to_owned(), ..proof("https://api.example.com/v1/login") };
        assert_eq!(check(&get, &bases), Err(ProofError::Invalid));
    }

    #[test]
    fn a_proof_is_valid_for_a_minute_or_with_a_nonce() {
        let bases = ["https://api.example.com"];
        let at = |issued_at| DpopProof { issued_at, ..proof("https://api.example.com/v1/login") };
        let clock = seconds(now());
        for right in [clock - 60.0, clock + 60.0, clock + 0.5] {
            assert_eq!(check(&at(right), &bases), Ok(()));
        }
        for wrong in [clock - 61.0, clock + 60.5, 0.0, -1e300, 1e300] {
            assert_eq!(check(&at(wrong), &bases), Err(ProofError::Clock), "{wrong}");
            let nonce = Some(DpopNonce::new(&key(), now()).as_str().to_owned());
            assert_eq!(check(&DpopProof { nonce, ..at(wrong) }, &bases), Ok(()), "{wrong}");
        }
        // A nonce that the service did not make is not ignored.
        let nonce = Some("AAAAAGkq8kAAAAAAAAAAAAAAAAAAAAAA".to_owned());
        assert_eq!(check(&DpopProof { nonce, ..at(clock) }, &bases), Err(ProofError::Clock));
    }

    #[test]
    fn a_nonce_is_valid_for_five_minutes_and_cannot_be_forged() {
        let nonce = DpopNonce::new(&key(), now());
        let valid = |text: &str, seconds| DpopNonce::is_valid(text, &key(), now() + TimeDelta::seconds(seconds));
        assert!([-60, 0, 300].into_iter().all(|age| valid(nonce.as_str(), age)));
        assert!([-61, 301, 86_400].into_iter().all(|age| !valid(nonce.as_str(), age)));
        let other = DpopNonce::new(&Keys::derive(&[2; 32]).dpop_nonce, now());
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(nonce.as_str()).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(!valid(&BASE64_URL_SAFE_NO_PAD.encode(&bytes), 0), "{at}");
            bytes[at] ^= 1;
        }
        for forged in [other.as_str(), "", "short", "*", &nonce.as_str()[..28], &format!("{}AAAA", nonce.as_str())] {
            assert!(!valid(forged, 0), "{forged}");
        }
    }

    #[test]
    fn a_public_url_has_a_scheme_a_host_and_a_path() {
        for invalid in [
            "",
            "api.example.com",
            "ftp://a.example",
            "https://a:b@a.example",
            "https://a.example/?q",
            "https://a.example/#f",
        ] {
            assert!(PublicUrls::default().add(invalid).is_err(), "{invalid}");
        }
        assert!(PublicUrls::default().is_empty() && !urls(&["https://a.example"]).is_empty());
        assert!(urls(&["https://a.example"]).are_https() && !urls(&["https://a.example", "http://b"]).are_https());
    }
}

//! Signing keys: Ed25519 (`EdDSA`, RFC 8037) or EC P-256 (`ES256`, RFC 7518). The key decides the algorithm.

use crate::domain::dpop::Thumbprint;
use crate::ports::Random;
use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, Signature};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde_json::{Value, json};
use std::iter;
use zeroize::Zeroizing;

/// Reason why a text contains no usable signing keys. The message quotes no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("no PKCS#8 private key (BEGIN PRIVATE KEY) found")]
    Missing,
    #[error("not well-formed PEM")]
    Malformed,
    /// Number of the PEM block, from 1.
    #[error("block {0} is not a PKCS#8 private key (BEGIN PRIVATE KEY)")]
    NotPrivate(usize),
    #[error("block {0} is neither an Ed25519 key nor an EC key on the curve P-256")]
    Unsupported(usize),
    #[error("block {0} repeats an earlier key")]
    Repeated(usize),
}

/// Algorithm of a new key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyType {
    /// Ed25519, for the algorithm `EdDSA`.
    #[default]
    Ed25519,
    /// EC key on the curve P-256, for the algorithm `ES256`.
    P256,
}

/// Private key of a PEM block.
pub(super) struct SigningKey {
    private: PrivateKey,
    pub public: PublicKey,
}

/// Key that is ready to sign. `jsonwebtoken` would read it again, and compute its public key, for each token: that
/// takes as long as the signature.
enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

/// Public key, with which other services verify tokens.
pub(super) struct PublicKey {
    /// RFC 7638 thumbprint of the key (SHA-256): the same key has the same id in every process.
    pub id: String,
    key_type: KeyType,
    /// Ed25519: 32 bytes. P-256: the uncompressed point, a byte 4 before the two coordinates.
    bytes: Vec<u8>,
}

impl SigningKey {
    /// Reads all keys of a PEM text: at least one, and none twice.
    pub(super) fn all_from_pem(pem: &str) -> Result<Vec<Self>, KeyError> {
        let mut keys: Vec<Self> = Vec::new();
        for (at, section) in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()).enumerate() {
            let (kind, der) = section.map_err(|_| KeyError::Malformed)?;
            let der = Zeroizing::new(der);
            if kind != SectionKind::PrivateKey {
                return Err(KeyError::NotPrivate(at + 1));
            }
            let key = Self::from_pkcs8(&der).ok_or(KeyError::Unsupported(at + 1))?;
            if keys.iter().any(|earlier| earlier.public.id == key.public.id) {
                return Err(KeyError::Repeated(at + 1));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(KeyError::Missing) } else { Ok(keys) }
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            let public = PublicKey::new(KeyType::Ed25519, pair.public_key().as_ref())?;
            return Some(Self { private: PrivateKey::Ed25519(pair), public });
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        let public = PublicKey::new(KeyType::P256, pair.public_key().as_ref())?;
        Some(Self { private: PrivateKey::P256(pair), public })
    }

    /// Signs the first two parts of a token (RFC 7515, section 5.1). Returns the whole token.
    pub(super) fn sign(&self, message: String) -> Result<String, Unspecified> {
        let signature: Signature = match &self.private {
            PrivateKey::Ed25519(pair) => pair.try_sign(message.as_bytes())?,
            PrivateKey::P256(pair) => pair.sign(&SystemRandom::new(), message.as_bytes())?,
        };
        Ok(message + "." + &encoded(signature.as_ref()))
    }
}

impl PublicKey {
    /// Returns the key with its id; `None` if the bytes are too short for its type.
    pub(super) fn new(key_type: KeyType, bytes: &[u8]) -> Option<Self> {
        let id = match key_type {
            // RFC 8037 section 2: the required members in this order, without white space (RFC 7638 section 3).
            KeyType::Ed25519 => {
                let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encoded(bytes));
                encoded(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
            }
            KeyType::P256 => {
                let (x, y) = (bytes.get(1..)?.first_chunk()?, bytes.last_chunk()?);
                Thumbprint::of_p256(x, y).as_str().to_owned()
            }
        };
        Some(Self { id, key_type, bytes: bytes.to_vec() })
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        match self.key_type {
            KeyType::Ed25519 => Algorithm::EdDSA,
            KeyType::P256 => Algorithm::ES256,
        }
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        match self.key_type {
            KeyType::Ed25519 => DecodingKey::from_ed_der(&self.bytes),
            KeyType::P256 => DecodingKey::from_ec_der(&self.bytes),
        }
    }

    pub(super) fn jwk(&self) -> Value {
        match self.key_type {
            KeyType::Ed25519 => {
                let x = encoded(&self.bytes);
                json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "use": "sig", "alg": "EdDSA" })
            }
            KeyType::P256 => {
                let [x, y] = self.coordinates();
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id, "use": "sig", "alg": "ES256" })
            }
        }
    }

    /// Coordinates of a point on P-256, with all 32 bytes each (RFC 7518 section 6.2.1.2).
    fn coordinates(&self) -> [String; 2] {
        let (x, y) = self.bytes[1..].split_at(self.bytes.len() / 2);
        [encoded(x), encoded(y)]
    }
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes before the 32 bytes of an Ed25519 key in PKCS#8 version 1 (RFC 8410 section 7). OpenSSL reads and writes this
/// format.
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Bytes before the 32 bytes of an EC key on P-256 in PKCS#8 version 1, without its public key, which is optional
/// (RFC 5915 section 3). A reader computes it.
const P256_PREFIX: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
];

/// Creates a new key for [`super::Tokens::from_pem`], as PEM.
#[must_use]
pub fn generate_key(key_type: KeyType, random: &dyn Random) -> String {
    let der = match key_type {
        KeyType::Ed25519 => der(&ED25519_PREFIX, random),
        // One number of 2^32 is not below the order of the curve: then the next one is drawn.
        KeyType::P256 => {
            let drawn = iter::repeat_with(|| der(&P256_PREFIX, random));
            let with_public = |der: Zeroizing<Vec<u8>>| {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok()?;
                pair.to_pkcs8v1().ok().map(|der| Zeroizing::new(der.as_ref().to_vec()))
            };
            drawn.into_iter().find_map(with_public).unwrap_or_default()
        }
    };
    let text = Zeroizing::new(BASE64_STANDARD.encode(&der[..]));
    // RFC 7468 section 2: lines of 64 characters.
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

fn der(prefix: &[u8], random: &dyn Random) -> Zeroizing<Vec<u8>> {
    let mut der = Zeroizing::new([prefix, &[0; 32]].concat());
    random.fill(&mut der[prefix.len()..]);
    der
}

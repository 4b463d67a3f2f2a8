//! `doorstep keygen`.

use super::output::{Outcome, print};
use crate::adapters::jwt::{self, KeyType};
use crate::adapters::system::{OsRandom, SystemClock};
use crate::app::new_secret_key;
use clap::ValueEnum;

/// Algorithm of a signing key, as tokens name it.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Alg {
    /// Ed25519: short and fast.
    #[default]
    #[value(name = "EdDSA")]
    EdDsa,
    /// EC P-256: for services whose library cannot verify EdDSA.
    #[value(name = "ES256")]
    Es256,
}

pub(super) fn run(alg: Alg, secret_key: bool) -> Outcome {
    let key_type = match alg {
        Alg::EdDsa => KeyType::Ed25519,
        Alg::Es256 => KeyType::P256,
    };
    let key = if secret_key { new_secret_key(&SystemClock, &OsRandom) } else { jwt::generate_key(key_type, &OsRandom) };
    print(key.trim_end())
}

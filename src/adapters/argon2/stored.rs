//! Stored form of a hash: a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`.

use super::error::broken;
use crate::domain::password::PasswordHash;
use crate::ports::DependencyError;
use argon2::{ARGON2ID_IDENT, Params, Version, password_hash::phc};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};

pub(super) const SALT_BYTES: usize = 16;
pub(super) const TAG_BYTES: usize = 32;

pub(super) struct Stored {
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// 1 GiB and 32 passes take seconds of a core. The service does not store a hash with a higher cost: its settings allow
/// at most 1 GiB and 10 passes.
const MAX_MEMORY_KIB: u32 = 1_048_576;
const MAX_PASSES: u32 = 32;

impl Stored {
    /// Parses an argon2id hash of version 19. Accepts every cost up to the maximum and every length of salt and tag
    /// that the PHC format allows, because accounts may be imported from another service. The error quotes no part of
    /// the hash.
    pub(super) fn parse(hash: &PasswordHash) -> Result<Self, DependencyError> {
        let parsed = phc::PasswordHash::new(hash.expose()).ok().and_then(|phc| Self::read(&phc));
        let stored = parsed.ok_or_else(|| broken("a stored hash is no argon2id hash"))?;
        if stored.params.m_cost() > MAX_MEMORY_KIB || stored.params.t_cost() > MAX_PASSES {
            return Err(broken("the cost of a stored hash is too high"));
        }
        Ok(stored)
    }

    fn read(phc: &phc::PasswordHash) -> Option<Self> {
        // Exactly three parameters: a hash with a secret key (keyid) or associated data (data) cannot be verified here.
        if phc.algorithm != ARGON2ID_IDENT
            || phc.version != Some(Version::V0x13.into())
            || phc.params.iter().count() != 3
        {
            return None;
        }
        let [memory, passes, lanes] = ["m", "t", "p"].map(|name| phc.params.get_decimal(name));
        let (salt, tag) = (phc.salt?, phc.hash?);
        Some(Self {
            params: Params::new(memory?, passes?, lanes?, Some(tag.len())).ok()?,
            salt: salt.to_vec(),
            tag: tag.as_bytes().to_vec(),
        })
    }

    pub(super) fn phc(&self) -> PasswordHash {
        let (memory, passes, lanes) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let [salt, tag] = [&self.salt, &self.tag].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
        PasswordHash::new(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tag}"))
    }
}

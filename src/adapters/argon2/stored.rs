//! A hash as it is stored: a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`.

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

/// 1 GiB and 32 passes are seconds of a core. Whatever asks for more was not stored by this service, whose settings end
/// at 1 GiB and 10 passes.
const MOST_MEMORY_KIB: u32 = 1_048_576;
const MOST_PASSES: u32 = 32;

impl Stored {
    /// Takes any argon2id hash of version 19, of whatever cost and with salts and tags of whatever length the standard form
    /// allows: accounts may have been brought along from elsewhere. The failure quotes nothing of it.
    pub(super) fn parse(hash: &PasswordHash) -> Result<Self, DependencyError> {
        let parsed = phc::PasswordHash::new(hash.expose()).ok().and_then(|phc| Self::read(&phc));
        let stored = parsed.ok_or_else(|| broken("a stored hash is no argon2id hash"))?;
        if stored.params.m_cost() > MOST_MEMORY_KIB || stored.params.t_cost() > MOST_PASSES {
            return Err(broken("a stored hash asks for too much work"));
        }
        Ok(stored)
    }

    fn read(phc: &phc::PasswordHash) -> Option<Self> {
        // Exactly three parameters: a hash with a key or data beside them cannot be right here.
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

//! Errors of the password hasher.

use crate::ports::{Dependency, DependencyError};
use std::io;

/// Reason why the hasher does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("argon2id rejects this cost: {0}")]
    Cost(argon2::Error),
    #[error("cannot start a thread for password hashing: {0}")]
    Thread(#[from] io::Error),
}

pub(super) fn broken(reason: impl Into<String>) -> DependencyError {
    DependencyError::Broken { dependency: Dependency::PasswordHashing, reason: reason.into() }
}

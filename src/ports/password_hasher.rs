//! Password hashing.

use super::DependencyError;
use crate::domain::password::{NewPassword, Password, PasswordHash};
use crate::domain::phone::Phone;
use async_trait::async_trait;

/// Hashes passwords off the event loop, on a bounded number of threads. MUST return [`DependencyError::Overloaded`]
/// when the wait would be too long.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    async fn hash(&self, password: NewPassword, owner: Option<&Phone>) -> Result<Hashed, DependencyError>;

    /// Compares a password with a hash: its prepared form and, if it was typed in another form, that form too. Without
    /// a hash (the user does not exist), MUST return [`Verdict::Wrong`], and MUST take as long as a wrong password
    /// with a hash of the configured cost.
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, DependencyError>;
}

#[derive(Debug, Clone)]
pub enum Verdict {
    Right {
        /// Hash of the prepared form at the configured cost, if the compared hash had another cost or was of the typed
        /// form.
        rehashed: Option<PasswordHash>,
    },
    Wrong,
}

#[derive(Debug, Clone)]
pub enum Hashed {
    Hash(PasswordHash),
    /// See [`NewPassword::is_guessable`].
    TooWeak,
}

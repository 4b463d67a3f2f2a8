//! Accounts as the user store returns them.

use crate::domain::password::PasswordHash;
use crate::domain::user::{AccountVersion, User};
use chrono::{DateTime, Utc};

/// Account of a phone, from its row alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSummary {
    pub version: AccountVersion,
    /// Last proof of the phone.
    pub proven_at: DateTime<Utc>,
    /// Last sign-in. The account may have been used later, by a refresh.
    pub signed_in_at: Option<DateTime<Utc>>,
}

/// User and the hash of their password, if they have one.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    pub password_hash: Option<PasswordHash>,
}

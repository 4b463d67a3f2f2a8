//! Port of the ownership of accounts: facts for the rule, held acts, detached accounts. Part of the user store.

use super::DependencyError;
use super::account::Account;
use crate::domain::device::{DeviceId, KnownDevice};
use crate::domain::ownership::Facts;
use crate::domain::pending::{ActKind, Decision, NewPending, PendingAct, PendingId};
use crate::domain::phone::Phone;
use crate::domain::policy::SessionPolicy;
use crate::domain::session::{Authority, NewSession, SessionId};
use crate::domain::user::{AccountVersion, User, UserId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Store of everything that decides whose account it is.
#[async_trait]
pub trait AccountOwnership: Send + Sync {
    /// Returns an account, and what the rule of [`crate::domain::ownership`] needs to know about it. A pending act is
    /// returned only if it is of this kind and in force ([`PendingAct`]).
    async fn evidence(&self, query: &EvidenceQuery) -> Result<Option<AccountEvidence>, DependencyError>;

    /// Stores a pending act unless one of its kind is in force, and returns the one that is in force afterwards. An act
    /// that the same session asked for with another target is replaced. `None` if the account has changed.
    async fn hold(&self, act: &NewPending) -> Result<Option<PendingAct>, DependencyError>;

    /// Returns the pending acts of an account that are in force, the refused ones too, the oldest first.
    async fn pending(&self, account: AccountVersion, now: DateTime<Utc>) -> Result<Vec<PendingAct>, DependencyError>;

    /// Approves, refuses or cancels a pending act that is not refused. A cancelled act is deleted; any other one
    /// expires at `expires_at`. An approved act can be refused. A repeated decision changes nothing. The device that
    /// asked for it cannot approve it, and its refusal cancels it. `false` if there is no such act, or if the authority
    /// has ended.
    async fn resolve(
        &self,
        by: &Authority,
        act: PendingId,
        decision: Decision,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, DependencyError>;

    /// Detaches an account; `false` if it has changed. All or nothing.
    async fn detach(&self, detach: &Detach, now: DateTime<Utc>) -> Result<bool, DependencyError>;

    /// Gives a detached account a new number, and stores a session: both or neither. The phone is proven.
    async fn reclaim(
        &self,
        account: AccountVersion,
        phone: &Phone,
        session: &NewSession,
        policy: &SessionPolicy,
    ) -> Result<Reclaimed, DependencyError>;

    /// Deletes the detached accounts whose time is over, and expired pending acts. A detached account that was in use
    /// and has no session any more is deleted at `deletes_at`. Returns the number of deleted accounts.
    async fn delete_expired(&self, now: DateTime<Utc>, deletes_at: DateTime<Utc>) -> Result<usize, DependencyError>;
}

/// Account whose ownership is in question.
#[derive(Debug, Clone)]
pub enum Whose {
    Phone(Phone),
    User(UserId),
    /// The account that was detached from this number last, has no active session that was used since then, and is not
    /// yet deleted. With a device: the last one of those on which this device has signed in.
    Former {
        phone: Phone,
        device: Option<DeviceId>,
        used_since: DateTime<Utc>,
    },
}

#[derive(Debug, Clone)]
pub struct EvidenceQuery {
    pub whose: Whose,
    pub act: ActKind,
    pub now: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub struct AccountEvidence {
    pub account: Account,
    pub facts: Facts,
    /// Known devices, the last used first.
    pub devices: Vec<KnownDevice>,
    /// Devices of the active sessions.
    pub sessions: Vec<(SessionId, Option<DeviceId>)>,
    pub pending: Option<PendingAct>,
}

impl AccountEvidence {
    /// Returns the known device of an active session.
    #[must_use]
    pub fn device_of(&self, session: SessionId) -> Option<&KnownDevice> {
        let (_, id) = self.sessions.iter().find(|(active, _)| *active == session)?;
        self.devices.iter().find(|device| Some(device.id) == *id)
    }
}

/// Account that loses its number. One that is in use keeps its sessions; any other one loses them, and is deleted
/// later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detach {
    pub account: AccountVersion,
    pub phone: Phone,
    /// Time when the rule was asked: a later proof of the phone or sign-in prevents the detachment.
    pub as_of: DateTime<Utc>,
    /// An active session that was used after this time makes the account one in use.
    pub in_use_since: DateTime<Utc>,
    pub deletes_at: DateTime<Utc>,
    /// Pending act that it uses up.
    pub uses: Option<PendingId>,
}

#[derive(Debug, Clone)]
pub enum Reclaimed {
    Done(User),
    /// The phone belongs to another account.
    PhoneTaken,
    /// The account has changed, is not detached any more, or was deleted.
    Gone,
}

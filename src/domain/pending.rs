//! Pending acts: acts that are held for a while, so that the owner of the account can refuse them.

use super::session::{DeviceName, SessionId};
use super::user::AccountVersion;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Id of a pending act, a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PendingId(pub Uuid);

/// Kind of an act that can be held. An account has at most one pending act of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActKind {
    /// Sign-in with a code.
    SignIn,
    /// Password reset with a code.
    PasswordReset,
    /// Deletion of the account with a code.
    Deletion,
    /// Change of number by a signed-in user.
    PhoneChange,
    /// Change of the number of another account to the number of this one.
    NumberClaim,
}

impl ActKind {
    pub const ALL: [Self; 5] =
        [Self::SignIn, Self::PasswordReset, Self::Deletion, Self::PhoneChange, Self::NumberClaim];

    /// Name in the API, in logs and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::PasswordReset => "password_reset",
            Self::Deletion => "deletion",
            Self::PhoneChange => "phone_change",
            Self::NumberClaim => "number_claim",
        }
    }

    /// The act cannot be undone. Evidence for it must be at least [`super::ownership::OwnershipPolicy::hold`] old.
    #[must_use]
    pub const fn is_irreversible(self) -> bool {
        matches!(self, Self::Deletion | Self::PhoneChange | Self::NumberClaim)
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Pending act to store.
#[derive(Debug, Clone)]
pub struct NewPending {
    pub id: PendingId,
    pub account: AccountVersion,
    pub kind: ActKind,
    /// Subject of the act: the new number, or the account that claims the number.
    pub target: Option<String>,
    /// Session that asks for it: the act ends with this session.
    pub session: Option<SessionId>,
    pub device_name: Option<DeviceName>,
    pub asked_at: DateTime<Utc>,
    pub ready_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Pending act that has not expired, whose session lives, and whose account has the same credentials; or a refused act
/// that has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAct {
    pub id: PendingId,
    pub kind: ActKind,
    pub target: Option<String>,
    pub session: Option<SessionId>,
    pub device_name: Option<String>,
    pub asked_at: DateTime<Utc>,
    /// Time from which the act can be done.
    pub ready_at: DateTime<Utc>,
    /// Until then it can be done, once; a refused act cannot be asked for again until then.
    pub expires_at: DateTime<Utc>,
    pub approved_at: Option<DateTime<Utc>>,
    pub refused_at: Option<DateTime<Utc>>,
}

impl PendingAct {
    /// Returns whether the session that asked for the act asks for another one instead.
    #[must_use]
    pub fn is_replaced_by(&self, session: Option<SessionId>, target: Option<&str>) -> bool {
        let is_own = self.session.is_some() && self.session == session;
        self.refused_at.is_none() && is_own && self.target.as_deref() != target
    }
}

/// Decision of the owner about a pending act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Approve,
    /// Ends the act. Nobody can ask for it again for some time.
    Refuse,
    /// Ends the act.
    Cancel,
}

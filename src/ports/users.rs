//! Accounts and the devices that are signed in to them.

use super::DependencyError;
use crate::domain::password::PasswordHash;
use crate::domain::phone::Phone;
use crate::domain::policy::SessionPolicy;
use crate::domain::session::{Generation, NewSession, Session, SessionId};
use crate::domain::user::{AccountVersion, NewUser, ProfileChange, User, UserId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Accounts and their sessions. Constraints decide: nothing here trusts an earlier look.
#[async_trait]
pub trait Users: Send + Sync {
    /// Whether a phone has an account, and which. MUST take as long if it has none. One statement.
    async fn account_of(&self, phone: &Phone) -> Result<Option<AccountVersion>, DependencyError>;

    /// Stores the user and her first session in one transaction, both or neither. MUST answer
    /// [`Created::PhoneTaken`], and only then, when the phone belongs to another account.
    async fn create(&self, user: &NewUser, session: &NewSession) -> Result<Created, DependencyError>;

    /// The whole account of a phone. One statement.
    async fn by_phone(&self, phone: &Phone) -> Result<Option<Account>, DependencyError>;

    /// The owner of a session that is neither revoked nor past its end at `now`. One statement.
    async fn by_session(&self, session: SessionId, now: DateTime<Utc>) -> Result<Option<User>, DependencyError>;

    /// What the user's password is checked against; `None` when there is no such user. One statement.
    async fn password_hash(&self, user: UserId) -> Result<Option<PasswordHash>, DependencyError>;

    /// Stores a session and notes the sign-in, both or neither, if `proof` holds; with `rehashed`, replaces the hash that the
    /// proof names. Drops the user's sessions that have ended, and of the living ones the least recently used beyond
    /// [`SessionPolicy::per_user`]. `false`, and nothing stored, when the proof does not hold (any more).
    async fn sign_in(
        &self,
        session: &NewSession,
        proof: &Proof,
        rehashed: Option<&PasswordHash>,
        policy: &SessionPolicy,
    ) -> Result<bool, DependencyError>;

    /// Takes the next generation out of a session, or finds out that somebody else has it. One statement.
    ///
    /// In a session that is neither revoked nor past its absolute end nor unused for [`SessionPolicy::idle`]:
    /// - the current generation makes the next one, and so does a later one, which only a database that went back in time does
    ///   not know;
    /// - its parent gets the current one again: the device did not hear the answer. That it came later than
    ///   [`SessionPolicy::retry`] after the current one was made is remembered for the generation, and when this happens to
    ///   three generations in a row, two share the token: the session is revoked;
    /// - an older one is a copy: the session is revoked.
    async fn refresh(
        &self,
        presented: Generation,
        now: DateTime<Utc>,
        policy: &SessionPolicy,
    ) -> Result<Refreshed, DependencyError>;

    /// The user's living sessions at `now`, the most recently used first.
    async fn sessions(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        policy: &SessionPolicy,
    ) -> Result<Vec<Session>, DependencyError>;

    /// Revokes one of the user's living sessions; `false` when there is no such.
    async fn end_session(&self, user: UserId, session: SessionId, now: DateTime<Utc>) -> Result<bool, DependencyError>;

    /// Revokes all sessions of the user.
    async fn end_sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<(), DependencyError>;

    /// Changes the profile; `None` when there is no such user. One statement.
    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, DependencyError>;

    /// Replaces the password and revokes every session but `keep`, both or neither, if `proof` holds; `false` when it
    /// does not (any more).
    async fn set_password(
        &self,
        user: UserId,
        proof: &Proof,
        hash: &PasswordHash,
        keep: Option<SessionId>,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError>;

    /// Gives the user another phone. The constraint decides whether it is free.
    async fn change_phone(
        &self,
        user: UserId,
        from: &Phone,
        to: &Phone,
        now: DateTime<Utc>,
    ) -> Result<PhoneChange, DependencyError>;

    /// Removes the account with all that belongs to it, if `proof` holds; `false` when it does not (any more).
    async fn delete(&self, user: UserId, proof: &Proof) -> Result<bool, DependencyError>;

    /// Answers if the database would.
    async fn ping(&self) -> Result<(), DependencyError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    Yes,
    PhoneTaken,
}

/// An account, and what its password is checked against.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    pub password_hash: PasswordHash,
}

/// What somebody has shown to be the user. It is compared again in the statement that acts on it, so that of a sign-in and
/// a change of password at the same moment the one that comes second sees the first.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The password that this is the hash of.
    Password(PasswordHash),
    /// A code that went to this phone when the password was of this time.
    Code { phone: Phone, password_changed_at: DateTime<Utc> },
}

impl Proof {
    /// Of somebody who has the phone that a code was sent to for this account.
    #[must_use]
    pub const fn of_code(phone: Phone, account: AccountVersion) -> Self {
        Self::Code { phone, password_changed_at: account.password_changed_at }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    Yes {
        user: UserId,
        /// The generation to hand out: the presented one's child.
        number: u32,
        /// It had been handed out before.
        again: bool,
        /// The absolute end of the session.
        expires_at: DateTime<Utc>,
    },
    /// The token was copied. The session has just been revoked.
    Reused { user: UserId },
    /// Unknown, revoked or past its end.
    Ended,
}

#[derive(Debug, Clone)]
pub enum PhoneChange {
    Done(User),
    /// It belongs to another account.
    Taken,
    /// No such user has the earlier phone (any more).
    Gone,
}

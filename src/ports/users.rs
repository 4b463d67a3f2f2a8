//! Port of the user store: accounts and their sessions.

use super::account::{Account, AccountSummary};
use super::{AccountOwnership, DependencyError, Detach};
use crate::domain::client_id::ClientId;
use crate::domain::consent::Consent;
use crate::domain::device::{DeviceId, KnownDevice};
use crate::domain::password::PasswordHash;
use crate::domain::pending::PendingId;
use crate::domain::phone::Phone;
use crate::domain::policy::SessionPolicy;
use crate::domain::refresh::Refresh;
use crate::domain::session::{Authority, Generation, NewSession, Session, SessionId};
use crate::domain::user::{AccountVersion, NewUser, ProfileChange, User, UserId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Store of accounts and their sessions. Database constraints decide: no method relies on an earlier read. A write with
/// an [`Authority`] MUST have no effect unless the session is active and the credentials version is unchanged when it
/// runs.
#[async_trait]
pub trait Users: AccountOwnership + Send + Sync {
    /// Returns the account of a phone, if it has one. MUST take equally long when it has none. One statement.
    async fn account_of(&self, phone: &Phone) -> Result<Option<AccountSummary>, DependencyError>;

    /// Stores the user, their first session and their consent in one transaction: all or nothing. MUST return
    /// [`Created::PhoneTaken`] when the phone or the id belongs to an account, and only then.
    ///
    /// The process that ran an earlier attempt may have died after it stored the account, and before it answered. This
    /// attempt has the same ids, and replaces what the earlier one stored. If the owner has changed the account, signed
    /// in or refreshed the session since, it is taken.
    async fn create(&self, user: &NewUser, session: &NewSession) -> Result<Created, DependencyError>;

    /// Does the same, and detaches the account that had the phone: all or nothing.
    async fn create_anew(
        &self,
        user: &NewUser,
        session: &NewSession,
        earlier: &Detach,
    ) -> Result<Created, DependencyError>;

    /// Returns the whole account of a phone. One statement.
    async fn by_phone(&self, phone: &Phone) -> Result<Option<Account>, DependencyError>;

    /// Returns the whole account of a phone, and the device if the account knows it. MUST take equally long when the
    /// phone has no account. One call, which is for requests with a device token only.
    async fn by_phone_and_device(
        &self,
        phone: &Phone,
        device: DeviceId,
        now: DateTime<Utc>,
    ) -> Result<AccountOnDevice, DependencyError>;

    /// Returns the owner of a session that is neither revoked nor expired at `now`. One statement.
    async fn by_session(&self, session: SessionId, now: DateTime<Utc>) -> Result<Option<User>, DependencyError>;

    /// Returns the hash of the user's password; `None` when the user does not exist or has no password. One
    /// statement.
    async fn password_hash(&self, user: UserId) -> Result<Option<PasswordHash>, DependencyError>;

    /// Stores a session and the time of the sign-in if `proof` is still valid: both or neither.
    ///
    /// - Replaces the hash that the proof contains, if `rehashed` is given.
    /// - Deletes the user's inactive sessions, and the least recently used active sessions beyond
    ///   [`SessionPolicy::per_user`]. The last session of each known device stays, also when it has ended
    ///   ([`KnownDevice::among`]).
    /// - Returns `false` and stores nothing when the proof is not valid or no longer valid.
    async fn sign_in(
        &self,
        session: &NewSession,
        proof: &Proof,
        rehashed: Option<&PasswordHash>,
        policy: &SessionPolicy,
    ) -> Result<bool, DependencyError>;

    /// Refreshes a session, or detects that the token was copied. One statement.
    ///
    /// Only an active session is refreshed: not revoked, not expired, and used within [`SessionPolicy::idle`].
    ///
    /// A session with a key is refreshed for this key only, and keeps its generation, whichever is presented, even one
    /// from before [`Users::change_password`]. MUST change nothing and return [`Refreshed::KeyMismatch`] for another
    /// key or none, and [`Refreshed::NotBound`] when a key comes to a session without one: a thief must not bind a copy
    /// to another key.
    ///
    /// For a session without a key the result depends on the generation that is presented:
    ///
    /// - The current generation creates the next one. A later generation does so, too: it is unknown only to a database
    ///   that was restored from a backup or that lags behind.
    /// - The parent (the generation before the current one) gets the current one again: the device lost the response.
    ///   The replay is late if it comes later than [`SessionPolicy::retry`] after the current generation was created.
    ///   A late replay counts 1, and 2 if it comes from another IP block than the refresh before. A generation counts
    ///   once, with its highest count. A sum of 3 in generations in a row means that two devices share the token: the
    ///   session is revoked.
    /// - An older generation is a copy: the session is revoked.
    async fn refresh(
        &self,
        request: &Refresh,
        now: DateTime<Utc>,
        policy: &SessionPolicy,
    ) -> Result<Refreshed, DependencyError>;

    /// Returns whether the session is neither revoked nor expired, and this generation is its current one and was never
    /// used for a refresh. One statement.
    async fn is_unused(&self, generation: Generation, now: DateTime<Utc>) -> Result<bool, DependencyError>;

    /// Returns the user's active sessions at `now`, the most recently used first.
    async fn sessions(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        policy: &SessionPolicy,
    ) -> Result<Vec<Session>, DependencyError>;

    /// Revokes one session of the user. Returns `false` when the user has no such session, when it is already revoked
    /// or expired, or when the authority has ended.
    async fn end_session(
        &self,
        by: &Authority,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError>;

    /// Revokes one session of the user like [`Users::end_session`], and forgets its device, both or neither. Never
    /// forgets the device of the authority's session for another session.
    async fn end_device(&self, by: &Authority, session: SessionId, now: DateTime<Utc>)
    -> Result<bool, DependencyError>;

    /// Revokes all sessions of the user, forgets all devices and renews the credentials version, all or nothing;
    /// `false` when the authority has ended.
    async fn end_sessions(&self, by: &Authority, now: DateTime<Utc>) -> Result<bool, DependencyError>;

    /// Changes the profile; `None` when the authority has ended. One statement.
    async fn change_profile(
        &self,
        by: &Authority,
        change: &ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, DependencyError>;

    /// Adds the documents that the user has not accepted before to the record of their consents. Entries of the record
    /// never change. All or nothing; `None` when the authority has ended.
    async fn accept(&self, by: &Authority, consent: &Consent) -> Result<Option<User>, DependencyError>;

    /// Replaces the password, renews the session of the authority, revokes all others and forgets all other devices,
    /// all or nothing. The session keeps its key. If it has none, the refresh tokens that it had before are invalid
    /// afterwards. The new generation is unused ([`Users::is_unused`]). A proof by code also records the time
    /// ([`User::password_reset_at`], [`User::phone_proven_at`]). `None` when the authority has ended or `proof` is no
    /// longer valid.
    async fn change_password(
        &self,
        by: &Authority,
        proof: &Proof,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Renewed>, DependencyError>;

    /// Replaces a forgotten password, records the time ([`User::password_reset_at`]), revokes every session and forgets
    /// every device, all or nothing, if `proof` is still valid; otherwise returns `false`.
    async fn reset_password(
        &self,
        user: UserId,
        proof: &Proof,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError>;

    /// Changes the user's phone, from none if the account is detached. The new phone is proven. The database constraint
    /// decides whether it is free. All or nothing.
    async fn change_phone(
        &self,
        by: &Authority,
        change: &NumberChange,
        now: DateTime<Utc>,
    ) -> Result<PhoneChange, DependencyError>;

    /// Records a new proof of the phone ([`User::phone_proven_at`]); `None` when the authority has ended or the user no
    /// longer has the phone. One statement.
    async fn confirm_phone(
        &self,
        by: &Authority,
        phone: &Phone,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, DependencyError>;

    /// Deletes the account and all its data if `proof` is still valid and the authority, if one is given, has not
    /// ended; otherwise returns `false`.
    async fn delete(
        &self,
        user: UserId,
        proof: &Proof,
        by: Option<&Authority>,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError>;

    /// Returns `Ok` if the database responds.
    async fn ping(&self) -> Result<(), DependencyError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    Yes,
    PhoneTaken,
    /// The account that should lose the phone has changed.
    Changed,
}

/// Account of a phone, as a device finds it.
#[derive(Debug, Clone)]
pub struct AccountOnDevice {
    pub account: Option<Account>,
    /// The device, if the account knows it. It may have another key than the request ([`KnownDevice::accepts`]).
    pub known: Option<KnownDevice>,
}

/// Proof that the client acts for the user. The statement that relies on it compares it with the row again. If a
/// sign-in and a password change run at the same time, the later statement sees the earlier one.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A correct password. Contains the hash that it was checked against.
    Password(PasswordHash),
    /// A verified code of this phone, sent when the credentials had this version. Uses up the pending act, if there is
    /// one.
    Code { phone: Phone, credentials: i64, uses: Option<PendingId> },
}

impl Proof {
    /// Creates the proof for a client that verified the code sent to `phone` for this account.
    #[must_use]
    pub const fn of_code(phone: Phone, account: AccountVersion) -> Self {
        Self::Code { phone, credentials: account.credentials, uses: None }
    }

    /// Returns the same proof, which also uses up this pending act.
    #[must_use]
    pub fn using(self, act: Option<PendingId>) -> Self {
        match self {
            Self::Code { phone, credentials, .. } => Self::Code { phone, credentials, uses: act },
            Self::Password(hash) => Self::Password(hash),
        }
    }

    /// Returns the pending act that the proof uses up.
    #[must_use]
    pub const fn uses(&self) -> Option<PendingId> {
        match self {
            Self::Code { uses, .. } => *uses,
            Self::Password(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    Yes {
        user: UserId,
        /// Generation to return to the client: the child of the presented one.
        number: u32,
        /// Tells whether this generation was returned to a client before.
        again: bool,
        /// Absolute expiry of the session.
        expires_at: DateTime<Utc>,
        /// App that signed in.
        client_id: Option<ClientId>,
    },
    /// The token was copied. This call revoked the session.
    Reused { user: UserId },
    /// The session has another key than the request. It lives on.
    KeyMismatch,
    /// The request has a key and the session has none.
    NotBound,
    /// The session is unknown, revoked, expired or unused for too long.
    Ended,
}

#[derive(Debug, Clone)]
pub struct NumberChange {
    /// Current phone of the account.
    pub from: Option<Phone>,
    pub to: Phone,
    /// Pending act that the change uses up.
    pub uses: Option<PendingId>,
    /// Account that loses the new phone.
    pub detach: Option<Detach>,
}

#[derive(Debug, Clone)]
pub enum PhoneChange {
    Done(User),
    /// The new phone belongs to another account.
    Taken,
    /// The pending act is used up, or the account that should lose the phone has changed.
    Changed,
    /// The authority has ended, or the user no longer has the old phone.
    Gone,
}

/// Session that a change of the password has renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// Generation to return to the client.
    pub number: u32,
    /// Absolute expiry of the session.
    pub expires_at: DateTime<Utc>,
    /// Tells whether the session is bound to a key. The renewal has kept the key.
    pub bound: bool,
    /// App that signed in.
    pub client_id: Option<ClientId>,
}

//! User store in SQLite or PostgreSQL: one set of queries; the scheme of the URL selects the engine.

mod address;
mod conditions;
mod connection;
mod consents;
mod detachment;
mod engine;
mod error;
mod evidence;
mod fault;
mod forget_devices;
mod known_devices;
mod lane;
mod manager;
pub mod migrate;
mod outcome;
mod ownership;
mod pending;
mod pool;
mod prepared;
mod refresh;
mod requirements;
mod rows;
mod schema;
mod session_reads;
mod sessions;
mod sign_up;
mod sqlite_error;
mod sqlstate;
mod transaction;
mod users;
mod watchdog;

use crate::domain::consent::Consent;
use crate::domain::device::DeviceId;
use crate::domain::password::PasswordHash;
use crate::domain::phone::Phone;
use crate::domain::policy::SessionPolicy;
use crate::domain::refresh::Refresh;
use crate::domain::session::{Authority, Generation, NewSession, Session, SessionId};
use crate::domain::user::{NewUser, ProfileChange, User, UserId};
use crate::ports::{
    Account, AccountOnDevice, AccountSummary, Created, DependencyError, Detach, NumberChange, PhoneChange, Proof,
    Refreshed, Renewed, Users,
};
use address::Address;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engine::AnyConnection;
use manager::Manager;
use pool::BlockingPool;
use rows::{AuthorityRow, ConsentRow, NewSessionRow, NewUserRow, ProfileRow};
use scheduled_thread_pool::ScheduledThreadPool;
use session_reads::{Key, SessionReads};
use std::sync::Arc;
use watchdog::Watchdog;

pub use error::StartError;

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Maximum number of connections, at least 1. SQLite has one more: one connection writes and the others read.
    pub connections: u32,
}

/// User store. Every call returns within 2.5 s; after that time it returns [`DependencyError::Unavailable`].
pub struct Database {
    reads: BlockingPool,
    /// Reads of the sessions of access tokens, on connections of `reads`.
    sessions: SessionReads,
    /// The same pool as `reads` on PostgreSQL.
    writes: BlockingPool,
}

impl Database {
    /// Checks the URL. Connects only at the first call, so that the process can start while PostgreSQL is down.
    ///
    /// # Errors
    /// The URL is invalid, or the SQLite file does not exist.
    pub fn open(url: &str, settings: Settings) -> Result<Self, StartError> {
        let address = Address::parse(url)?;
        address.must_exist()?;
        // These threads open and close connections. There are two, so that one connection attempt that hangs does not
        // block another.
        let background =
            Arc::new(ScheduledThreadPool::builder().num_threads(2).thread_name_pattern("database-{}").build());
        let watchdog = Arc::new(Watchdog::start());
        let pool = |connections, threads| {
            let manager = Manager::new(address.clone(), Arc::clone(&watchdog));
            BlockingPool::new(manager, connections, threads, Arc::clone(&background), Arc::clone(&watchdog))
        };
        // A single connection is used in turn.
        let connections = settings.connections.max(1);
        let for_sessions = session_reads::THREADS.min(connections - 1).max(1);
        let reads = pool(connections, (connections - for_sessions).max(1));
        let sessions = SessionReads::new(&reads, for_sessions);
        let writes = match address {
            // Two writers would only wait for each other's lock by polling.
            Address::Sqlite(_) => pool(1, 1),
            Address::Postgres(_) => reads.clone(),
        };
        Ok(Self { reads, sessions, writes })
    }

    /// Checks the URL like [`Database::open`], but does not look for the file and does not connect.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn check(url: &str) -> Result<(), StartError> {
        Address::parse(url).map(drop)
    }

    /// Returns the names of the migrations that [`migrate::run`] would apply now.
    ///
    /// # Errors
    /// The same as the methods of [`Users`]. Also if the database is migrated, but its encoding, its state or a missing
    /// grant would make requests fail.
    pub async fn pending(&self) -> Result<Vec<String>, DependencyError> {
        self.reads
            .run(|connection, _| {
                let pending = migrate::pending(connection)?;
                if pending.is_empty() {
                    requirements::check(connection)?;
                }
                Ok(pending)
            })
            .await
    }

    async fn insert(
        &self,
        user: &NewUser,
        session: &NewSession,
        earlier: Option<Detach>,
    ) -> Result<Created, DependencyError> {
        let accepted = user.consent.as_ref().map(|consent| ConsentRow::all(&rows::text(user.id.0), consent));
        let (user, session, accepted) =
            (NewUserRow::from(user), NewSessionRow::from(session), accepted.unwrap_or_default());
        let (id, first, at) = (user.id.clone(), session.id.clone(), session.created_at);
        let create = move |connection: &mut AnyConnection, deadline| {
            sign_up::create(connection, &user, &session, &accepted, earlier.as_ref(), deadline)
        };
        self.writes.run_with_look(create, move |connection| outcome::sign_up(connection, &id, &first, at)).await
    }
}

#[async_trait]
impl Users for Database {
    async fn account_of(&self, phone: &Phone) -> Result<Option<AccountSummary>, DependencyError> {
        let phone = phone.e164().to_owned();
        self.reads.run(move |connection, _| users::account_of(connection, &phone)).await
    }

    async fn create(&self, user: &NewUser, session: &NewSession) -> Result<Created, DependencyError> {
        self.insert(user, session, None).await
    }

    async fn create_anew(
        &self,
        user: &NewUser,
        session: &NewSession,
        earlier: &Detach,
    ) -> Result<Created, DependencyError> {
        self.insert(user, session, Some(earlier.clone())).await
    }

    async fn by_phone(&self, phone: &Phone) -> Result<Option<Account>, DependencyError> {
        let phone = phone.e164().to_owned();
        self.reads.run(move |connection, _| users::by_phone(connection, &phone)).await
    }

    async fn by_phone_and_device(
        &self,
        phone: &Phone,
        device: DeviceId,
        now: DateTime<Utc>,
    ) -> Result<AccountOnDevice, DependencyError> {
        let (phone, now) = (phone.e164().to_owned(), rows::stored(now));
        self.reads.run(move |connection, _| users::by_phone_and_device(connection, &phone, device, now)).await
    }

    async fn by_session(&self, session: SessionId, now: DateTime<Utc>) -> Result<Option<User>, DependencyError> {
        self.sessions.owner(Key { session: rows::text(session.0), at: rows::stored(now) }).await
    }

    async fn password_hash(&self, user: UserId) -> Result<Option<PasswordHash>, DependencyError> {
        let user = rows::text(user.0);
        self.reads.run(move |connection, _| users::password_hash(connection, &user)).await
    }

    async fn sign_in(
        &self,
        session: &NewSession,
        proof: &Proof,
        rehashed: Option<&PasswordHash>,
        policy: &SessionPolicy,
    ) -> Result<bool, DependencyError> {
        let session = NewSessionRow::from(session);
        let (proof, rehashed, policy) = (proof.clone(), rehashed.cloned(), policy.clone());
        let (user, id) = (session.user_id.clone(), session.id.clone());
        let sign_in = move |connection: &mut AnyConnection, deadline| {
            let rehashed = rehashed.as_ref().map(PasswordHash::expose);
            sessions::sign_in(connection, &session, &proof, rehashed, &policy, deadline)
        };
        self.writes.run_with_look(sign_in, move |connection| outcome::sign_in(connection, &user, &id)).await
    }

    async fn refresh(
        &self,
        request: &Refresh,
        now: DateTime<Utc>,
        policy: &SessionPolicy,
    ) -> Result<Refreshed, DependencyError> {
        let (request, now, policy) = (request.clone(), rows::stored(now), policy.clone());
        self.writes.run(move |connection, _| refresh::refresh(connection, &request, now, &policy)).await
    }

    async fn is_unused(&self, generation: Generation, now: DateTime<Utc>) -> Result<bool, DependencyError> {
        let now = rows::stored(now);
        self.reads.run(move |connection, _| refresh::is_unused(connection, generation, now)).await
    }

    async fn sessions(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        policy: &SessionPolicy,
    ) -> Result<Vec<Session>, DependencyError> {
        let (user, now, policy) = (rows::text(user.0), rows::stored(now), policy.clone());
        self.reads.run(move |connection, _| sessions::list(connection, &user, now, &policy)).await
    }

    async fn end_session(
        &self,
        by: &Authority,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError> {
        let (by, session, now) = (AuthorityRow::from(by), rows::text(session.0), rows::stored(now));
        self.writes.run(move |connection, _| sessions::end(connection, &by, &session, now)).await
    }

    async fn end_device(
        &self,
        by: &Authority,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError> {
        let (by, session, now) = (AuthorityRow::from(by), rows::text(session.0), rows::stored(now));
        self.writes
            .run(move |connection, deadline| sessions::end_device(connection, &by, &session, now, deadline))
            .await
    }

    async fn end_sessions(&self, by: &Authority, now: DateTime<Utc>) -> Result<bool, DependencyError> {
        let (by, now) = (AuthorityRow::from(by), rows::stored(now));
        self.writes.run(move |connection, deadline| users::end_sessions(connection, &by, now, deadline)).await
    }

    async fn change_profile(
        &self,
        by: &Authority,
        change: &ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, DependencyError> {
        let (by, change, now) = (AuthorityRow::from(by), ProfileRow::new(change, now), rows::stored(now));
        self.writes.run(move |connection, _| users::change_profile(connection, &by, &change, now)).await
    }

    async fn accept(&self, by: &Authority, consent: &Consent) -> Result<Option<User>, DependencyError> {
        let (by, consent) = (AuthorityRow::from(by), consent.clone());
        self.writes.run(move |connection, deadline| consents::accept(connection, &by, &consent, deadline)).await
    }

    async fn change_password(
        &self,
        by: &Authority,
        proof: &Proof,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Renewed>, DependencyError> {
        let (by, proof, hash, now) = (AuthorityRow::from(by), proof.clone(), hash.clone(), rows::stored(now));
        let (same, new) = (by.clone(), hash.clone());
        let change = move |connection: &mut AnyConnection, deadline| {
            users::change_password(connection, &by, &proof, hash.expose(), now, deadline)
        };
        let look = move |connection: &mut AnyConnection| outcome::password_change(connection, &same, new.expose());
        self.writes.run_with_look(change, look).await
    }

    async fn reset_password(
        &self,
        user: UserId,
        proof: &Proof,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError> {
        let (user, proof, hash, now) = (rows::text(user.0), proof.clone(), hash.clone(), rows::stored(now));
        let (id, new) = (user.clone(), hash.clone());
        let reset = move |connection: &mut AnyConnection, deadline| {
            users::reset_password(connection, &user, &proof, hash.expose(), now, deadline)
        };
        let look = move |connection: &mut AnyConnection| outcome::password_reset(connection, &id, new.expose());
        self.writes.run_with_look(reset, look).await
    }

    async fn change_phone(
        &self,
        by: &Authority,
        change: &NumberChange,
        now: DateTime<Utc>,
    ) -> Result<PhoneChange, DependencyError> {
        let (by, change, now) = (AuthorityRow::from(by), change.clone(), rows::stored(now));
        let (same, to) = (by.clone(), change.to.e164().to_owned());
        let change = move |connection: &mut AnyConnection, deadline| {
            users::change_phone(connection, &by, &change, now, deadline)
        };
        self.writes.run_with_look(change, move |connection| outcome::phone_change(connection, &same, &to)).await
    }

    async fn confirm_phone(
        &self,
        by: &Authority,
        phone: &Phone,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, DependencyError> {
        let (by, phone, now) = (AuthorityRow::from(by), phone.e164().to_owned(), rows::stored(now));
        self.writes.run(move |connection, _| users::confirm_phone(connection, &by, &phone, now)).await
    }

    async fn delete(
        &self,
        user: UserId,
        proof: &Proof,
        by: Option<&Authority>,
        now: DateTime<Utc>,
    ) -> Result<bool, DependencyError> {
        let (user, proof, by, now) = (rows::text(user.0), proof.clone(), by.map(AuthorityRow::from), rows::stored(now));
        let id = user.clone();
        let delete = move |connection: &mut AnyConnection, deadline| {
            users::delete(connection, &user, &proof, by.as_ref(), now, deadline)
        };
        self.writes.run_with_look(delete, move |connection| outcome::deletion(connection, &id)).await
    }

    async fn ping(&self) -> Result<(), DependencyError> {
        self.writes.run(|connection, _| users::ping(connection)).await
    }
}

//! Accounts in SQLite or PostgreSQL: one set of queries, the engine chosen by the scheme of the URL.

mod address;
mod connection;
mod fault;
pub mod migrate;
mod pool;
mod rows;
mod schema;
mod users;

use crate::domain::phone::Phone;
use crate::domain::session::{NewSession, SessionId};
use crate::domain::user::{NewUser, User};
use crate::ports::{Created, Failure, Users};
use address::Address;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use pool::BlockingPool;
use rows::{NewSessionRow, NewUserRow};
use scheduled_thread_pool::ScheduledThreadPool;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

/// Why the database cannot be used at all; one sentence for the operator, never with a secret.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the database URL must begin with sqlite://, postgres:// or postgresql://")]
    Scheme,
    #[error("a sqlite:// URL is a path, relative or absolute (sqlite:///…), and takes no options")]
    SqlitePath,
    #[error("there is no database file {}: `doorstep migrate` creates it", .0.display())]
    Missing(PathBuf),
    #[error("cannot create the database file {}: {reason}", .path.display())]
    Create { path: PathBuf, reason: ErrorKind },
    #[error(
        "the database URL asks for TLS (sslmode), which the bundled libpq cannot speak: build doorstep with \
        --no-default-features to use the system's libpq"
    )]
    Tls,
    #[error("cannot connect to the database: {0}")]
    Connect(String),
    #[error("cannot migrate the database: {0}")]
    Migration(String),
}

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// At most so many connections, at least 1; one more for SQLite, where one writes and the others read.
    pub connections: u32,
}

/// The accounts. Every call ends within 2.5 s, with [`Failure::Unavailable`] if need be.
pub struct Database {
    reads: BlockingPool,
    /// On PostgreSQL the same as `reads`.
    writes: BlockingPool,
}

impl Database {
    /// Checks the URL. Connects at the first call only, so that the process starts while PostgreSQL is down.
    ///
    /// # Errors
    /// A URL of no known engine, or a SQLite file that does not exist.
    pub fn open(url: &str, settings: Settings) -> Result<Self, StartError> {
        let address = Address::parse(url)?;
        address.must_exist()?;
        // They make and retire connections. Two, so that one attempt that hangs does not hold up another.
        let background =
            Arc::new(ScheduledThreadPool::builder().num_threads(2).thread_name_pattern("database-{}").build());
        let pool = |connections| BlockingPool::new(address.clone(), connections, Arc::clone(&background));
        let reads = pool(settings.connections.max(1));
        let writes = match address {
            // Two writers would only poll for each other's lock.
            Address::Sqlite(_) => pool(1),
            Address::Postgres(_) => reads.clone(),
        };
        Ok(Self { reads, writes })
    }

    /// Whether [`Database::open`] would understand the URL; looks for no file and connects to nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(url: &str) -> Result<(), StartError> {
        Address::parse(url).map(drop)
    }

    /// The names of the migrations that [`migrate::run`] would run now.
    ///
    /// # Errors
    /// As the port's methods.
    pub async fn pending(&self) -> Result<Vec<String>, Failure> {
        self.reads.run(|connection, _| migrate::pending(connection)).await
    }
}

#[async_trait]
impl Users for Database {
    async fn phone_is_taken(&self, phone: &Phone) -> Result<bool, Failure> {
        let phone = phone.e164().to_owned();
        self.reads.run(move |connection, _| users::phone_is_taken(connection, &phone)).await
    }

    async fn create(&self, user: &NewUser, session: &NewSession) -> Result<Created, Failure> {
        let (user, session) = (NewUserRow::from(user), NewSessionRow::from(session));
        self.writes.run(move |connection, deadline| users::create(connection, &user, &session, deadline)).await
    }

    async fn by_session(&self, session: SessionId, now: DateTime<Utc>) -> Result<Option<User>, Failure> {
        let (session, now) = (rows::text(session.0), rows::stored(now));
        self.reads.run(move |connection, _| users::by_session(connection, &session, now)).await
    }

    async fn by_phone(&self, _: &Phone) -> Result<Option<crate::ports::Account>, Failure> {
        todo!()
    }
    async fn password_hash(
        &self,
        _: crate::domain::user::UserId,
    ) -> Result<Option<crate::domain::password::PasswordHash>, Failure> {
        todo!()
    }
    async fn sign_in(
        &self,
        _: &NewSession,
        _: &crate::ports::Proof,
        _: Option<&crate::domain::password::PasswordHash>,
        _: &crate::domain::policy::SessionPolicy,
    ) -> Result<bool, Failure> {
        todo!()
    }
    async fn refresh(
        &self,
        _: crate::domain::session::Generation,
        _: DateTime<Utc>,
        _: &crate::domain::policy::SessionPolicy,
    ) -> Result<crate::ports::Refreshed, Failure> {
        todo!()
    }
    async fn sessions(
        &self,
        _: crate::domain::user::UserId,
        _: DateTime<Utc>,
        _: &crate::domain::policy::SessionPolicy,
    ) -> Result<Vec<crate::domain::session::Session>, Failure> {
        todo!()
    }
    async fn end_session(
        &self,
        _: crate::domain::user::UserId,
        _: SessionId,
        _: DateTime<Utc>,
    ) -> Result<bool, Failure> {
        todo!()
    }
    async fn end_sessions(&self, _: crate::domain::user::UserId, _: DateTime<Utc>) -> Result<(), Failure> {
        todo!()
    }
    async fn change_profile(
        &self,
        _: crate::domain::user::UserId,
        _: &crate::domain::user::ProfileChange,
        _: DateTime<Utc>,
    ) -> Result<Option<User>, Failure> {
        todo!()
    }
    async fn set_password(
        &self,
        _: crate::domain::user::UserId,
        _: &crate::ports::Proof,
        _: &crate::domain::password::PasswordHash,
        _: Option<SessionId>,
        _: DateTime<Utc>,
    ) -> Result<bool, Failure> {
        todo!()
    }
    async fn change_phone(
        &self,
        _: crate::domain::user::UserId,
        _: &Phone,
        _: &Phone,
        _: DateTime<Utc>,
    ) -> Result<crate::ports::PhoneChange, Failure> {
        todo!()
    }
    async fn delete(&self, _: crate::domain::user::UserId, _: &crate::ports::Proof) -> Result<bool, Failure> {
        todo!()
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.reads.run(|connection, _| users::ping(connection)).await
    }
}

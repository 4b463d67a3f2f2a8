//! A database for one test, and users for it.

use crate::support::postgres;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use doorstep::adapters::database::{Database, Settings, migrate};
use doorstep::domain::client_id::ClientId;
use doorstep::domain::ip_block::{IpBlock, Nat64};
use doorstep::domain::keys::Keys;
use doorstep::domain::password::PasswordHash;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::refresh::{Refresh, RefreshBlock};
use doorstep::domain::session::{Authority, Device, Generation, NewSession, SessionId};
use doorstep::domain::user::{AccountVersion, NewUser, Nickname, Profile, UserId};
use doorstep::ports::{Created, NumberChange, Proof, Users};
use std::sync::Arc;
use tempfile::TempDir;

pub struct Store {
    pub engine: &'static str,
    pub url: String,
    pub database: Arc<Database>,
    _folder: Option<TempDir>,
}

/// One empty database of each engine, and a PostgreSQL one whose transactions are serializable. Some servers that speak
/// the protocol of PostgreSQL have no other isolation.
pub fn stores() -> [Store; 3] {
    let serializable = postgres_store();
    let name = serializable.text("SELECT current_database()::text AS value");
    serializable.execute(&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"));
    [sqlite_store(), postgres_store(), serializable]
}

pub fn postgres_store() -> Store {
    let url = postgres::url();
    Store { engine: "postgres", database: open(&url), url, _folder: None }
}

pub fn sqlite_store() -> Store {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/users.db", folder.path().display());
    migrate::run(&url).unwrap();
    Store { engine: "sqlite", database: open(&url), url, _folder: Some(folder) }
}

pub fn open(url: &str) -> Arc<Database> {
    Arc::new(Database::open(url, Settings { connections: 4 }).unwrap())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Direct access to the tables, over a separate connection.
impl Store {
    pub fn count(&self, table: &str) -> i64 {
        let query = sql_query(format!("SELECT count(*) AS value FROM {table}"));
        match self.engine {
            "sqlite" => query.get_result::<Count>(&mut self.sqlite()).unwrap().value,
            _ => query.get_result::<Count>(&mut self.postgres()).unwrap().value,
        }
    }

    pub fn text(&self, query: &str) -> String {
        match self.engine {
            "sqlite" => sql_query(query).get_result::<Value>(&mut self.sqlite()).unwrap().value,
            _ => sql_query(query).get_result::<Value>(&mut self.postgres()).unwrap().value,
        }
    }

    pub fn execute(&self, statements: &str) {
        match self.engine {
            "sqlite" => self.sqlite().batch_execute(statements).unwrap(),
            _ => self.postgres().batch_execute(statements).unwrap(),
        }
    }

    pub fn sqlite(&self) -> SqliteConnection {
        let mut connection = SqliteConnection::establish(self.url.trim_start_matches("sqlite://")).unwrap();
        connection.batch_execute("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000").unwrap();
        connection
    }

    pub fn postgres(&self) -> PgConnection {
        PgConnection::establish(&self.url).unwrap()
    }
}

pub fn now() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Creates a user with this phone, and a session of one hour. The ids contain `n`.
pub fn new_user(phone: &str, n: u8) -> (NewUser, NewSession) {
    let user = NewUser {
        id: UserId::new(now(), [n; 10]),
        phone: Phone::from_stored(phone.to_owned()).unwrap(),
        password_hash: Some(PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ${n}"))),
        profile: Profile { nickname: Nickname::parse("Ada").unwrap(), avatar_url: None, gender: None, birthday: None },
        consent: None,
        created_at: now(),
    };
    let session = NewSession {
        id: SessionId::new(now(), [n; 10]),
        user_id: user.id,
        device: Device { client_id: client_id(n), ..Device::default() },
        created_at: now(),
        expires_at: now() + TimeDelta::hours(1),
    };
    (user, session)
}

/// Creates a session of another device of this user, with the longest lifetime of the default policy.
pub fn device(user: &NewUser, n: u8) -> NewSession {
    NewSession {
        id: SessionId::new(now(), [n; 10]),
        user_id: user.id,
        device: Device { client_id: client_id(n), ..Device::default() },
        created_at: now(),
        expires_at: now() + SessionPolicy::default().absolute,
    }
}

/// App that signs in: every second one sends its id.
fn client_id(n: u8) -> Option<ClientId> {
    (n % 2 == 1).then(|| ClientId::parse(&format!("shop-{n}")).unwrap())
}

/// Creates a request to refresh, without a key, always from the same IP block.
pub fn refresh_with(presented: Generation) -> Refresh {
    Refresh { presented, key: None, from: block(presented.session, "192.0.2.1") }
}

pub fn block(session: SessionId, address: &str) -> RefreshBlock {
    let keys = Keys::derive(&[1; 32]);
    let block = IpBlock::new(address.parse().unwrap(), &Nat64::default(), &keys.ip_block);
    RefreshBlock::new(&keys.refresh_block, session, &block)
}

pub fn password_proof(user: &NewUser) -> Proof {
    Proof::Password(password_hash(user).clone())
}

/// Creates the proof by a code that was sent before any change of the credentials.
pub fn code_proof(user: &NewUser) -> Proof {
    Proof::Code { phone: user.phone.clone(), credentials: 0, uses: None }
}

/// Creates the authority of this session before any change of the credentials.
pub fn authority(session: &NewSession) -> Authority {
    authority_at(session, 0)
}

/// Creates the authority of this session while the credentials have this version.
pub fn authority_at(session: &NewSession, credentials: i64) -> Authority {
    Authority { session: session.id, account: AccountVersion { user: session.user_id, credentials } }
}

/// Returns a hash that no user has.
pub fn another_hash() -> PasswordHash {
    PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$new".to_owned())
}

impl Store {
    /// Returns the credentials version of the user's row.
    pub fn credentials(&self, user: &NewUser) -> i64 {
        let query = format!("SELECT '' || credentials_version AS value FROM users WHERE id = '{}'", user.id.0);
        self.text(&query).parse().unwrap()
    }

    /// Stores a user who is signed in on one device.
    pub async fn signed_up(&self, phone: &str, n: u8) -> (NewUser, NewSession) {
        let (user, _) = new_user(phone, n);
        let session = device(&user, n);
        assert_eq!(self.database.create(&user, &session).await.unwrap(), Created::Yes, "{}", self.engine);
        (user, session)
    }
}

pub fn password_hash(user: &NewUser) -> &PasswordHash {
    user.password_hash.as_ref().unwrap()
}

pub fn number_change(from: &Phone, to: &Phone) -> NumberChange {
    NumberChange { from: Some(from.clone()), to: to.clone(), uses: None, detach: None }
}

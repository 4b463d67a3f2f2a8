//! Accounts inserted into the database, all with the same password and hash: so many sign-ups would take too long.

use crate::back_ends::{BackEnds, Kind};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use doorstep::adapters::argon2::{Argon2id, Cost};
use doorstep::adapters::system::OsRandom;
use doorstep::domain::password::NewPassword;
use doorstep::domain::phone::Phone;
use doorstep::ports::{Hashed, PasswordHasher, Random};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub const PASSWORD: &str = "harbour quince 4711";

/// Number of accounts of a login run. It is so high that no phone reaches its limit of 60 password attempts per hour.
pub const ACCOUNTS: u32 = 20_000;

/// Reserves numbers of accounts for one part of the run.
pub fn numbers(count: u32) -> Range<u32> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = NEXT.fetch_add(count, Ordering::Relaxed);
    first..first + count
}

/// Returns the phone of an account number, also if the account does not exist.
pub fn phone(number: u32) -> String {
    format!("+86139{number:08}")
}

/// Inserts an account for every `step`th number. The service must have started once before, to create the SQLite
/// tables.
pub async fn insert(back_ends: &BackEnds, kind: Kind, numbers: Range<u32>, step: u32) {
    let hash = hash().await;
    let (first, last) = (numbers.start, numbers.end - 1);
    // The sum with a power of ten, without its first digit, is padded with zeros in both SQL dialects.
    let statement = format!(
        "WITH RECURSIVE numbers (n) AS (
             SELECT {first} UNION ALL SELECT n + {step} FROM numbers WHERE n + {step} <= {last}
         )
         INSERT INTO users (id, phone, password_hash, nickname, created_at, updated_at, password_changed_at,
                            phone_proven_at)
         SELECT '019a9f6e-0000-7000-8000-' || substr('' || (1000000000000 + n), 2),
                '+86139' || substr('' || (100000000 + n), 2), '{hash}', '小明',
                TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 00:00:00',
                CURRENT_TIMESTAMP
         FROM numbers"
    );
    match kind {
        Kind::Real => {
            let mut postgres = PgConnection::establish(&back_ends.database_url(kind)).unwrap();
            // Autovacuum runs ANALYZE only later; without statistics the planner does not use the index.
            postgres.batch_execute(&format!("{statement}; ANALYZE users")).unwrap();
        }
        Kind::Embedded => {
            let mut sqlite = SqliteConnection::establish(&back_ends.database_url(kind)).unwrap();
            sqlite.batch_execute(&statement.replace("TIMESTAMP '", "'")).unwrap();
        }
    }
}

async fn hash() -> String {
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    let hasher = Argon2id::start(Cost::default(), NonZeroUsize::MIN, &random).unwrap();
    let owner = Phone::from_stored(phone(0)).unwrap();
    match hasher.hash(NewPassword::parse(PASSWORD).unwrap(), Some(&owner)).await.unwrap() {
        Hashed::Hash(hash) => hash.expose().to_owned(),
        Hashed::TooWeak => unreachable!(),
    }
}

//! PostgreSQL databases without tables.

use crate::support::postgres::OwnPostgres;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Creates an empty database for one test. Its URL contains the password `open-sesame`.
pub fn empty_database() -> String {
    static SHARED: OnceLock<OwnPostgres> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SHARED.get_or_init(OwnPostgres::start_new);
    let name = format!("empty{}", NEXT.fetch_add(1, Ordering::Relaxed));
    server.admin(&format!("CREATE DATABASE {name}"));
    server.url(&name)
}

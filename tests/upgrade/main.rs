//! Two releases side by side on one Redis and one database, as during a rolling upgrade: the one before, and this one
//! with one more migration that expands the schema. Each flow runs in every pattern of releases: any of its requests
//! may reach either release. `make upgrade` builds the release before and runs these tests.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

#[path = "../support/dpop.rs"]
mod device_key;

mod account;
mod bound;
mod releases;
mod retries;
mod sessions;
mod steps;

//! The contracts of `doorstep::ports`, each run against every implementation on real servers.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod avatars;
mod routes;
mod providers;
mod sms;
mod staging;
mod users;

//! Contract suites for `doorstep::ports`. Each suite tests every implementation, on real servers.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

mod avatars;
mod providers;
mod simulation;
mod sms;
mod sms_router;
mod staging;
mod users;

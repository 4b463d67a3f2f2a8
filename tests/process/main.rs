//! The real program, driven as operators drive it: commands, environment, files, signals, and what it writes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

mod bomber;
mod check_config;
mod client;
mod docs;
mod doorstep;
mod first_start;
mod gate;
mod keys;
mod log;
mod metrics;
mod migrate;
mod openapi;
mod outages;
mod readme;
mod samples;
mod servers;
mod shutdown;
mod silence;
mod stores;
mod sms_regions;
mod test_numbers;
mod tls;

//! The real program, used as operators use it: commands, environment, files, signals, logs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

#[path = "../support/dpop.rs"]
mod device_key;

mod api_guide;
mod builds;
mod captcha_samples;
mod check_config;
mod claims;
mod database_faults;
mod databases;
mod deferred_refunds;
mod descriptors;
mod docs;
mod dpop;
mod edge;
mod first_start;
mod frozen_database;
mod huge_pages;
mod keys;
mod log;
mod lost_answers;
mod metrics;
mod migrate;
mod openapi;
mod outages;
mod pgbouncer;
mod pipelining;
mod proof_of_work;
mod proxy;
mod readme;
mod redis_faults;
mod rolling_restart;
mod secret_files;
mod secret_key_rotation;
mod settings;
mod shells;
mod shutdown;
mod slow_provider;
mod sms_pumping;
mod sms_pumping_day;
mod sms_regions;
mod stalled_output;
mod store_flood;
mod stored_data;
mod test_numbers;
mod tls;
mod try_script;
mod zsh;

use support::{client, doorstep};

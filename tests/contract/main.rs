//! The contracts of `doorstep::ports`, each run against every implementation on real servers.

#[path = "../support/mod.rs"]
mod support;

mod sms;
mod staging;
mod users;

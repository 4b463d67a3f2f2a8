//! Carriers of one-time codes: one file per provider.

pub mod cloopen;
pub mod console;

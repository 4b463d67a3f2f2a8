//! Carriers of messages: one file per provider.

pub mod cloopen;
pub mod console;

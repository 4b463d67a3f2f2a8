//! Captchas, flows and counters: in Redis for any number of processes, or in the memory of one.

mod expiring;
mod lease;
pub mod memory;
pub mod redis;
mod scripts;

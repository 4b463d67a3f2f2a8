//! Captchas, flows and counters: in Redis for any number of processes, or in the memory of one.

mod expiring;
pub mod memory;
pub mod redis;
mod scripts;

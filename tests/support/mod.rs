//! What the test binaries share: real servers, started on free ports in temporary folders and stopped with the test process.
#![expect(dead_code, reason = "each test binary uses its own part")]

pub mod cloopen;
pub mod postgres;
pub mod process;
pub mod redis;

//! Staging in Redis (6 or newer), for any number of processes.
//!
//! | key | holds |
//! |---|---|
//! | `captcha:{shared}:id` | answer |
//! | `flow:{phone}:digest` | hash: purpose, phone, account, decoy, client, ip_blocks, provider, step, sends, attempts_left, passwords_left, password_hash, password_proven, consent, completion |
//! | `claim:{phone}:digest` | exists while a caller redeems the right code of the flow |
//! | `limit:{phone}:name` | limits of a phone on messages |
//! | `limit:{shared}:name:key` | every other limit: a number, or a hash of members |
//! | `idempotency:{name}` | hash: fingerprint, response |
//! | `probe:{shared}` | exists for a second after a check whether Redis accepts writes |
//!
//! The part in braces is the hash tag, which puts all keys of one call into one slot of a cluster. All times are
//! remaining lifetimes of keys: no time of day is stored or compared, so clocks that differ have no effect.

mod client;
mod cluster;
mod counters;
mod error;
mod flows;
mod idempotency;
mod lease;
mod nodes;
mod outage;
mod reply;
mod request;
mod sentinel;
mod slots;
mod survey;

pub use client::RedisStaging;

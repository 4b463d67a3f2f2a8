//! Staging in Redis (6 or newer), for any number of processes.
//!
//! | key | holds |
//! |---|---|
//! | `captcha:{id}` | hash: answer |
//! | `flow:{phone}:digest` | hash: purpose, phone, account, decoy, client, ip_blocks, provider, step, sends, attempts_left, passwords_left, password_hash, password_proven, consent, completion |
//! | `claim:{phone}:digest` | exists while a caller redeems the right code of the flow |
//! | `limit:{phone}:name` | limits of a phone on messages |
//! | `limit:{shared}:name:key` | every other limit: a number, or a hash of members |
//! | `idempotency:{name}` | hash: fingerprint, response |
//!
//! The part in braces is the hash tag, which puts all keys of one call into one slot of a cluster. All times are
//! remaining lifetimes of keys: no time of day is stored or compared, so clocks that differ have no effect.

mod client;
mod counters;
mod flows;
mod idempotency;
mod reply;

pub use client::RedisStaging;

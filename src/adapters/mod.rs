//! One outside thing per file. Adapters translate: driver words and errors stop here.

pub mod argon2;
pub mod avatar;
pub mod bulkhead;
pub mod captcha;
pub mod database;
pub mod jwt;

pub mod sms;
pub mod staging;
pub mod system;
pub mod telemetry;

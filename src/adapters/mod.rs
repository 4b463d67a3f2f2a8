//! Implementations of the ports, one external system per module. Types and errors of drivers do not leave this module.

pub mod argon2;
pub mod avatar;
pub mod bulkhead;
pub mod captcha;
pub mod database;
pub mod dpop;
pub mod fair_queue;
pub mod jwt;
pub mod prometheus_text;
pub mod sms;
pub mod staging;
pub mod stdout;
pub mod system;
pub mod telemetry;
pub mod workers;

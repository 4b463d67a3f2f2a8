//! HTTP API: JSON in, JSON out. A handler parses the request into domain values, calls one flow and maps the result.
//! It contains no rules of its own.

pub mod account_deletion;
pub mod avatar;
pub mod bodies;
pub mod captchas;
pub mod checks;
pub mod client;
mod dpop;
mod endpoint;
pub mod envelope;
pub mod error;
pub mod extract;
pub mod health;
mod idempotency;
pub mod keys;
mod language;
pub mod login;
pub mod me;
pub mod openapi;
mod otp;
pub mod password_reset;
pub mod register;
mod response;
mod routes;
pub mod schemas;
pub mod sessions;
pub mod transport;

pub use routes::routes;

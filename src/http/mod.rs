//! HTTP API: JSON in, JSON out. A handler parses the request into domain values, calls one flow and maps the result.
//! It contains no rules of its own.

mod account_deletion;
mod avatar;
mod captchas;
pub mod client;
mod contract;
mod dpop;
pub mod dto;
mod endpoint;
mod endpoints;
pub mod error;
pub mod error_guide;
pub mod extract;
pub mod field_codes;
mod form;
mod from_domain;
mod from_flows;
mod health;
mod idempotency;
mod keys;
mod language;
mod login;
mod me;
pub mod middleware;
pub mod openapi;
mod otp;
mod ownership;
mod pages;
mod password_reset;
mod passwords;
mod register;
mod response;
mod routes;
mod served;
mod sessions;
pub mod transport;

pub use pages::{CompressedPages, DeletionPage, Pages};
pub use routes::routes;

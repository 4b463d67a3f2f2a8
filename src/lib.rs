//! doorstep: sign-up for mobile apps by phone number, as a stateless JSON REST service.
//!
//! The flow: captcha, send code, verify code, set password, submit profile, tokens. Each step's state waits in staging
//! (Redis, or memory for development); users live in SQL; the answer is a JWT.
//!
//! The import rule, from the inside out: `domain` knows nobody; `ports` knows `domain`; `flows` know both; `http` turns
//! text into domain values and calls `flows`; `adapters` implement `ports`; only `app` knows everything.
//! `tests/architecture` holds it.

pub mod domain;
pub mod ports;
pub mod flows;
pub mod http;
pub mod adapters;
pub mod config;
pub mod app;

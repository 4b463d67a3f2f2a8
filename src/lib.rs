//! doorstep: accounts for mobile apps by phone number, as a stateless JSON REST service.
//!
//! Sign-up: captcha, send code, verify code, set password, submit profile, tokens. Then sign-in, refresh, devices, profile,
//! password reset, change of number, deletion. Each step's state waits in staging (Redis, or memory for development);
//! users live in SQL; the answer is a JWT.
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

//! doorstep: sign-up for mobile apps by phone number, as a stateless JSON REST service.

pub mod adapters;
pub mod domain;
pub mod flows;
pub mod ports;

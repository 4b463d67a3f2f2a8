//! The use cases of the service, one verb per file. No HTTP, no SQL, no Redis: only the domain and the ports.

mod abuse_signal;
pub mod account;
pub mod avatar;
pub mod background;
pub mod captcha;
mod claim;
mod client;
mod consent;
pub mod dpop;
mod error;
pub mod fairness;
pub mod idempotency;
mod known_device;
mod lifecycle;
mod limits;
pub mod login;
mod new_password;
pub mod otp;
pub mod ownership;
pub mod password_reset;
mod probe;
mod proof_of_work;
mod readiness;
mod refund;
pub mod register;
mod service;
pub mod session;
pub mod sms_regions;
mod test_number;

pub use crate::ports::{Dependency, DependencyError};
pub use client::Client;
pub use error::{Error, InQuestion};
pub use known_device::NamedDevice;
pub use lifecycle::Phase;
pub use readiness::Readiness;
pub use service::{Ports, Service};

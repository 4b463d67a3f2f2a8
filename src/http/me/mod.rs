//! `/v1/me`: the account of the bearer.

pub mod bodies;
pub mod deletion;
pub mod password;
pub mod phone;
pub mod profile;

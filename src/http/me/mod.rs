//! `/v1/me`: the account of the signed-in user.

pub mod confirm;
mod confirmation;
pub mod consents;
pub mod deletion;
pub mod password;
pub mod pending;
pub mod phone;
pub mod profile;

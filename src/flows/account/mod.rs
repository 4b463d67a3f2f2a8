//! Account management by a signed-in user; `deletion` also serves a user who has only the phone.

pub mod confirm;
pub mod consents;
pub mod deletion;
pub(super) mod notice;
mod own_number;
pub mod password;
pub mod phone;
pub mod profile;
mod status;

pub use status::status;

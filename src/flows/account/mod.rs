//! Account management by a signed-in person; `deletion` also serves a person who has only the phone.

pub mod deletion;
pub mod password;
pub mod phone;
pub mod profile;

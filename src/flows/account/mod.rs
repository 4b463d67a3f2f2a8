//! What a signed-in person does with her account, and, in `deletion`, one who has only her phone.

pub mod deletion;
pub mod password;
pub mod phone;
pub mod profile;

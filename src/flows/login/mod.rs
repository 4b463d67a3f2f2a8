//! Sign-in, with the password or with a code.

mod new_device;
mod with_code;
mod with_password;

pub use with_code::with_code;
pub use with_password::{LogIn, with_password};

//! Sign-up: send code, verify code, set password, submit profile.

mod resend_code;
mod send_code;
mod set_password;
mod submit_profile;
mod verify_code;

pub use resend_code::resend_code;
pub use send_code::send_code;
pub use set_password::set_password;
pub use submit_profile::{SubmitProfile, submit_profile};
pub use verify_code::verify_code;

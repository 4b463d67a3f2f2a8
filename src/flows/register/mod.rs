//! Sign-up: send code, verify code, set password, submit profile.

pub mod resend_code;
pub mod send_code;
pub mod set_password;
pub mod status;
pub mod submit_profile;
pub mod verify_code;

pub use resend_code::resend_code;
pub use send_code::send_code;
pub use set_password::set_password;
pub use status::status;
pub use submit_profile::{SubmitProfile, submit_profile};
pub use verify_code::verify_code;

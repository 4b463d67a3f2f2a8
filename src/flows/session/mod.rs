//! Sessions: opening, refreshing, listing and ending them, and authenticating requests.

mod authenticate;
mod dead;
pub mod devices;
mod open;
mod refresh;
mod replay;
mod tokens;

pub use authenticate::{Caller, authenticate, verify};
pub(super) use dead::Dead;
pub use open::SignedIn;
pub(super) use open::{Opened, new_session_id, open, sign_in};
pub use refresh::{RefreshTokens, refresh};
pub use replay::must_be_unused;
pub use tokens::Tokens;
pub(super) use tokens::tokens as renew;

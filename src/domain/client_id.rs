//! ID of a client app.

use super::Invalid;

/// ID that an app sends: 1 to 64 ASCII letters, digits, dots, hyphens or underscores. It is not a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(String);

impl ClientId {
    pub const LONGEST: usize = 64;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.len() {
            0 => Err(Invalid::TooShort),
            n if n > Self::LONGEST => Err(Invalid::TooLong),
            _ if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Invalid::Format),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

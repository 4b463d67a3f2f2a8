//! The apps that people sign up with, as the operator's settings know them.

use super::Invalid;
use super::message::Autofill;
use std::collections::BTreeMap;

/// What an app calls itself: 1 to 64 ASCII letters, digits, dots, hyphens, underscores. No secret.
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

/// The apps, and how each wants codes to arrive.
#[derive(Debug, Clone, Default)]
pub struct ClientApps(BTreeMap<ClientId, Autofill>);

impl ClientApps {
    /// An id that the settings know.
    pub fn known(&self, text: &str) -> Result<ClientId, Invalid> {
        let id = ClientId::parse(text)?;
        if self.0.contains_key(&id) { Ok(id) } else { Err(Invalid::NotAllowed) }
    }

    #[must_use]
    pub fn autofill(&self, id: &ClientId) -> Option<&Autofill> {
        self.0.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&ClientId, &Autofill)> {
        self.0.iter()
    }
}

impl FromIterator<(ClientId, Autofill)> for ClientApps {
    fn from_iter<I: IntoIterator<Item = (ClientId, Autofill)>>(apps: I) -> Self {
        Self(apps.into_iter().collect())
    }
}

//! Client apps that the setting `CLIENT_APPS` names.

use super::Invalid;
use super::client_id::ClientId;
use super::message::Autofill;
use std::collections::BTreeMap;

/// Configured apps, and the SMS autofill data of each that has some.
#[derive(Debug, Clone, Default)]
pub struct ClientApps(BTreeMap<ClientId, Option<Autofill>>);

impl ClientApps {
    /// Reads the ID of a configured app. Returns [`Invalid::NotAllowed`] for an ID that is not configured.
    pub fn known(&self, text: &str) -> Result<ClientId, Invalid> {
        let id = ClientId::parse(text)?;
        if self.0.contains_key(&id) { Ok(id) } else { Err(Invalid::NotAllowed) }
    }

    #[must_use]
    pub fn autofill(&self, id: &ClientId) -> Option<&Autofill> {
        self.0.get(id)?.as_ref()
    }

    /// Lists the apps with SMS autofill.
    pub fn with_autofill(&self) -> impl Iterator<Item = (&ClientId, &Autofill)> {
        self.0.iter().filter_map(|(id, autofill)| Some((id, autofill.as_ref()?)))
    }
}

impl FromIterator<(ClientId, Option<Autofill>)> for ClientApps {
    fn from_iter<I: IntoIterator<Item = (ClientId, Option<Autofill>)>>(apps: I) -> Self {
        Self(apps.into_iter().collect())
    }
}

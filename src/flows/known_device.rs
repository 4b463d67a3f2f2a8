//! Requests with a device token. A known device counts on limits of its own, which strangers cannot use up.

use super::error::Error;
use super::limits::admit;
use super::service::Service;
use crate::domain::device::{DeviceId, DeviceToken, KnownDevice};
use crate::domain::dpop::Thumbprint;
use crate::domain::limits::{Counter, Limit};
use crate::domain::phone::Phone;
use crate::ports::{AccountOnDevice, Admission};

/// Device that a request names with a device token that the service has issued, and the key of the request's proof.
#[derive(Debug, Clone)]
pub struct NamedDevice {
    pub(super) id: DeviceId,
    key: Option<Thumbprint>,
}

impl NamedDevice {
    /// Verifies a device token. Any other text names no device: its client is like one without.
    #[must_use]
    pub fn of(service: &Service, token: Option<&str>, key: Option<&Thumbprint>) -> Option<Self> {
        let id = DeviceToken::open(&service.keys.device, token?).ok()?;
        Some(Self { id, key: key.cloned() })
    }

    /// Counts a request of the device on these limits, and returns what was counted. Counts nothing and returns `None`
    /// if a limit is reached, or if the token was used with too many other numbers: the client is like one without a
    /// token.
    pub(super) async fn count(&self, service: &Service, limits: &[Limit]) -> Result<Option<Vec<Counter>>, Error> {
        let counters = service.policy.limits.device(self.id, limits);
        match admit(service, &counters).await? {
            Admission::Allowed(_) => Ok(Some(counters)),
            Admission::Limited(_) => Ok(None),
        }
    }

    /// Returns the device if it is among the known devices of an account and the request has its key. Otherwise counts
    /// a use with another number. `None` also if the token was used with too many other numbers.
    pub(super) async fn among(&self, service: &Service, known: &[KnownDevice]) -> Result<Option<KnownDevice>, Error> {
        let found = known.iter().find(|known| known.id == self.id && known.accepts(self.key.as_ref()));
        let Some(found) = found else {
            self.count_other_number(service).await?;
            return Ok(None);
        };
        let counted = self.count(service, &[Limit::DeviceAttempts]).await?;
        Ok(counted.map(|_| found.clone()))
    }

    /// Reads the account of a phone, and the device if the account knows it and the request has its key. Otherwise
    /// counts a use with another number, whether the phone has an account or not.
    pub(super) async fn account(&self, service: &Service, phone: &Phone) -> Result<AccountOnDevice, Error> {
        let found = service.ports.users.by_phone_and_device(phone, self.id, service.now()).await?;
        let known = found.known.filter(|known| known.accepts(self.key.as_ref()));
        if known.is_none() {
            self.count_other_number(service).await?;
        }
        Ok(AccountOnDevice { known, ..found })
    }

    async fn count_other_number(&self, service: &Service) -> Result<(), Error> {
        let other = service.policy.limits.counter(Limit::DeviceOtherNumbers, self.id.0.to_string());
        admit(service, &[other]).await?;
        Ok(())
    }
}

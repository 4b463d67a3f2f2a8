//! What every flow works with.

use super::background::Background;
use super::probe::SharedProbe;
use crate::domain::id::uuid_v7;
use crate::domain::keys::Keys;
use crate::domain::phone::Phone;
use crate::domain::policy::Policy;
use crate::domain::test_phone::TestPhone;
use crate::domain::ticket::Ticket;
use crate::ports::{
    AccessTokens, AudioCaptcha, AvatarStorage, CaptchaRenderer, Clock, DependencyError, Event, PasswordHasher, Random,
    Sms, Staging, Telemetry, Users,
};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// The outside world as the flows see it.
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub staging: Arc<dyn Staging>,
    pub users: Arc<dyn Users>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub sms: Arc<dyn Sms>,
    pub telemetry: Arc<dyn Telemetry>,
    pub renderer: Arc<dyn CaptchaRenderer>,
    pub speaker: Arc<dyn AudioCaptcha>,
    pub tokens: Arc<dyn AccessTokens>,
    /// None: no avatars are uploaded.
    pub avatars: Option<Arc<dyn AvatarStorage>>,
}

/// Ports, keys and rules: the first argument of every flow.
pub struct Service {
    pub(super) ports: Ports,
    pub(super) keys: Keys,
    pub(super) policy: Policy,
    pub(super) background: Background,
    warm: AtomicBool,
    probe: SharedProbe,
}

impl Service {
    #[must_use]
    pub fn new(ports: Ports, keys: Keys, policy: Policy, background: Background) -> Self {
        Self { ports, keys, policy, background, warm: AtomicBool::new(false), probe: SharedProbe::new() }
    }

    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.ports.clock.now()
    }

    /// A UUIDv7, for naming a request.
    #[must_use]
    pub fn fresh_id(&self) -> Uuid {
        uuid_v7(self.now(), self.random())
    }

    /// Counts an answer.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.ports.telemetry.record(Event::Answered { method, route, status, took });
    }

    /// The public keys that access tokens can be verified with, a JSON Web Key Set.
    #[must_use]
    pub fn jwks(&self) -> &str {
        self.ports.tokens.jwks()
    }

    /// Says that start-up work is done; [`Service::ready`] refuses before.
    pub fn set_warm(&self) {
        self.warm.store(true, Ordering::Release);
    }

    /// Whether a request would find what it needs; `None` while the service is still warming up.
    pub async fn ready(&self) -> Option<Result<(), DependencyError>> {
        if !self.warm.load(Ordering::Acquire) {
            return None;
        }
        let probe = async {
            let (staging, users) = tokio::join!(self.ports.staging.ping(), self.ports.users.ping());
            staging.and(users)
        };
        Some(self.probe.share(probe).await)
    }

    /// Waits until messages that are still on their way have been handed over.
    pub async fn finish(&self) {
        self.background.finish().await;
    }

    /// The test number that this phone is, while it is one.
    pub(super) fn test_phone(&self, phone: &Phone) -> Option<&TestPhone> {
        self.policy.test_phones.of(phone, self.now())
    }

    /// The same of the phone that a ticket is for.
    pub(super) fn test_phone_of(&self, ticket: &Ticket) -> Option<&TestPhone> {
        self.policy.test_phones.by_phone_hash(ticket.subject(), &self.keys.subject, self.now())
    }

    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        self.ports.random.bytes()
    }
}

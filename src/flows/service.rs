//! The service: the ports, keys and policy that every flow uses.

use super::background::Background;
use super::lifecycle::Lifecycle;
use super::refund_queue::RefundQueue;
use super::session::Dead;
use crate::domain::id::uuid_v7;
use crate::domain::ip_block::IpBlock;
use crate::domain::keys::Keys;
use crate::domain::phone::Phone;
use crate::domain::policy::Policy;
use crate::domain::proof::Challenge;
use crate::domain::test_phone::TestPhone;
use crate::domain::ticket::Ticket;
use crate::ports::{
    AccessTokens, AudioCaptcha, AvatarStorage, CaptchaRenderer, Clock, DpopProofs, Event, PasswordHasher, Random, Sms,
    Staging, Telemetry, Users,
};
use chrono::{DateTime, Utc};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Everything outside the flows.
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Random>,
    pub staging: Arc<dyn Staging>,
    pub users: Arc<dyn Users>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub sms: Arc<dyn Sms>,
    pub telemetry: Arc<dyn Telemetry>,
    pub captcha_renderer: Arc<dyn CaptchaRenderer>,
    pub audio_captcha: Arc<dyn AudioCaptcha>,
    pub tokens: Arc<dyn AccessTokens>,
    pub dpop_proofs: Arc<dyn DpopProofs>,
    /// `None`: avatars cannot be uploaded.
    pub avatars: Option<Arc<dyn AvatarStorage>>,
}

/// First argument of every flow, passed as `&Service`. A clone is a handle on the same service: work that outlives its
/// request needs a clone.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

pub struct Parts {
    pub(super) ports: Ports,
    pub(super) keys: Keys,
    pub(super) policy: Policy,
    pub(super) background: Background,
    pub(super) lifecycle: Lifecycle,
    pub(super) dead: Dead,
    pub(super) refunds: RefundQueue,
}

impl Deref for Service {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Service {
    #[must_use]
    pub fn new(ports: Ports, keys: Keys, policy: Policy, background: Background) -> Self {
        let (lifecycle, dead, refunds) = (Lifecycle::new(), Dead::default(), RefundQueue::default());
        Self(Arc::new(Parts { ports, keys, policy, background, lifecycle, dead, refunds }))
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.ports.clock.now()
    }

    /// New UUIDv7, as the name of a request.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        uuid_v7(self.now(), self.random())
    }

    /// Records a completed request in the metrics.
    pub fn record_request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.ports.telemetry.record(Event::RequestCompleted { method, route, status, took });
    }

    /// Public keys that verify access tokens, a JSON Web Key Set.
    #[must_use]
    pub fn jwks(&self) -> &str {
        self.ports.tokens.jwks()
    }

    /// Waits until all messages in flight have been sent, and all refunds made.
    pub async fn finish(&self) {
        self.background.finish().await;
    }

    /// IP blocks of a client.
    pub(super) fn ip_block(&self, client: IpAddr) -> IpBlock {
        IpBlock::new(client, &self.policy.nat64, &self.keys.ip_block)
    }

    /// Active test number with this phone.
    pub(super) fn test_phone(&self, phone: &Phone) -> Option<&TestPhone> {
        self.policy.test_phones.of(phone, self.now())
    }

    /// Active test number of a ticket.
    pub(super) fn test_phone_of(&self, ticket: &Ticket) -> Option<&TestPhone> {
        self.policy.test_phones.by_phone_hash(ticket.phone_hash(), &self.keys.test_phone, self.now())
    }

    /// New proof-of-work challenge.
    pub(super) fn challenge(&self) -> Challenge {
        Challenge::new(&self.keys.proof, self.policy.proof.bits, self.now(), self.random())
    }

    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        self.ports.rng.bytes()
    }
}

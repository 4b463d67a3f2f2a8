//! Opening a session.

use super::tokens::{Tokens, tokens};
use crate::domain::device::DeviceToken;
use crate::domain::password::PasswordHash;
use crate::domain::session::{Device, Generation, NewSession, SessionId};
use crate::domain::user::{User, UserId};
use crate::flows::{Error, Service};
use crate::ports::Proof;

/// User who has signed in on a device.
pub struct SignedIn {
    pub user: User,
    pub tokens: Tokens,
    /// Proves later that a request comes from this device. The device keeps it when the session ends.
    pub device: DeviceToken,
}

pub(in crate::flows) struct Opened {
    pub session: NewSession,
    pub tokens: Tokens,
    pub device: DeviceToken,
}

pub(in crate::flows) fn new_session_id(service: &Service) -> SessionId {
    SessionId::new(service.now(), service.random())
}

/// Creates a session and its tokens, and stores nothing: if a token cannot be signed, no session must be stored.
pub(in crate::flows) fn open(
    service: &Service,
    user_id: UserId,
    id: SessionId,
    device: Device,
) -> Result<Opened, Error> {
    let now = service.now();
    let expires_at = now + service.policy.session.absolute;
    let (first, client_id) = (Generation { session: id, number: 0 }, device.client_id.as_ref());
    let tokens = tokens(service, user_id, first, expires_at, device.key.is_some(), client_id)?;
    let session = NewSession { id, user_id, device, created_at: now, expires_at };
    let device = DeviceToken::issue(&service.keys.device, session.device_since().0);
    Ok(Opened { session, tokens, device })
}

/// Signs an existing user in. Returns `None` if `proof` is no longer valid.
pub(in crate::flows) async fn sign_in(
    service: &Service,
    user: User,
    proof: &Proof,
    rehashed: Option<&PasswordHash>,
    device: Device,
) -> Result<Option<SignedIn>, Error> {
    let Opened { session, tokens, device } = open(service, user.id, new_session_id(service), device)?;
    let done = service.ports.users.sign_in(&session, proof, rehashed, &service.policy.session).await?;
    // A code has just proven the phone.
    let proven_at = if let Proof::Code { .. } = proof { session.created_at } else { user.phone_proven_at };
    Ok(done.then_some(SignedIn { user: User { phone_proven_at: proven_at, ..user }, tokens, device }))
}

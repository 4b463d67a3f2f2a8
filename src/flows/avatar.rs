//! Avatar upload permits. The picture goes from the client to the storage directly.

use super::error::Error;
use super::limits;
use super::service::Service;
use crate::domain::avatar::{AvatarName, AvatarSize, AvatarType, Permit, Upload};
use crate::domain::limits::Limit;
use crate::domain::user::{AvatarUrl, UserId};
use crate::ports::{Dependency, DependencyError};
use std::time::Duration;

/// Permitted upload.
pub struct Granted {
    pub permit: Permit,
    /// Address of the picture; the profile accepts it after the upload.
    pub public_url: AvatarUrl,
    pub expires_in: Duration,
}

/// Creates a permit for one picture under a new name. The profile does not change.
pub async fn permit(service: &Service, owner: UserId, kind: AvatarType, size: AvatarSize) -> Result<Granted, Error> {
    let (storage, base) = (service.ports.avatars.as_ref(), service.policy.avatar_base.as_ref());
    let (storage, base) = storage.zip(base).ok_or(Error::AvatarUploadsDisabled)?;
    limits::count_for_user(service, Limit::UserAvatarPermits, owner).await?;
    let ttl = service.policy.avatar.permit_ttl;
    let name = AvatarName::new(owner, kind, service.random());
    let public_url = name.url_below(base).map_err(|error| DependencyError::Broken {
        dependency: Dependency::AvatarStorage,
        reason: format!("no avatar URL below the public base: {}", error.code()),
    })?;
    let permit = storage.permit(&Upload { name, kind, size, ttl }, service.now());
    Ok(Granted { permit, public_url, expires_in: ttl })
}

//! Leave to upload a picture; the picture itself goes from the client to the storage.

use super::{Error, Service, limits};
use crate::domain::avatar::{AvatarName, AvatarSize, AvatarType, Permit, Upload};
use crate::domain::user::{AvatarUrl, UserId};
use crate::ports::{Dependency, DependencyError};
use std::time::Duration;

/// An upload that may be made.
pub struct Granted {
    pub permit: Permit,
    /// Where the picture will be seen: the profile takes it once the upload is done.
    pub public_url: AvatarUrl,
    pub expires_in: Duration,
}

/// A permit for one picture under a name of its own. The profile does not change.
pub async fn permit(service: &Service, owner: UserId, kind: AvatarType, size: AvatarSize) -> Result<Granted, Error> {
    let (storage, base) = (service.ports.avatars.as_ref(), service.policy.avatar_base.as_ref());
    let (storage, base) = storage.zip(base).ok_or(Error::AvatarUploadsDisabled)?;
    limits::count_avatar_permit(service, owner).await?;
    let life = service.policy.avatar.permit_life;
    let name = AvatarName::new(owner, kind, service.random());
    let public_url = name.url_below(base).map_err(|why| DependencyError::Broken {
        dependency: Dependency::AvatarStorage,
        reason: format!("no avatar URL below the public base: {}", why.code()),
    })?;
    let permit = storage.permit(&Upload { name, kind, size, life }, service.now());
    Ok(Granted { permit, public_url, expires_in: life })
}

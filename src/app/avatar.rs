//! Storage of avatars, if one is configured.

use crate::adapters::avatar::qiniu::Qiniu;
use crate::adapters::avatar::s3::{S3, StartError};
use crate::config::AvatarSettings;
use crate::ports::AvatarStorage;
use std::sync::Arc;

pub(super) fn storage(settings: &AvatarSettings) -> Result<Option<Arc<dyn AvatarStorage>>, StartError> {
    Ok(match settings {
        AvatarSettings::None => None,
        AvatarSettings::S3(settings) => Some(Arc::new(S3::new(settings.clone())?)),
        AvatarSettings::Qiniu(settings) => Some(Arc::new(Qiniu::new(settings.clone()))),
    })
}

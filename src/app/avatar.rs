//! Storage of avatars, if one is configured.

use crate::adapters::avatar::{qiniu, s3};
use crate::config::{AvatarSettings, QiniuSettings, S3Settings};
use crate::ports::AvatarStorage;
use std::error::Error;
use std::sync::Arc;

pub(super) fn storage(settings: &AvatarSettings) -> Result<Option<Arc<dyn AvatarStorage>>, Box<dyn Error>> {
    Ok(match settings {
        AvatarSettings::None => None,
        AvatarSettings::S3(settings) => Some(Arc::new(s3::S3::new(s3_settings(settings)?)?)),
        AvatarSettings::Qiniu(settings) => Some(Arc::new(qiniu::Qiniu::new(qiniu_settings(settings)?))),
    })
}

fn s3_settings(settings: &S3Settings) -> Result<s3::Settings, Box<dyn Error>> {
    Ok(s3::Settings {
        endpoint: settings.endpoint.parse()?,
        region: settings.region.clone(),
        bucket: settings.bucket.clone(),
        path_style: settings.path_style,
        access_key_id: settings.access_key_id.clone(),
        secret_access_key: settings.secret_access_key.clone(),
        prefix: settings.prefix.clone(),
    })
}

fn qiniu_settings(settings: &QiniuSettings) -> Result<qiniu::Settings, Box<dyn Error>> {
    Ok(qiniu::Settings {
        upload_url: settings.upload_url.parse()?,
        bucket: settings.bucket.clone(),
        access_key: settings.access_key.clone(),
        secret_key: settings.secret_key.clone(),
        prefix: settings.prefix.clone(),
    })
}

//! Qiniu object storage (Kodo): a form upload with an upload token.

use crate::config::QiniuSettings;
use crate::domain::avatar::{KeyPrefix, Permit, Upload};
use crate::ports::AvatarStorage;
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Serialize;
use url::Url;

pub struct Qiniu {
    upload_url: Url,
    bucket: String,
    access_key: String,
    key: hmac::Key,
    prefix: KeyPrefix,
}

impl Qiniu {
    /// Creates the adapter. It never opens a connection: it only signs.
    #[must_use]
    pub fn new(settings: QiniuSettings) -> Self {
        // Qiniu requires SHA-1. Its collisions do not affect HMAC.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, settings.secret_key.expose_secret().as_bytes());
        let QiniuSettings { upload_url, bucket, access_key, prefix, .. } = settings;
        Self { upload_url: upload_url.0, bucket, access_key, key, prefix }
    }

    /// Returns `AccessKey:signature:policy`, the last two in base64
    /// (<https://developer.qiniu.com/kodo/1208/upload-token>).
    fn token(&self, policy: &str) -> String {
        let policy = BASE64_URL_SAFE.encode(policy);
        let signature = BASE64_URL_SAFE.encode(hmac::sign(&self.key, policy.as_bytes()));
        format!("{}:{signature}:{policy}", self.access_key)
    }
}

/// Conditions of the upload (<https://developer.qiniu.com/kodo/1206/put-policy>).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PutPolicy<'a> {
    /// Bucket and key of the object.
    scope: String,
    /// Unix time by which the upload must be complete.
    deadline: i64,
    /// 1: an existing object is not overwritten.
    insert_only: u8,
    fsize_min: u32,
    fsize_limit: u32,
    /// 1: Qiniu detects the media type from the content and ignores the client's.
    detect_mime: u8,
    /// The only media type that Qiniu accepts.
    mime_limit: &'a str,
}

impl AvatarStorage for Qiniu {
    fn permit(&self, upload: &Upload, now: DateTime<Utc>) -> Permit {
        let key = self.prefix.key(&upload.name);
        let policy = PutPolicy {
            scope: format!("{}:{key}", self.bucket),
            deadline: (now + upload.ttl).timestamp(),
            insert_only: 1,
            fsize_min: upload.size.bytes(),
            fsize_limit: upload.size.bytes(),
            detect_mime: 1,
            mime_limit: upload.kind.media_type(),
        };
        // Strings and numbers always serialize to JSON. The storage would reject an empty policy.
        let token = self.token(&serde_json::to_string(&policy).unwrap_or_default());
        Permit::Form { url: self.upload_url.clone(), fields: vec![("token", token), ("key", key)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BaseUrl;
    use secrecy::SecretString;

    fn settings() -> QiniuSettings {
        QiniuSettings {
            upload_url: BaseUrl("https://up-z0.qiniup.com".parse().unwrap()),
            bucket: "my-bucket".to_owned(),
            access_key: "MY_ACCESS_KEY".to_owned(),
            secret_key: SecretString::from("MY_SECRET_KEY".to_owned()),
            prefix: KeyPrefix::default(),
        }
    }

    /// Uses the example of <https://developer.qiniu.com/kodo/1208/upload-token>.
    #[test]
    fn the_token_equals_the_manual_example() {
        let policy = concat!(
            r#"{"scope":"my-bucket:sunflower.jpg","deadline":1451491200,"returnBody":"{\"name\":$(fname),"#,
            r#"\"size\":$(fsize),\"w\":$(imageInfo.width),\"h\":$(imageInfo.height),\"hash\":$(etag)}"}"#,
        );
        let expected = "MY_ACCESS_KEY:wQ4ofysef1R7IKnrziqtomqyDvI=:eyJzY29wZSI6Im15LWJ1Y2tldDpzdW5mbG93ZXIuanBnIiwiZGV\
            hZGxpbmUiOjE0NTE0OTEyMDAsInJldHVybkJvZHkiOiJ7XCJuYW1lXCI6JChmbmFtZSksXCJzaXplXCI6JChmc2l6ZSksXCJ3XCI6JCh\
            pbWFnZUluZm8ud2lkdGgpLFwiaFwiOiQoaW1hZ2VJbmZvLmhlaWdodCksXCJoYXNoXCI6JChldGFnKX0ifQ==";
        assert_eq!(Qiniu::new(settings()).token(policy), expected);
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let text = format!("{:?}", settings());
        assert!(!text.contains("MY_SECRET_KEY"), "{text}");
    }
}

//! S3-compatible object storages (AWS, MinIO, R2, OSS, COS, Kodo's S3 gateway): a PUT with the signature in the query.

use crate::config::S3Settings;
use crate::domain::avatar::{KeyPrefix, Permit, Upload};
use crate::ports::AvatarStorage;
use chrono::{DateTime, Utc};
use jiff::Timestamp;
use rusty_s3::{Bucket, BucketError, Credentials, S3Action, UrlStyle};
use secrecy::ExposeSecret;

/// Reason why the adapter does not start.
#[derive(Debug, thiserror::Error)]
#[error("endpoint and bucket do not form a valid URL: {0} (path style may help)")]
pub struct StartError(BucketError);

pub struct S3 {
    bucket: Bucket,
    credentials: Credentials,
    prefix: KeyPrefix,
}

impl S3 {
    /// Creates the adapter. It never opens a connection: it only signs.
    pub fn new(settings: S3Settings) -> Result<Self, StartError> {
        let style = if settings.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        Ok(Self {
            bucket: Bucket::new(settings.endpoint.0, style, settings.bucket, settings.region).map_err(StartError)?,
            credentials: Credentials::new(settings.access_key_id, settings.secret_access_key.expose_secret()),
            prefix: settings.prefix,
        })
    }
}

impl AvatarStorage for S3 {
    /// Signs the headers for type and length: a request with another type or length has another signature, and a body
    /// of another length is not a valid request.
    fn permit(&self, upload: &Upload, now: DateTime<Utc>) -> Permit {
        let key = self.prefix.key(&upload.name);
        let headers = vec![
            ("Content-Type", upload.kind.media_type().to_owned()),
            ("Content-Length", upload.size.bytes().to_string()),
        ];
        let mut put = self.bucket.put_object(Some(&self.credentials), &key);
        for (name, value) in &headers {
            put.headers_mut().insert(name.to_ascii_lowercase(), value.clone());
        }
        Permit::Put { url: put.sign_with_time(upload.ttl, &timestamp(now)), headers }
    }
}

/// Converts the time for the signature. Years that only chrono supports become 1970: the permit is then expired.
fn timestamp(now: DateTime<Utc>) -> Timestamp {
    Timestamp::from_second(now.timestamp()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BaseUrl;
    use secrecy::SecretString;
    use std::time::Duration;

    fn settings(endpoint: &str, path_style: bool) -> S3Settings {
        S3Settings {
            endpoint: BaseUrl(endpoint.parse().unwrap()),
            region: "us-east-1".to_owned(),
            bucket: "examplebucket".to_owned(),
            path_style,
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: SecretString::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            prefix: KeyPrefix::default(),
        }
    }

    /// Uses the example of the S3 manual, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
    #[test]
    fn the_signature_equals_the_manual_example() {
        let s3 = S3::new(settings("https://s3.amazonaws.com", false)).unwrap();
        let now = timestamp("2013-05-24T00:00:00Z".parse().unwrap());
        let get = s3.bucket.get_object(Some(&s3.credentials), "test.txt");
        let url = get.sign_with_time(Duration::from_secs(86_400), &now);
        let expected = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
            &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
            &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(url.as_str(), expected);
    }

    #[test]
    fn the_bucket_is_in_the_host_or_in_the_path() {
        let base =
            |endpoint, path_style| S3::new(settings(endpoint, path_style)).map(|s3| s3.bucket.base_url().clone());
        for (endpoint, path_style, expected) in [
            ("https://s3.example.com", false, "https://examplebucket.s3.example.com/"),
            ("https://s3.example.com", true, "https://s3.example.com/examplebucket/"),
            ("http://127.0.0.1:9000/", true, "http://127.0.0.1:9000/examplebucket/"),
        ] {
            assert_eq!(base(endpoint, path_style).unwrap().as_str(), expected);
        }
        assert!(base("http://127.0.0.1:9000", false).is_err());
        assert!(base("ftp://s3.example.com", true).is_err());
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let s3 = S3::new(settings("https://s3.amazonaws.com", false)).unwrap();
        let text = format!("{:?} {:?}", s3.credentials, settings("https://s3.amazonaws.com", false));
        assert!(!text.contains("wJalr"), "{text}");
    }
}

//! `ports::AvatarStorage`: exactly the upload of a permit succeeds, over real HTTP, against servers that check requests
//! as the storage providers do.

use crate::support::storage::qiniu::{self, FakeQiniu};
use crate::support::storage::s3::{self, FakeS3};
use crate::support::storage::{Instructions, Object, Shelf, picture};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::adapters::avatar::qiniu::Qiniu;
use doorstep::adapters::avatar::s3::S3;
use doorstep::config::{BaseUrl, QiniuSettings, S3Settings};
use doorstep::domain::avatar::{AvatarName, AvatarSize, AvatarType, KeyPrefix, Upload};
use doorstep::domain::user::UserId;
use doorstep::ports::AvatarStorage;
use secrecy::SecretString;
use std::time::Duration;

fn now() -> DateTime<Utc> {
    "2026-11-20T23:55:00Z".parse().unwrap()
}

const LIFETIME: Duration = Duration::from_secs(600);
const SIZE: usize = 4_321;

fn prefix() -> KeyPrefix {
    KeyPrefix::parse("app/avatars/").unwrap()
}

fn bucket(fake: &FakeS3) -> S3Settings {
    S3Settings {
        endpoint: BaseUrl(fake.endpoint.clone()),
        region: s3::REGION.to_owned(),
        bucket: s3::BUCKET.to_owned(),
        path_style: true,
        access_key_id: s3::ACCESS_KEY_ID.to_owned(),
        secret_access_key: SecretString::from(s3::SECRET_ACCESS_KEY.to_owned()),
        prefix: prefix(),
    }
}

fn space(fake: &FakeQiniu) -> QiniuSettings {
    QiniuSettings {
        upload_url: BaseUrl(fake.upload_url.clone()),
        bucket: qiniu::BUCKET.to_owned(),
        access_key: qiniu::ACCESS_KEY.to_owned(),
        secret_key: SecretString::from(qiniu::SECRET_KEY.to_owned()),
        prefix: prefix(),
    }
}

fn s3(fake: &FakeS3) -> S3 {
    S3::new(bucket(fake)).unwrap()
}

fn qiniu(fake: &FakeQiniu) -> Qiniu {
    Qiniu::new(space(fake))
}

fn upload(kind: AvatarType, random: u8) -> Upload {
    let name = AvatarName::new(UserId::new(now(), [7; 10]), kind, [random; 16]);
    Upload { name, kind, size: AvatarSize::new(SIZE.try_into().unwrap(), u32::MAX).unwrap(), ttl: LIFETIME }
}

async fn status(permit: &Instructions, picture: &[u8]) -> u16 {
    permit.upload(picture).await.0.as_u16()
}

/// Tests the promises of every storage.
async fn assert_contract(storage: &dyn AvatarStorage, shelf: &Shelf) {
    for (random, kind) in (0..).zip(AvatarType::ALL) {
        let upload = upload(kind, random);
        let permit = Instructions::from(storage.permit(&upload, now()));
        let valid = picture(kind, SIZE);
        shelf.set_time(now());
        for invalid in [&valid[..SIZE - 1], &[&valid[..], b"."].concat(), b""] {
            assert_ne!(status(&permit, invalid).await, 200, "{} bytes", invalid.len());
        }
        shelf.set_time(now() + LIFETIME + TimeDelta::seconds(1));
        assert_ne!(status(&permit, &valid).await, 200, "the permit has expired");
        assert_eq!(shelf.len(), usize::from(random), "a rejected upload was stored");
        shelf.set_time(now() + LIFETIME);
        assert_eq!(status(&permit, &valid).await, 200);
        let stored = Object { content_type: kind.media_type().to_owned(), body: valid };
        assert_eq!(shelf.object(&prefix().key(&upload.name)), Some(stored));
    }
}

#[actix_web::test]
async fn s3_upholds_the_contract() {
    let fake = FakeS3::start(now());
    assert_contract(&s3(&fake), &fake.shelf).await;
}

#[actix_web::test]
async fn qiniu_upholds_the_contract() {
    let fake = FakeQiniu::start(now());
    assert_contract(&qiniu(&fake), &fake.shelf).await;
}

#[actix_web::test]
async fn a_put_is_bound_to_its_type_and_its_key() {
    let fake = FakeS3::start(now());
    let permit = Instructions::from(s3(&fake).permit(&upload(AvatarType::Png, 1), now()));
    assert_eq!((permit.method.as_str(), permit.form.len()), ("PUT", 0));
    assert_eq!(permit.headers["Content-Length"], SIZE.to_string());
    let picture = picture(AvatarType::Png, SIZE);
    for content_type in ["image/jpeg", "text/html", "image/png; charset=utf-8", "IMAGE/PNG"] {
        let mut other = permit.clone();
        other.headers.insert("Content-Type".to_owned(), content_type.to_owned());
        assert_eq!(status(&other, &picture).await, 403, "{content_type}");
    }
    let mut untyped = permit.clone();
    untyped.headers.remove("Content-Type");
    assert_eq!(status(&untyped, &picture).await, 403);
    for (from, to) in [
        (".png?", ".html?"),
        ("/app/avatars/", "/app/"),
        ("/pictures/", "/others/"),
        ("X-Amz-Expires=600", "X-Amz-Expires=6000"),
        ("20261120T235500Z", "20261120T235501Z"),
        ("content-length%3B", ""),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ] {
        let url = permit.url.replace(from, to);
        assert_ne!(url, permit.url, "{from}");
        assert_eq!(status(&Instructions { url, ..permit.clone() }, &picture).await, 403, "{to}");
    }
    assert_eq!(fake.shelf.len(), 0);
    assert_eq!(status(&permit, &picture).await, 200);
}

#[actix_web::test]
async fn a_form_is_bound_to_its_type_and_its_key() {
    let fake = FakeQiniu::start(now());
    let upload = upload(AvatarType::Webp, 1);
    let permit = Instructions::from(qiniu(&fake).permit(&upload, now()));
    assert_eq!((permit.method.as_str(), permit.headers.len()), ("POST", 0));
    assert_eq!(permit.form.keys().collect::<Vec<_>>(), ["key", "token"]);
    for kind in [AvatarType::Jpeg, AvatarType::Png] {
        assert_eq!(status(&permit, &picture(kind, SIZE)).await, 403, "{kind:?}");
    }
    assert_eq!(status(&permit, &[b'<'; SIZE]).await, 403);
    let valid = picture(AvatarType::Webp, SIZE);
    for (field, value, expected) in [("key", "app/avatars/other.webp", 403), ("token", "a:b:c", 401)] {
        let mut other = permit.clone();
        other.form.insert(field.to_owned(), value.to_owned());
        assert_eq!(status(&other, &valid).await, expected, "{field}");
    }
    assert_eq!(fake.shelf.len(), 0);
    assert_eq!(status(&permit, &valid).await, 200);
    assert_eq!(status(&permit, &valid).await, 614, "a second upload");
}

#[actix_web::test]
async fn a_permit_signed_with_another_secret_is_rejected() {
    let (s3_fake, qiniu_fake) = (FakeS3::start(now()), FakeQiniu::start(now()));
    let other = || SecretString::from("other".to_owned());
    let s3 = S3::new(S3Settings { secret_access_key: other(), ..bucket(&s3_fake) });
    let qiniu = Qiniu::new(QiniuSettings { secret_key: other(), ..space(&qiniu_fake) });
    let (upload, valid) = (upload(AvatarType::Jpeg, 1), picture(AvatarType::Jpeg, SIZE));
    assert_eq!(status(&s3.unwrap().permit(&upload, now()).into(), &valid).await, 403);
    assert_eq!(status(&qiniu.permit(&upload, now()).into(), &valid).await, 401);
}

/// Proves that the fake computes signatures as AWS does, so that the tests above are meaningful. The example is from
/// the S3 manual, "Authenticating Requests: Using Query Parameters".
#[test]
fn the_fake_computes_the_signature_of_the_s3_manual() {
    let query = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
        ("X-Amz-Date", "20130524T000000Z"),
        ("X-Amz-Expires", "86400"),
        ("X-Amz-SignedHeaders", "host"),
    ];
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let host = [("host".to_owned(), "examplebucket.s3.amazonaws.com".to_owned())];
    let signature = s3::signature("GET", "/test.txt", &query, &host, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    assert_eq!(signature, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

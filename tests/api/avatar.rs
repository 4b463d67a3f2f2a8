//! `POST /v1/me/avatar`: from the permit to the picture in the storage.

use crate::over_both_back_ends;
use crate::support::storage::qiniu::{self, FakeQiniu};
use crate::support::storage::s3::{self, FakeS3};
use crate::support::storage::{Instructions, Shelf, picture};
use crate::test_server::{Answer, BackEnds, TestServer, fresh_phone};
use chrono::DateTime;
use doorstep::domain::avatar::AvatarType;
use doorstep::domain::user::AvatarUrl;
use doorstep::ports::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

const PATH: &str = "/v1/me/avatar";
const BASE: &str = "https://cdn.example.com/avatars/";
const SIZE: usize = 2_000;

over_both_back_ends!(nothing_is_uploaded_without_a_storage, a_permit_needs_a_living_session);

async fn ask(server: &TestServer, token: &str, body: Value) -> Answer {
    server.send(server.request(Method::POST, PATH).bearer_auth(token).json(&body), PATH).await
}

fn png() -> Value {
    json!({"content_type": "image/png", "content_length": SIZE})
}

async fn nothing_is_uploaded_without_a_storage(server: TestServer) {
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    let refused = ask(&server, &token, png()).await;
    refused.assert_refused(404, "avatar_uploads_disabled");
}

async fn a_permit_needs_a_living_session(server: TestServer) {
    server.send(server.request(Method::POST, PATH).json(&png()), PATH).await.assert_refused(401, "token_missing");
    ask(&server, "nonsense", png()).await.assert_refused(401, "token_invalid");
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    server.advance(Duration::from_secs(900));
    ask(&server, &token, png()).await.assert_refused(401, "token_expired");
}

/// A house whose pictures go to a bucket of an S3.
async fn with_s3(back_ends: BackEnds, more: &[(&str, &str)]) -> (TestServer, FakeS3) {
    let fake = FakeS3::start(DateTime::UNIX_EPOCH);
    let settings = [
        ("AVATAR_STORAGE", "s3"),
        ("AVATAR_BASE_URL", BASE),
        ("AVATAR_PREFIX", "avatars/"),
        ("AVATAR_S3_ENDPOINT", fake.endpoint.as_str()),
        ("AVATAR_S3_REGION", s3::REGION),
        ("AVATAR_S3_BUCKET", s3::BUCKET),
        ("AVATAR_S3_PATH_STYLE", "true"),
        ("AVATAR_S3_ACCESS_KEY_ID", s3::ACCESS_KEY_ID),
        ("AVATAR_S3_SECRET_ACCESS_KEY", s3::SECRET_ACCESS_KEY),
    ];
    (TestServer::with(back_ends, &[&settings, more].concat()).await, fake)
}

/// A house whose pictures go to a bucket of Qiniu, without a prefix.
async fn with_qiniu(back_ends: BackEnds) -> (TestServer, FakeQiniu) {
    let fake = FakeQiniu::start(DateTime::UNIX_EPOCH);
    let settings = [
        ("AVATAR_STORAGE", "qiniu"),
        ("AVATAR_BASE_URL", BASE),
        ("AVATAR_QINIU_UPLOAD_URL", fake.upload_url.as_str()),
        ("AVATAR_QINIU_BUCKET", qiniu::BUCKET),
        ("AVATAR_QINIU_ACCESS_KEY", qiniu::ACCESS_KEY),
        ("AVATAR_QINIU_SECRET_KEY", qiniu::SECRET_KEY),
    ];
    (TestServer::with(back_ends, &settings).await, fake)
}

/// Asks for a permit, uploads with it, and finds the picture under the public URL's name; then it is too late.
async fn uploads(server: &TestServer, shelf: &Shelf, prefix: &str, method: &str) {
    let signed_in = server.sign_up(&fresh_phone()).await;
    let owner = signed_in.body["user"]["id"].as_str().unwrap();
    let granted = ask(server, &signed_in.text("access_token"), png()).await;
    assert_eq!((granted.status.as_u16(), granted.number("expires_in")), (200, 600), "{granted:?}");
    assert_eq!(
        (granted.text("method").as_str(), &granted.headers["cache-control"]),
        (method, &"no-store".parse().unwrap())
    );
    let public_url = granted.text("public_url");
    assert!(AvatarUrl::parse(&public_url, Some(&Url::parse(BASE).unwrap())).is_ok(), "{public_url}");
    let file = public_url.strip_prefix(&format!("{BASE}{owner}/")).unwrap().strip_suffix(".png").unwrap();
    assert_eq!(file.len(), 22);
    let permit: Instructions = serde_json::from_value(granted.body).unwrap();
    let picture = picture(AvatarType::Png, SIZE);
    server.advance(Duration::from_secs(601));
    shelf.set_time(server.clock.now());
    assert_ne!(permit.upload(&picture).await.0.as_u16(), 200, "late");
    shelf.set_time(server.clock.now() - Duration::from_secs(2));
    assert_ne!(permit.upload(&picture[1..]).await.0.as_u16(), 200, "another size");
    assert_eq!(shelf.len(), 0);
    assert_eq!(permit.upload(&picture).await.0.as_u16(), 200);
    let kept = shelf.object(&format!("{prefix}{owner}/{file}.png")).unwrap();
    assert_eq!((kept.content_type.as_str(), kept.body), ("image/png", picture));
}

#[actix_web::test]
async fn a_picture_goes_to_s3_embedded() {
    let (server, fake) = with_s3(BackEnds::Embedded, &[]).await;
    uploads(&server, &fake.shelf, "avatars/", "PUT").await;
}

#[actix_web::test]
async fn a_picture_goes_to_s3_real() {
    let (server, fake) = with_s3(BackEnds::Real, &[]).await;
    uploads(&server, &fake.shelf, "avatars/", "PUT").await;
}

#[actix_web::test]
async fn a_picture_goes_to_qiniu_embedded() {
    let (server, fake) = with_qiniu(BackEnds::Embedded).await;
    uploads(&server, &fake.shelf, "", "POST").await;
}

#[actix_web::test]
async fn a_picture_goes_to_qiniu_real() {
    let (server, fake) = with_qiniu(BackEnds::Real).await;
    uploads(&server, &fake.shelf, "", "POST").await;
}

#[actix_web::test]
async fn a_picture_is_a_picture_of_a_bounded_size() {
    let (server, _fake) = with_s3(BackEnds::Embedded, &[("AVATAR_MAX_BYTES", "1024")]).await;
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    let with = |content_type: &str, length: Value| {
        ask(&server, &token, json!({"content_type": content_type, "content_length": length}))
    };
    for content_type in ["image/gif", "image/svg+xml", "text/html", "IMAGE/PNG", "image/png; x", ""] {
        let refused = with(content_type, json!(1)).await;
        refused.assert_field(422, "validation_failed", "content_type", "not_allowed");
        assert_eq!(refused.body["errors"].as_array().unwrap().len(), 1);
    }
    for length in [0, -1, 1_025, i64::MAX] {
        let refused = with("image/png", json!(length)).await;
        refused.assert_field(422, "validation_failed", "content_length", "out_of_range");
        assert_eq!(refused.body["errors"].as_array().unwrap().len(), 1);
    }
    let refused = with("image/gif", json!(0)).await;
    refused.assert_field(422, "validation_failed", "content_type", "not_allowed");
    refused.assert_field(422, "validation_failed", "content_length", "out_of_range");
    for length in [json!("1"), json!(1.5), json!(null), json!(1e30)] {
        with("image/png", length).await.assert_field(400, "malformed_request", "content_length", "invalid_type");
    }
    ask(&server, &token, json!({"content_type": "image/png"})).await.assert_refused(400, "malformed_request");
    for length in [1, 1_024] {
        let granted = with("image/webp", json!(length)).await;
        assert_eq!(
            granted.body["headers"],
            json!({"Content-Type": "image/webp", "Content-Length": length.to_string()})
        );
    }
}

/// Two permits never meet, and an account gets so many in an hour.
async fn permits_are_different_and_counted(back_ends: BackEnds) {
    let (server, _fake) = with_qiniu(back_ends).await;
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    let mut keys = std::collections::HashSet::new();
    for _ in 0..20 {
        let granted = ask(&server, &token, png()).await;
        assert!(keys.insert(granted.body["form"]["key"].to_string()), "{granted:?}");
    }
    ask(&server, &token, png()).await.assert_refused(429, "too_many_requests");
    let other = server.sign_up(&fresh_phone()).await.text("access_token");
    assert_eq!(ask(&server, &other, png()).await.status.as_u16(), 200);
}

#[actix_web::test]
async fn permits_are_different_and_counted_embedded() {
    permits_are_different_and_counted(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn permits_are_different_and_counted_real() {
    permits_are_different_and_counted(BackEnds::Real).await;
}

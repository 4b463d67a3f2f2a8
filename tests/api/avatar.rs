//! `POST /v1/me/avatar`: from the permit to the image in the storage.

use crate::server_tests;
use crate::support::storage::qiniu::{self, FakeQiniu};
use crate::support::storage::s3::{self, FakeS3};
use crate::support::storage::{Instructions, Shelf, picture};
use crate::test_server::{BackEnds, Response, TestServer, fresh_phone};
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

server_tests!(uploads_are_disabled_without_a_storage, a_permit_requires_a_valid_access_token);

async fn request_permit(server: &TestServer, token: &str, body: Value) -> Response {
    server.send(server.request(Method::POST, PATH).bearer_auth(token).json(&body), PATH).await
}

fn png() -> Value {
    json!({"content_type": "image/png", "content_length": SIZE})
}

async fn uploads_are_disabled_without_a_storage(server: TestServer) {
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    let rejected = request_permit(&server, &token, png()).await;
    rejected.assert_error(404, "avatar_uploads_disabled");
}

async fn a_permit_requires_a_valid_access_token(server: TestServer) {
    server.send(server.request(Method::POST, PATH).json(&png()), PATH).await.assert_error(401, "token_missing");
    request_permit(&server, "nonsense", png()).await.assert_error(401, "token_invalid");
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    server.advance(Duration::from_secs(900));
    request_permit(&server, &token, png()).await.assert_error(401, "token_expired");
}

/// Starts a service that stores avatars in an S3 bucket.
async fn server_with_s3(back_ends: BackEnds, more: &[(&str, &str)]) -> (TestServer, FakeS3) {
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

/// Starts a service that stores avatars in a Qiniu bucket, without a prefix.
async fn server_with_qiniu(back_ends: BackEnds) -> (TestServer, FakeQiniu) {
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

/// Requests a permit and uploads an image with it: too late, with the wrong size, and correctly. Checks that the image
/// is stored under the name in the public URL.
async fn assert_upload(server: &TestServer, shelf: &Shelf, prefix: &str, method: &str) {
    let signed_in = server.sign_up(&fresh_phone()).await;
    let owner = signed_in.body["user"]["id"].as_str().unwrap();
    let permit = request_permit(server, &signed_in.text("access_token"), png()).await;
    assert_eq!((permit.status.as_u16(), permit.number("expires_in")), (200, 600), "{permit:?}");
    assert_eq!(
        (permit.text("method").as_str(), &permit.headers["cache-control"]),
        (method, &"no-store".parse().unwrap())
    );
    let public_url = permit.text("public_url");
    assert!(AvatarUrl::parse(&public_url, Some(&Url::parse(BASE).unwrap())).is_ok(), "{public_url}");
    let file = public_url.strip_prefix(&format!("{BASE}{owner}/")).unwrap().strip_suffix(".png").unwrap();
    assert_eq!(file.len(), 22);
    let instructions: Instructions = serde_json::from_value(permit.body).unwrap();
    let picture = picture(AvatarType::Png, SIZE);
    server.advance(Duration::from_secs(601));
    shelf.set_time(server.clock.now());
    assert_ne!(instructions.upload(&picture).await.0.as_u16(), 200, "an expired permit is accepted");
    shelf.set_time(server.clock.now() - Duration::from_secs(2));
    assert_ne!(instructions.upload(&picture[1..]).await.0.as_u16(), 200, "another size is accepted");
    assert_eq!(shelf.len(), 0);
    assert_eq!(instructions.upload(&picture).await.0.as_u16(), 200);
    let stored = shelf.object(&format!("{prefix}{owner}/{file}.png")).unwrap();
    assert_eq!((stored.content_type.as_str(), stored.body), ("image/png", picture));
}

#[actix_web::test]
async fn a_permit_uploads_an_avatar_to_s3_embedded() {
    let (server, fake) = server_with_s3(BackEnds::Embedded, &[]).await;
    assert_upload(&server, &fake.shelf, "avatars/", "PUT").await;
}

#[actix_web::test]
async fn a_permit_uploads_an_avatar_to_s3_real() {
    let (server, fake) = server_with_s3(BackEnds::Real, &[]).await;
    assert_upload(&server, &fake.shelf, "avatars/", "PUT").await;
}

#[actix_web::test]
async fn a_permit_uploads_an_avatar_to_qiniu_embedded() {
    let (server, fake) = server_with_qiniu(BackEnds::Embedded).await;
    assert_upload(&server, &fake.shelf, "", "POST").await;
}

#[actix_web::test]
async fn a_permit_uploads_an_avatar_to_qiniu_real() {
    let (server, fake) = server_with_qiniu(BackEnds::Real).await;
    assert_upload(&server, &fake.shelf, "", "POST").await;
}

#[actix_web::test]
async fn content_type_and_content_length_are_validated() {
    let (server, _fake) = server_with_s3(BackEnds::Embedded, &[("AVATAR_MAX_BYTES", "1024")]).await;
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    let permit_for = |content_type: &str, length: Value| {
        request_permit(&server, &token, json!({"content_type": content_type, "content_length": length}))
    };
    for content_type in ["image/gif", "image/svg+xml", "text/html", "IMAGE/PNG", "image/png; x", ""] {
        let rejected = permit_for(content_type, json!(1)).await;
        rejected.assert_field_error(422, "validation_failed", "content_type", "not_allowed");
        assert_eq!(rejected.body["errors"].as_array().unwrap().len(), 1);
    }
    for length in [0, -1, 1_025, i64::MAX] {
        let rejected = permit_for("image/png", json!(length)).await;
        rejected.assert_field_error(422, "validation_failed", "content_length", "out_of_range");
        assert_eq!(rejected.body["errors"].as_array().unwrap().len(), 1);
    }
    let rejected = permit_for("image/gif", json!(0)).await;
    rejected.assert_field_error(422, "validation_failed", "content_type", "not_allowed");
    rejected.assert_field_error(422, "validation_failed", "content_length", "out_of_range");
    for length in [json!("1"), json!(1.5), json!(null), json!(1e30)] {
        permit_for("image/png", length).await.assert_field_error(
            400,
            "malformed_request",
            "content_length",
            "invalid_type",
        );
    }
    request_permit(&server, &token, json!({"content_type": "image/png"})).await.assert_error(400, "malformed_request");
    for length in [1, 1_024] {
        let permit = permit_for("image/webp", json!(length)).await;
        assert_eq!(permit.body["headers"], json!({"Content-Type": "image/webp", "Content-Length": length.to_string()}));
    }
}

/// Each permit has another key, and a user gets 20 permits an hour.
async fn permits_are_unique_and_limited_per_user(back_ends: BackEnds) {
    let (server, _fake) = server_with_qiniu(back_ends).await;
    let token = server.sign_up(&fresh_phone()).await.text("access_token");
    let mut keys = std::collections::HashSet::new();
    for _ in 0..20 {
        let permit = request_permit(&server, &token, png()).await;
        assert!(keys.insert(permit.body["form"]["key"].to_string()), "{permit:?}");
    }
    request_permit(&server, &token, png()).await.assert_error(429, "too_many_requests");
    let other = server.sign_up(&fresh_phone()).await.text("access_token");
    assert_eq!(request_permit(&server, &other, png()).await.status.as_u16(), 200);
}

#[actix_web::test]
async fn permits_are_unique_and_limited_per_user_embedded() {
    permits_are_unique_and_limited_per_user(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn permits_are_unique_and_limited_per_user_real() {
    permits_are_unique_and_limited_per_user(BackEnds::Real).await;
}

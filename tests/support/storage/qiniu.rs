//! Fake Qiniu with one bucket, one key pair and the form upload (<https://developer.qiniu.com/kodo/1312/upload>). It
//! checks an upload against the policy in the token.

use super::{Object, Shelf};
use crate::support::fake_server::FakeServer;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

pub const BUCKET: &str = "pictures-cn";
pub const ACCESS_KEY: &str = "4_odedBxmrAHiu4Y0Qp0HPG0NANCf6VAsAjWL_kO";
pub const SECRET_KEY: &str = "SrRuUVfDX6drVRvpyN8mv8Vcm9XnMZzlbDfvVfMe";

pub struct FakeQiniu {
    pub upload_url: Url,
    pub shelf: Arc<Shelf>,
    _server: FakeServer,
}

impl FakeQiniu {
    pub fn start(now: DateTime<Utc>) -> Self {
        let shelf = Arc::new(Shelf::new(now));
        let shared = web::Data::from(Arc::clone(&shelf));
        let served = FakeServer::start(move |routes| {
            routes.app_data(shared.clone()).route("/", web::post().to(upload));
        });
        Self { upload_url: served.url.clone(), shelf, _server: served }
    }
}

/// Policy in a token. Other fields are rejected, because doorstep does not use them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PutPolicy {
    scope: String,
    deadline: i64,
    #[serde(default)]
    insert_only: u8,
    #[serde(default)]
    fsize_min: usize,
    #[serde(default = "no_limit")]
    fsize_limit: usize,
    #[serde(default)]
    detect_mime: i8,
    mime_limit: Option<String>,
}

const fn no_limit() -> usize {
    usize::MAX
}

/// HTTP status and error text.
type Rejection = (u16, &'static str);

async fn upload(request: HttpRequest, body: Bytes, shelf: web::Data<Shelf>) -> HttpResponse {
    let media_type = request.headers().get("content-type").unwrap().to_str().unwrap();
    let boundary = media_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    match accept(&parts(&body, boundary), &shelf) {
        Ok(key) => HttpResponse::Ok().json(json!({ "key": key, "hash": "FvnDEnGu6pjzxxxc5d6IlNMrbDnH" })),
        Err((status, error)) => {
            HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(json!({ "error": error }))
        }
    }
}

fn accept(parts: &HashMap<String, Vec<u8>>, shelf: &Shelf) -> Result<String, Rejection> {
    let text = |name: &str| Some(String::from_utf8(parts.get(name)?.clone()).unwrap());
    let policy = check_token(&text("token").ok_or((400, "token not specified"))?)?;
    let (key, file) = (text("key").unwrap_or_default(), parts.get("file").ok_or((400, "file is not specified"))?);
    let detected = detect(file, &key);
    // Qiniu checks the deadline when the file is complete.
    if shelf.now().timestamp() > policy.deadline {
        Err((401, "expired token"))
    } else if policy.scope != format!("{BUCKET}:{key}") {
        Err((403, "key doesn't match with scope"))
    } else if file.len() > policy.fsize_limit {
        Err((413, "exceed FsizeLimit"))
    } else if file.len() < policy.fsize_min {
        Err((403, "file size is less than FsizeMin"))
    } else if policy.detect_mime == 1 && policy.mime_limit.is_some_and(|limit| limit != detected) {
        Err((403, "limited mimeType: this file type is forbidden to upload"))
    } else if policy.insert_only != 0 && shelf.object(&key).is_some() {
        Err((614, "file exists"))
    } else {
        shelf.put(&key, Object { content_type: detected.to_owned(), body: file.clone() });
        Ok(key)
    }
}

/// Checks a token of the form `AccessKey:signature:policy` and returns its policy.
fn check_token(token: &str) -> Result<PutPolicy, Rejection> {
    let bad = (401, "bad token");
    let [access_key, signature, policy]: [&str; 3] =
        token.split(':').collect::<Vec<_>>().try_into().map_err(|_| bad)?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET_KEY.as_bytes());
    let signature = BASE64_URL_SAFE.decode(signature).map_err(|_| bad)?;
    hmac::verify(&key, policy.as_bytes(), &signature).map_err(|_| bad)?;
    let policy = BASE64_URL_SAFE.decode(policy).map_err(|_| bad)?;
    serde_json::from_slice(&policy).ok().filter(|_| access_key == ACCESS_KEY).ok_or(bad)
}

/// Detects the type by the content, and then by the end of the key. The type that the client names is ignored.
fn detect(file: &[u8], key: &str) -> &'static str {
    match file {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        text if text.is_ascii() => "text/plain",
        _ if key.ends_with(".jpg") => "image/jpeg",
        _ if key.ends_with(".png") => "image/png",
        _ if key.ends_with(".webp") => "image/webp",
        _ => "application/octet-stream",
    }
}

/// Parts of a multipart form by name (RFC 7578).
fn parts(body: &[u8], boundary: &str) -> HashMap<String, Vec<u8>> {
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = [b"\r\n", body].concat();
    let mut found = HashMap::new();
    rest.drain(..find(&rest, delimiter.as_bytes()).unwrap() + delimiter.len());
    while let Some(end) = find(&rest, delimiter.as_bytes()) {
        let part = rest[..end].to_vec();
        let head_end = find(&part, b"\r\n\r\n").unwrap();
        let head = String::from_utf8(part[..head_end].to_vec()).unwrap();
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        found.insert(name.to_owned(), part[head_end + 4..].to_vec());
        rest.drain(..end + delimiter.len());
    }
    found
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

//! Fake S3 with one bucket, one key pair and `PutObject` with the signature in the query. It computes the signature
//! from the received request, with the steps of the S3 manual ("Authenticating Requests: Using Query Parameters").

use super::{Object, Shelf};
use crate::support::fake_server::FakeServer;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::{digest, hmac};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use std::fmt::Write;
use std::sync::Arc;
use url::{Url, form_urlencoded};

pub const BUCKET: &str = "pictures";
pub const REGION: &str = "eu-central-1";
pub const ACCESS_KEY_ID: &str = "AKIAI44QH8DHBEXAMPLE";
pub const SECRET_ACCESS_KEY: &str = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY";

/// Fake S3 with path-style URLs: the bucket is the first segment of the path.
pub struct FakeS3 {
    pub endpoint: Url,
    pub shelf: Arc<Shelf>,
    _server: FakeServer,
}

impl FakeS3 {
    pub fn start(now: DateTime<Utc>) -> Self {
        let shelf = Arc::new(Shelf::new(now));
        let shared = web::Data::from(Arc::clone(&shelf));
        let served = FakeServer::start(move |routes| {
            routes.app_data(shared.clone()).route("/{bucket}/{key:.*}", web::put().to(put_object));
        });
        Self { endpoint: served.url.clone(), shelf, _server: served }
    }
}

/// HTTP status and S3 error code.
type Rejection = (u16, &'static str);

async fn put_object(request: HttpRequest, body: Bytes, shelf: web::Data<Shelf>) -> HttpResponse {
    if let Err((status, code)) = check(&request, &shelf) {
        return HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(format!("<Code>{code}</Code>"));
    }
    let content_type = header(&request, "content-type").unwrap_or_else(|| "binary/octet-stream".to_owned());
    shelf.put(&request.match_info()["key"], Object { content_type, body: body.to_vec() });
    HttpResponse::Ok().finish()
}

fn check(request: &HttpRequest, shelf: &Shelf) -> Result<(), Rejection> {
    let query: Vec<(String, String)> = form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    let parameter = |name: &str| {
        let mut values = query.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none()).ok_or((400, "AuthorizationQueryParametersError"))
    };
    if parameter("X-Amz-Algorithm")? != "AWS4-HMAC-SHA256" {
        return Err((400, "AuthorizationQueryParametersError"));
    }
    let date = parameter("X-Amz-Date")?;
    if parameter("X-Amz-Credential")? != format!("{ACCESS_KEY_ID}/{}/{REGION}/s3/aws4_request", &date[..8]) {
        return Err((403, "InvalidAccessKeyId"));
    }
    check_time(date, parameter("X-Amz-Expires")?, shelf.now())?;
    let names = parameter("X-Amz-SignedHeaders")?.split(';');
    let headers: Option<Vec<_>> = names.map(|name| Some((name.to_owned(), header(request, name)?))).collect();
    let headers = headers.ok_or((403, "SignatureDoesNotMatch"))?;
    let signed: Vec<_> = query.iter().filter(|(name, _)| name != "X-Amz-Signature").cloned().collect();
    let expected = signature(request.method().as_str(), request.uri().path(), &signed, &headers, SECRET_ACCESS_KEY);
    if parameter("X-Amz-Signature")? != expected || !headers.iter().any(|(name, _)| name == "host") {
        return Err((403, "SignatureDoesNotMatch"));
    }
    if &request.match_info()["bucket"] != BUCKET { Err((404, "NoSuchBucket")) } else { Ok(()) }
}

/// Checks the time of a request: from 15 minutes before its date to its expiry.
fn check_time(date: &str, expires: &str, now: DateTime<Utc>) -> Result<(), Rejection> {
    let signed = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").map_err(|_| (403, "AccessDenied"))?.and_utc();
    let lifetime = expires.parse().ok().filter(|seconds| (1..=604_800).contains(seconds)).map(TimeDelta::seconds);
    let lifetime = lifetime.ok_or((400, "AuthorizationQueryParametersError"))?;
    let expected = signed - TimeDelta::minutes(15)..=signed + lifetime;
    if expected.contains(&now) { Ok(()) } else { Err((403, "AccessDenied")) }
}

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().unwrap().trim().to_owned())
}

/// Computes the signature of a request with an unsigned body. Date and region are in the query. The headers are sorted
/// by name.
pub fn signature(
    method: &str,
    path: &str,
    query: &[(String, String)],
    headers: &[(String, String)],
    secret: &str,
) -> String {
    let parameter =
        |name: &str| query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str()).unwrap();
    let mut pairs: Vec<_> = query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.sort();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let canonical = format!("{method}\n{path}\n{}\n{lines}\n{}\nUNSIGNED-PAYLOAD", pairs.join("&"), names.join(";"));
    let (_, scope) = parameter("X-Amz-Credential").split_once('/').unwrap();
    let digest = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{digest}", parameter("X-Amz-Date"));
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    hex(&mac(&key, &text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Percent-encodes everything except the unreserved characters (RFC 3986).
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => write!(encoded, "%{byte:02X}").unwrap(),
        }
        encoded
    })
}
